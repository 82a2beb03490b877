import type { Config } from '../config.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';
import type { Draft, Journey } from '../store/drafts.ts';
import type { Store } from '../store/store.ts';

/** The drafts of one journey, driven by its machine. */
export interface Drafts<State, Event> {
  /** The draft of the interaction, made when there is none. */
  open(uid: string): Promise<Draft<State>>;
  find(uid: string): Promise<Draft<State> | undefined>;
  /**
   * Takes the draft's row for the length of the transaction and does the work on what it holds by then: two requests
   * for one draft take turns, and the second sees what the first has done.
   */
  turn<T>(uid: string, work: (tx: Store, draft: Draft<State>) => Promise<T>): Promise<T>;
  /**
   * Hands an unfinished journey to the interaction that took the expired one's place. A finished one stays: whoever
   * sits at the browser by then has proved nothing.
   * @returns whether there was one to hand over.
   */
  adopt(from: string, to: string): Promise<boolean>;
  /** Within a turn: moves on and saves. */
  move(tx: Store, draft: Draft<State>, event: Event): Promise<Draft<State>>;
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

export function createDrafts<State extends object, Event>({ store, clock, random, config }: DraftsDeps, { journey, begin, advance, isFinished }: Machine<State, Event>): Drafts<State, Event> {
  const find = (from: Pick<Store, 'drafts'>, uid: string, lock = false): Promise<Draft<State> | undefined> => from.drafts.find<State>(journey, uid, clock.now(), { lock });

  async function open(from: Pick<Store, 'drafts'>, uid: string, lock = false): Promise<Draft<State>> {
    const found = await find(from, uid, lock);
    if (found !== undefined) return found;
    const now = clock.now();
    const begun = { id: random.uuid(), uid, state: begin() };
    if (await from.drafts.insert({ journey, ...begun, now, expiresAt: addSeconds(now, config.draftSeconds) })) return { ...begun, createdAt: now };
    // Another request was faster.
    const made = await find(from, uid, lock);
    if (made === undefined) throw new Error('a draft that was just made is gone');
    return made;
  }

  return {
    open: (uid) => open(store, uid),
    find: (uid) => find(store, uid),
    turn: (uid, work) => store.transaction(async (tx) => work(tx, await open(tx, uid, true))),
    adopt: (from, to) =>
      store.transaction(async (tx) => {
        const draft = await find(tx, from, true);
        return draft !== undefined && !isFinished(draft.state) && (await tx.drafts.adopt(journey, from, to));
      }),
    async move(tx, draft, event) {
      const moved = { ...draft, state: advance(draft.state, event) };
      await tx.drafts.save(moved, clock.now());
      return moved;
    },
  };
}
