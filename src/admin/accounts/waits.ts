import type { Audit } from '../../audit/log.ts';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { AccountId, Identifier } from '../../domain/account.ts';
import { identityMark, type Nik } from '../../domain/nik.ts';
import { signatureOf, type Actor, type Reason } from '../../domain/operator.ts';
import type { Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import { createCodeDesk } from '../../messages/code-desk.ts';
import { recipientMark } from '../../messages/recipient-mark.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Counters, Limit, Reading } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';
import type { Store } from '../../store/store.ts';
import { createOperatorLimits, objectionTo } from '../restraint.ts';

/** Who can be made to wait for a day: a NIK by wrong tries at registration, a number by codes that did not arrive. */
export type HeldUp = Extract<Identifier, { readonly kind: 'nik' | 'phone' }>;

export type WaitRefusal =
  /** `not-held`: nothing holds it up, or no longer. */
  | { readonly reason: 'limit' | 'own-account' | 'operator-account' | 'not-held' }
  /** It was ended today, and has come about again. */
  | { readonly reason: 'ended-before'; readonly until: Date };

export interface NikStanding {
  /** Questions to the civil registry that did not confirm the person. */
  readonly failed: Reading;
  /** All of them. */
  readonly asked: Reading;
  /** Whether its wait may still be ended today. */
  readonly canBeEnded: boolean;
}

export interface Waits {
  standingOf(nik: Sensitive<Nik>): Promise<NikStanding>;
  /**
   * Ends the wait of whoever is held up, after a word with the person: what was tried today counts no more. What is
   * bounded by other limits stays so: device, network, wrong codes. Of one NIK or number it can be done as often in a
   * day as the settings say (`limits.waitsEnded`), whoever does it, since a stranger may have called.
   */
  end(whose: Sensitive<HeldUp>, reason: Reason, by: Actor): Promise<Result<undefined, WaitRefusal>>;
}

export interface WaitsDeps {
  readonly store: Store;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
  readonly clock: Clock;
}

/** What holds one up, and how it is taken away. */
interface Wait {
  readonly counted: readonly Limit[];
  readonly key: string;
  /** How often it may be ended. */
  readonly ending: Limit;
  end(reason: Reason, by: Actor, accountId: AccountId | undefined): Promise<void>;
}

export function createWaits({ store, counters, limits, keyedHash, audit, clock }: WaitsDeps): Waits {
  const isBeyond = createOperatorLimits({ store, audit, counters });
  const codes = createCodeDesk({ store, counters, limits, keyedHash, audit });

  function ofNik(nik: Nik): Wait {
    const counted = [limits.identity.nik, limits.identity.calls];
    const key = identityMark(keyedHash, nik);
    return {
      counted,
      key,
      ending: limits.wait.nik,
      async end(reason, by, accountId) {
        // Told before it is done: nobody is let guess on without a trace.
        await audit.record(store, 'registration.identity.allowed', { by: signatureOf(by), reason }, { accountId });
        for (const limit of counted) await counters.clear(limit, key);
      },
    };
  }

  function ofNumber(phone: Sensitive<Phone>): Wait {
    return {
      counted: [limits.code.undelivered, limits.code.number],
      key: recipientMark(keyedHash, phone),
      ending: limits.wait.number,
      async end(reason, by, accountId) {
        await codes.allow({ phone, accountId }, reason, by);
      },
    };
  }

  const waitOf = (whose: HeldUp): Wait =>
    whose.kind === 'nik' ? ofNik(whose.value) : ofNumber(sensitive(whose.value));
  const isHeld = async ({ counted, key }: Wait): Promise<boolean> =>
    (await Promise.all(counted.map((limit) => counters.read(limit, key)))).some(({ exhausted }) => exhausted);

  return {
    async standingOf(nik) {
      const { key, ending } = ofNik(nik.reveal());
      const [failed, asked, ended] = await Promise.all([
        counters.read(limits.identity.nik, key),
        counters.read(limits.identity.calls, key),
        counters.read(ending, key),
      ]);
      return { failed, asked, canBeEnded: !ended.exhausted };
    },

    async end(whose, reason, by) {
      // Whoever has the command line is nobody by name, and could do more than this.
      const hasName = by.kind !== 'command-line';
      if (hasName && (await isBeyond(limits.operator.waits, by))) return refuse({ reason: 'limit' });
      const account = await store.accounts.findByIdentifier(whose);
      const objection = account === undefined || !hasName ? undefined : await objectionTo(store, account, by);
      if (objection !== undefined) return refuse({ reason: objection });
      const wait = waitOf(whose.reveal());
      // Nothing is taken for nothing: a second press of the button has found it ended.
      if (!(await isHeld(wait))) return refuse({ reason: 'not-held' });
      const turn = await counters.take(wait.ending, wait.key);
      const giveBack = (): Promise<void> => counters.giveBack(wait.ending, wait.key);
      if (turn.refused) {
        await giveBack();
        return refuse({
          reason: 'ended-before',
          until: turn.resetsAt ?? addSeconds(clock.now(), wait.ending.windowSeconds),
        });
      }
      try {
        await wait.end(reason, by, account?.id);
      } catch (error) {
        // What could not be written down or done may be tried again.
        await giveBack().catch(() => undefined);
        throw error;
      }
      return ok(undefined);
    },
  };
}
