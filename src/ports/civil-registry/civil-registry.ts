import type { RegistryTrouble, RegistryVerdict } from '../../domain/identity.ts';
import type { Nik } from '../../domain/nik.ts';
import type { PersonName } from '../../domain/name.ts';
import type { Sensitive } from '../../domain/sensitive.ts';

/** What a person says of themselves. The mother's name lives only in the one call that carries this. */
export interface IdentityClaim {
  readonly nik: Sensitive<Nik>;
  readonly name: Sensitive<PersonName>;
  readonly motherName: Sensitive<PersonName>;
}

export type { RegistryTrouble, RegistryVerdict };

export interface RegistryAnswer {
  readonly verdict: RegistryVerdict;
  /** The response code of the registry, two digits, where it gave one. */
  readonly responseCode?: string;
  /** Our own reference of the call, for the evidence row. */
  readonly reference: string;
  readonly durationMs: number;
}

export class RegistryUnavailable extends Error {
  readonly code = 'REGISTRY_UNAVAILABLE';
  readonly trouble: RegistryTrouble;
  readonly responseCode: string | undefined;
  /** Whether the question may have reached the registry: then it has cost a call. */
  readonly wasAsked: boolean;

  constructor(trouble: RegistryTrouble, options: { cause?: unknown; responseCode?: string; wasAsked?: boolean } = {}) {
    super(`civil registry gave no answer: ${trouble}`, { cause: options.cause });
    this.trouble = trouble;
    this.responseCode = options.responseCode;
    this.wasAsked = options.wasAsked ?? trouble !== 'circuit-open';
  }
}

export interface RegistryHealth {
  /** False while the circuit is open: the form says so before anything is typed. */
  readonly available: boolean;
  /** When a call may be tried again, while not available. */
  readonly retryAt?: Date;
}

export interface CivilRegistry {
  /**
   * Asks the civil registry whether the claimed elements agree with its record of one person.
   *
   * @param claim   NIK (16 digits, parsed), full name and mother's name; the mother's name lives only in this call.
   * @param signal  aborts the call; the implementation adds its own limit (`dukcapil.timeoutMs`).
   * @returns       a verdict about the person.
   * @throws        {RegistryUnavailable} time-out, quota, 5xx or unreadable answer: the person did nothing wrong;
   *                the reason of `signal` where the caller gave up.
   * Source: docs/civil-registry.md, "Verify by element".
   */
  verify(claim: IdentityClaim, signal?: AbortSignal): Promise<RegistryAnswer>;
  health(): RegistryHealth;
  close(): Promise<void>;
}
