import type { Audit } from '../audit/log.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { AccountId } from '../domain/account.ts';
import { signatureOf, type Actor, type Reason } from '../domain/operator.ts';
import { operatorOf, operators, type Operator, type Phone } from '../domain/phone.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import type { Counters, Reading } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { Store } from '../store/store.ts';
import { operatorMark, recipientMark } from './recipient-mark.ts';

/** What stands in the way of a code to one number. */
export interface NumberStanding {
  readonly operator: Operator;
  /** Codes sent to it today. */
  readonly sent: Reading;
  /** Those that the gateway reported as not delivered. */
  readonly undelivered: Reading;
}

/** To which numbers codes are to go again. */
export type Numbers =
  | { readonly phone: Sensitive<Phone>; readonly accountId?: AccountId | undefined }
  | { readonly operator: Operator }
  | 'all';

export interface CodeDesk {
  standingOf(phone: Sensitive<Phone>): Promise<NumberStanding>;
  /**
   * Begins the day anew for them: codes that did not arrive, and those that were sent. Other limits stay. @returns how
   * many numbers had something counted on them.
   */
  allow(numbers: Numbers, reason: Reason, by: Actor): Promise<number>;
}

export interface CodeDeskDeps {
  readonly store: Pick<Store, 'audit'>;
  readonly counters: Pick<Counters, 'read' | 'clear' | 'clearAll'>;
  readonly limits: Pick<Limits, 'code'>;
  readonly keyedHash: KeyedHash;
  readonly audit: Pick<Audit, 'record'>;
}

/**
 * Where an operator of the sign-on sees why a number gets no codes, and lets it have them again: after an outage at a
 * telephone operator, say.
 */
export function createCodeDesk({
  store,
  counters,
  limits: {
    code: { number, undelivered },
  },
  keyedHash,
  audit,
}: CodeDeskDeps): CodeDesk {
  const counted = [undelivered, number] as const;

  async function clearOne(phone: Sensitive<Phone>): Promise<number> {
    const mark = recipientMark(keyedHash, phone);
    const used = await Promise.all(counted.map(async (limit) => (await counters.read(limit, mark)).used));
    for (const limit of counted) await counters.clear(limit, mark);
    return used.some((points) => points > 0) ? 1 : 0;
  }

  /** A number with a code that did not arrive is one with a code that was sent. */
  async function clearOf(some: readonly Operator[]): Promise<number> {
    let most = 0;
    for (const operator of some) {
      const cleared: number[] = [];
      for (const limit of counted) cleared.push(await counters.clearAll(limit, operatorMark(operator)));
      most += Math.max(...cleared);
    }
    return most;
  }

  return {
    async standingOf(phone) {
      const mark = recipientMark(keyedHash, phone);
      return {
        operator: operatorOf(phone.reveal()),
        sent: await counters.read(number, mark),
        undelivered: await counters.read(undelivered, mark),
      };
    },

    async allow(numbers, reason, by) {
      const of = numbers === 'all' ? 'all' : 'phone' in numbers ? 'number' : numbers.operator;
      const subject = numbers !== 'all' && 'phone' in numbers ? { accountId: numbers.accountId } : {};
      // Told before it is done: nobody opens a way by which messages cost money without a trace.
      await audit.record(store, 'codes.allowed', { of, by: signatureOf(by), reason }, subject);
      if (numbers === 'all') return clearOf(operators);
      return 'phone' in numbers ? clearOne(numbers.phone) : clearOf([numbers.operator]);
    },
  };
}
