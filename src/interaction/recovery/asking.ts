import type { Config } from '../../config.ts';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Count, Counters, Limit, Reading } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';

export interface Locked {
  readonly reason: 'locked';
  readonly until: Date;
}

export interface AskingRefusal {
  readonly reason: 'send-limit' | 'limited' | 'locked';
  readonly until: Date;
}

export interface Wait {
  readonly reason: 'wait';
  readonly seconds: number;
}

/** The right to ask for one code. Give it back when nothing came of it. */
export interface AskingPermit {
  /** Codes asked for with this identifier today, this one included. */
  readonly asks: number;
  giveBack(): Promise<void>;
}

/**
 * What anybody may ask for, counted on what was typed and on who types. Every refusal that a page shows before a code
 * was right comes from here, and nothing here knows whether there is an account.
 */
export interface Asking {
  /**
   * @param options.anew  by a way of its own: of many at one moment the first alone. Who has asked already, waits as
   *   the page says.
   */
  permit(
    identifier: Sensitive<string>,
    sender: Sender,
    options?: { readonly anew?: boolean },
  ): Promise<Result<AskingPermit, AskingRefusal | Wait>>;
  /** Seconds until the identifier may be asked for anew; 0 when it may now. */
  secondsToWait(identifier: Sensitive<string>): Promise<number>;
  /** Lets the next one wait, longer with each. */
  pace(identifier: Sensitive<string>, asks: number): Promise<void>;
  /** Whether today's codes for the identifier are used up. */
  isUsedUp(identifier: Sensitive<string>): Promise<boolean>;
  countTry(identifier: Sensitive<string>): Promise<Result<void, Locked>>;
  forgiveTry(identifier: Sensitive<string>): Promise<void>;
  lockedUntil(identifier: Sensitive<string>): Promise<Date | undefined>;
}

export interface AskingDeps {
  readonly counters: Counters;
  readonly limits: Limits;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly config: Pick<Config['otp'], 'resendSeconds'>;
}

export function createAsking({ counters, limits: { recovery }, keyedHash, clock, config }: AskingDeps): Asking {
  const mark = (identifier: Sensitive<string>): string =>
    keyedHash.hash('counter-recovery', identifier.reveal()).toString('base64url');
  const endOf = (reading: Reading, limit: Limit): Date =>
    reading.resetsAt ?? addSeconds(clock.now(), limit.windowSeconds);

  const secondsUntil = (at: Date = clock.now()): number =>
    Math.max(1, Math.ceil((at.getTime() - clock.now().getTime()) / 1000));

  async function lockedUntil(identifier: Sensitive<string>): Promise<Date | undefined> {
    const reading = await counters.read(recovery.tries, mark(identifier));
    return reading.exhausted ? endOf(reading, recovery.tries) : undefined;
  }

  return {
    lockedUntil,

    async permit(identifier, sender, { anew = false } = {}) {
      const locked = await lockedUntil(identifier);
      if (locked !== undefined) return refuse({ reason: 'locked', until: locked });

      const pace: Count[] = anew && (config.resendSeconds[0] ?? 0) > 0 ? [[recovery.pace, mark(identifier)]] : [];
      // First, so that whoever has to wait is counted nowhere else, not even for a moment: the next wait grows with
      // what was asked for.
      const wanted: Count[] = [...pace, [recovery.asks, mark(identifier)], [recovery.device, sender.device]];
      if (sender.network !== undefined) wanted.push([recovery.network, sender.network]);
      const { readings, refusedBy } = await counters.takeAll(wanted);
      if (refusedBy !== undefined) {
        const [limit] = refusedBy;
        if (limit === recovery.pace)
          return refuse({ reason: 'wait', seconds: secondsUntil(readings.at(-1)?.resetsAt) });
        return refuse({
          reason: limit === recovery.asks ? 'send-limit' : 'limited',
          until: readings.at(-1)?.resetsAt ?? addSeconds(clock.now(), limit.windowSeconds),
        });
      }
      return ok({ asks: readings[pace.length]?.used ?? 0, giveBack: () => counters.giveBackAll(wanted) });
    },

    async secondsToWait(identifier) {
      const { exhausted, resetsAt } = await counters.read(recovery.pace, mark(identifier));
      return exhausted && resetsAt !== undefined ? secondsUntil(resetsAt) : 0;
    },

    async pace(identifier, asks) {
      const wait = config.resendSeconds[Math.min(asks, config.resendSeconds.length) - 1] ?? 0;
      if (wait > 0) await counters.hold(recovery.pace, mark(identifier), wait);
    },

    async isUsedUp(identifier) {
      return (await counters.read(recovery.asks, mark(identifier))).exhausted;
    },

    async countTry(identifier) {
      const key = mark(identifier);
      const reading = await counters.take(recovery.tries, key);
      if (!reading.refused) return ok(undefined);
      await counters.giveBack(recovery.tries, key);
      return refuse({ reason: 'locked', until: endOf(reading, recovery.tries) });
    },

    async forgiveTry(identifier) {
      await counters.giveBack(recovery.tries, mark(identifier));
    },
  };
}
