import type { Config } from '../../config.ts';
import { judgeAnswer, normaliseForRegistry, readQuota, thresholdToSend, type Finding } from '../../domain/identity.ts';
import type { LoggedEvent } from '../../domain/log-event.ts';
import { inSpan } from '../../telemetry/trace.ts';
import type { Clock } from '../clock/clock.ts';
import type { Random } from '../random/random.ts';
import { createCircuit } from './circuit.ts';
import {
  RegistryUnavailable,
  type CivilRegistry,
  type IdentityClaim,
  type RegistryTrouble,
  type RegistryVerdict,
} from './civil-registry.ts';
import { createPlaces } from './places.ts';
import { createTransport } from './transport.ts';

/** What is known of one call, for metrics and logs: nothing of the person in it. */
export interface RegistryCall {
  readonly outcome: RegistryVerdict | RegistryTrouble;
  readonly responseCode: string | undefined;
  /** Why there was no answer: an error code of the connection or `HTTP_503`. */
  readonly reason: string | undefined;
  readonly reference: string;
  readonly durationMs: number;
  /** Passed on as a gauge; whether it counts calls left or calls made is not known, so nothing may depend on it. */
  readonly quotaLimiter: number | undefined;
}

/** The part of a pino logger that is used. */
export interface RegistryLog {
  info(fields: LoggedEvent, message: string): void;
  warn(fields: LoggedEvent, message: string): void;
}

export interface DukcapilOptions {
  readonly config: Config['dukcapil'];
  /** Base address of the service: `config.url`, or that of the simulator. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: RegistryLog;
  readonly onAnswer?: (call: RegistryCall) => void;
}

function bodyOf(claim: IdentityClaim, config: Config['dukcapil']): string {
  const [userKey, passwordKey] =
    config.keyStyle === 'mixed' ? (['user_id', 'password'] as const) : (['USER_ID', 'PASSWORD'] as const);
  return JSON.stringify({
    [userKey]: config.userId,
    [passwordKey]: config.password,
    IP_USER: config.ip,
    // Spelt so on the wire.
    TRESHOLD: String(thresholdToSend(config)),
    NIK: claim.nik.reveal(),
    NAMA_LGKP: normaliseForRegistry(claim.name.reveal()),
    NAMA_LGKP_IBU: normaliseForRegistry(claim.motherName.reveal()),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the answer, so it is not kept as cause.
    throw new RegistryUnavailable('protocol', { cause: new Error('BROKEN_JSON') });
  }
}

/** Settles with the promise, or rejects with the signal's reason as soon as the caller gives up. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', giveUp, { once: true });
  return Promise.race([promise, aborted]).finally(() => {
    signal.removeEventListener('abort', giveUp);
  });
}

/**
 * The client of Dukcapil's "verify by element": bounded in time, size and number, behind a circuit breaker, and
 * failing closed.
 *
 * @throws {Error} at once for a setting that cannot work: plain http beyond loopback, https without `config.ca`.
 * Source: docs/civil-registry.md.
 */
export function createDukcapilRegistry({ config, url, clock, random, log, onAnswer }: DukcapilOptions): CivilRegistry {
  const transport = createTransport(url, config);
  const places = createPlaces({ count: config.maxConcurrent, waitMs: config.queueWaitMs });
  const circuit = createCircuit({
    failures: config.breakerFailures,
    windowMs: config.breakerWindowMs,
    openMs: config.breakerOpenMs,
    probeMs: config.timeoutMs,
    clock,
    onChange: (change) => {
      log?.warn({ event: `registry.circuit.${change}` }, `civil registry: circuit ${change}`);
    },
  });

  return {
    async verify(claim, signal) {
      signal?.throwIfAborted();
      const reference = random.uuid();
      const startedAt = clock.now().getTime();
      let quotaLimiter: number | undefined;

      const report = (
        level: 'info' | 'warn',
        outcome: RegistryCall['outcome'],
        responseCode?: string,
        reason?: string,
      ): RegistryCall => {
        const call = {
          outcome,
          responseCode,
          reason,
          reference,
          durationMs: clock.now().getTime() - startedAt,
          quotaLimiter,
        };
        log?.[level]({ event: 'registry.answered', ...call }, 'civil registry: call ended');
        onAnswer?.(call);
        return call;
      };

      const ask = async (callSignal: AbortSignal | undefined): Promise<Finding> => {
        const answer = parseJson(await transport.post(bodyOf(claim, config), callSignal));
        quotaLimiter = readQuota(answer);
        const judged = judgeAnswer(answer, config);
        if (judged.ok) return judged.value;
        throw new RegistryUnavailable(judged.refusal.trouble, judged.refusal);
      };

      const askInTurn = async (): Promise<Finding> => {
        if (!circuit.health().available) throw new RegistryUnavailable('circuit-open');
        const giveBack = await places.take(signal);
        // A probe that its caller leaves goes on: broken off it would neither close the circuit nor keep it open.
        return circuit.run((isProbe) => ask(isProbe ? undefined : signal)).finally(giveBack);
      };

      const answered = inSpan('civil registry', {}, askInTurn).then(
        (finding) => {
          const { durationMs } = report('info', finding.verdict, finding.responseCode);
          return { ...finding, reference, durationMs };
        },
        (error: unknown) => {
          if (error instanceof RegistryUnavailable)
            report(
              'warn',
              error.trouble,
              error.responseCode,
              error.cause instanceof Error ? error.cause.message : undefined,
            );
          throw error;
        },
      );
      return unlessAborted(answered, signal);
    },
    health: () => circuit.health(),
    close: () => transport.close(),
  };
}
