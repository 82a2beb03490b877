import type { Citizen } from '../support/citizens.ts';

/** One answer, or the lack of one (0), as a citizen or a service saw it. */
export interface Seen {
  readonly at: number;
  readonly status: number;
  readonly ms: number;
  readonly where: string;
}

/** A citizen on the way from a service and back. */
export interface Journey {
  readonly kind: 'registration' | 'sign-in';
  readonly citizen: Citizen;
  /** Forms filled, by name; more than one of a kind means typing again. */
  readonly typed: Record<string, number>;
  /** How often the citizen had to go back to the service and begin again. */
  begunAgain: number;
  /** How often a page was loaded or a form sent once more, as a browser does it without typing. */
  reloads: number;
  longestWaitMs: number;
  longestWaitForCodeMs: number;
  /** Where it got stuck; undefined while under way and when it succeeded. */
  stuck?: string;
  finished: boolean;
}

/** What was seen and what was promised, for the report and for the checker. */
export class Ledger {
  readonly seen: Seen[] = [];
  readonly journeys: Journey[] = [];
  /** Who was told to have an account: nothing of that may get lost. */
  readonly registered: Citizen[] = [];
  /** Codes of sign-ins that gave tokens more than once. */
  readonly takenTwice: string[] = [];
  /** Tokens whose revocation was confirmed. */
  readonly revoked: string[] = [];

  begin(kind: Journey['kind'], citizen: Citizen): Journey {
    const journey: Journey = {
      kind,
      citizen,
      typed: {},
      begunAgain: 0,
      reloads: 0,
      longestWaitMs: 0,
      longestWaitForCodeMs: 0,
      finished: false,
    };
    this.journeys.push(journey);
    return journey;
  }
}
