import type { Config } from '../../config.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Draft } from '../../store/drafts.ts';
import type { Store } from '../../store/store.ts';
import { advance, begin, type Registration, type RegistrationEvent } from './machine.ts';

export type RegistrationDraft = Draft<Registration>;

export interface RegistrationDrafts {
  /** The draft of the interaction, made when there is none. */
  open(uid: string): Promise<RegistrationDraft>;
  find(uid: string): Promise<RegistrationDraft | undefined>;
  /**
   * Takes the draft's row for the length of the transaction and does the work on what it holds by then: two requests
   * for one draft take turns, and the second sees what the first has done.
   */
  turn<T>(uid: string, work: (tx: Store, draft: RegistrationDraft) => Promise<T>): Promise<T>;
  /** Within a turn: moves on and saves. */
  move(tx: Store, draft: RegistrationDraft, event: RegistrationEvent): Promise<RegistrationDraft>;
}

export interface RegistrationDraftsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config['lifetimes'], 'draftSeconds'>;
}

export function createRegistrationDrafts({ store, clock, random, config }: RegistrationDraftsDeps): RegistrationDrafts {
  const find = (from: Pick<Store, 'drafts'>, uid: string, lock = false): Promise<RegistrationDraft | undefined> => from.drafts.find<Registration>('registration', uid, clock.now(), { lock });

  async function open(from: Pick<Store, 'drafts'>, uid: string, lock = false): Promise<RegistrationDraft> {
    const found = await find(from, uid, lock);
    if (found !== undefined) return found;
    const now = clock.now();
    await from.drafts.insert({ journey: 'registration', uid, id: random.uuid(), state: begin(), now, expiresAt: addSeconds(now, config.draftSeconds) });
    const made = await find(from, uid, lock);
    if (made === undefined) throw new Error('a draft that was just made is gone');
    return made;
  }

  return {
    open: (uid) => open(store, uid),
    find: (uid) => find(store, uid),
    turn: (uid, work) => store.transaction(async (tx) => work(tx, await open(tx, uid, true))),
    async move(tx, draft, event) {
      const moved = { ...draft, state: advance(draft.state, event) };
      await tx.drafts.save(moved, clock.now());
      return moved;
    },
  };
}
