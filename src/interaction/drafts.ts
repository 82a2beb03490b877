import type { Config } from '../config.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';
import type { Draft, Journey } from '../store/drafts.ts';
import type { Store, Transaction } from '../store/store.ts';

/** The drafts of one journey, driven by its machine. */
export interface Drafts<State, Event> {
  find(uid: string): Promise<Draft<State> | undefined>;
  /**
   * Takes the draft's row for the length of the transaction and does the work on what it holds by then: two requests
   * for one draft take turns, and the second sees what the first has done. Done once, also where the answer of the
   * database was lost: a second time a wrong code would count twice, and whatever was sent would look as if another had
   * sent it.
   * @param options.begins  there was no draft a moment ago: it is made without looking first.
   */
  turn<T>(
    uid: string,
    work: (tx: Transaction, draft: Draft<State>) => T | Promise<T>,
    options?: { readonly begins?: boolean },
  ): Promise<T>;
  /**
   * Hands an unfinished journey to the interaction that took the expired one's place. A finished one stays: whoever
   * sits at the browser by then has proved nothing.
   * @returns whether there was one to hand over.
   */
  adopt(from: string, to: string): Promise<boolean>;
  /** Within a turn: moves on, and is saved with the turn. */
  move(tx: Transaction, draft: Draft<State>, event: Event): Draft<State>;
}

export interface DraftsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config['lifetimes'], 'draftSeconds'>;
}

export interface Machine<State, Event> {
  readonly journey: Journey;
  readonly begin: () => State;
  readonly advance: (at: State, event: Event) => State;
  readonly isFinished: (state: State) => boolean;
}

export function createDrafts<State extends object, Event>(
  { store, clock, random, config }: DraftsDeps,
  { journey, begin, advance, isFinished }: Machine<State, Event>,
): Drafts<State, Event> {
  const find = (from: Pick<Store, 'drafts'>, uid: string, lock = false): Promise<Draft<State> | undefined> =>
    from.drafts.find<State>(journey, uid, clock.now(), { lock });

  async function make(tx: Store, uid: string): Promise<void> {
    const now = clock.now();
    await tx.drafts.insert({
      journey,
      uid,
      id: random.uuid(),
      state: begin(),
      now,
      expiresAt: addSeconds(now, config.draftSeconds),
    });
  }

  /** Made when there is none: by this request or by another that was faster. */
  async function take(tx: Transaction, uid: string, begins: boolean): Promise<Draft<State>> {
    if (begins) tx.also(make(tx, uid));
    const found = await find(tx, uid, true);
    if (found !== undefined) return found;
    if (begins) throw new Error('a draft that was just made is gone');
    return take(tx, uid, true);
  }

  return {
    find: (uid) => find(store, uid),
    turn: (uid, work, { begins = false } = {}) =>
      store.transactionOnce(async (tx) => work(tx, await take(tx, uid, begins))),
    adopt: (from, to) =>
      store.transactionOnce(async (tx) => {
        const draft = await find(tx, from, true);
        return draft !== undefined && !isFinished(draft.state) && (await tx.drafts.adopt(journey, from, to));
      }),
    move(tx, draft, event) {
      const moved = { ...draft, state: advance(draft.state, event) };
      tx.also(tx.drafts.save(moved, clock.now()));
      return moved;
    },
  };
}
