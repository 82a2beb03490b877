import type { AccountId } from '../../domain/account.ts';
import type { Challenge } from '../../domain/otp.ts';
import type { Phone } from '../../domain/phone.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Draft } from '../../store/drafts.ts';
import type { Store, Transaction } from '../../store/store.ts';

/**
 * `code`: a code is under way to a number that is to be proved. It stays there when nobody types it: that is what the
 * next one waits for.
 */
export type ContactChange = { readonly step: 'rest' } | AtCode;

export interface AtCode {
  readonly step: 'code';
  readonly phone: Sensitive<Phone>;
  readonly challenge: Challenge;
  /** The message that carries it; undefined in drafts of earlier versions. */
  readonly messageId?: string;
  /** When somebody who had just signed in asked for it. */
  readonly begunAt: string;
}

export type ContactDraft = Draft<ContactChange>;

/** One draft for each account, whatever browser or tab: all of them see the same. */
export interface ContactDrafts {
  find(accountId: AccountId): Promise<ContactChange>;
  /**
   * Takes the draft's row for the length of the transaction: two requests for one account take turns. Done once, as in
   * other journeys.
   */
  turn<T>(accountId: AccountId, work: (tx: Transaction, draft: ContactDraft) => Promise<T>): Promise<T>;
  /** Within a turn. */
  keep(tx: Transaction, draft: ContactDraft, state: ContactChange): void;
}

export interface ContactDraftDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: { readonly draftSeconds: number };
}

const JOURNEY = 'contact';

export function createContactDrafts({ store, clock, random, config }: ContactDraftDeps): ContactDrafts {
  const expiresAt = (): Date => addSeconds(clock.now(), config.draftSeconds);
  const find = (from: Pick<Store, 'drafts'>, accountId: AccountId, lock = false): Promise<ContactDraft | undefined> =>
    from.drafts.find<ContactChange>(JOURNEY, accountId, clock.now(), { lock });

  async function take(tx: Transaction, accountId: AccountId): Promise<ContactDraft> {
    const found = await find(tx, accountId, true);
    if (found !== undefined) return found;
    await tx.drafts.insert({
      journey: JOURNEY,
      uid: accountId,
      id: random.uuid(),
      state: { step: 'rest' },
      now: clock.now(),
      expiresAt: expiresAt(),
    });
    const made = await find(tx, accountId, true);
    if (made === undefined) throw new Error('a draft that was just made is gone');
    return made;
  }

  return {
    find: async (accountId) => (await find(store, accountId))?.state ?? { step: 'rest' },
    turn: (accountId, work) => store.transactionOnce(async (tx) => work(tx, await take(tx, accountId))),
    keep(tx, draft, state) {
      tx.also(tx.drafts.save({ ...draft, state }, clock.now()));
      tx.also(tx.drafts.extend(draft.id, expiresAt()));
    },
  };
}
