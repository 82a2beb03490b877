import type { Random } from '../ports/random/random.ts';
import type { Store } from '../store/store.ts';
import { positionOf, type ChainPlace } from './chain.ts';
import type { Audit } from './log.ts';
import { createProgress, noteOf, placeIn, type PlaceNote, type ProgressDeps } from './progress.ts';

/** What came of a walk along the whole chain. */
export interface ChainOutcome {
  readonly at: Date;
  /** Undefined where it is whole. */
  readonly brokenAt: number | undefined;
  /** The last link that was looked at. */
  readonly end: number;
}

/** A check of the whole chain that an operator or a machine asked for. */
export interface ChainCheck {
  readonly id: string;
  /** Who asked, as the log calls them. */
  readonly by: string;
  readonly askedAt: Date;
  /** When the walk began at the beginning of the chain; undefined until a turn of the job takes it up. */
  readonly begunAt: Date | undefined;
  readonly place: ChainPlace | undefined;
  /** The last link that it has looked at; 0 before the first. */
  readonly reached: number;
  /**
   * Past the last link it looks for events that stand beside the chain: through which part of them it has come, from 0
   * to 1.
   */
  readonly beside: number | undefined;
  /** Undefined while it is under way. */
  readonly outcome: ChainOutcome | undefined;
}

/** The check that is under way, or the last one: there is never more than one. */
export interface ChainChecks {
  find(store: Pick<Store, 'audit'>): Promise<ChainCheck | undefined>;
  /** Asks for one, unless one is under way. @returns the one that is under way now. */
  ask(store: Pick<Store, 'transactionOnce'>, by: string): Promise<ChainCheck>;
  /**
   * Notes how far it has come.
   * @returns undefined where somebody else has brought it to its end: a turn that was taken for dead leaves the next
   *   check alone.
   */
  keep(store: Pick<Store, 'audit'>, check: ChainCheck, place: ChainPlace | undefined): Promise<ChainCheck | undefined>;
  /**
   * Within a transaction. @returns what came of it; undefined where it has ended before, or another one was asked for
   * since.
   */
  end(
    tx: Pick<Store, 'audit'>,
    check: ChainCheck,
    at: ChainPlace | undefined,
    brokenAt: number | undefined,
  ): Promise<ChainOutcome | undefined>;
}

interface AskedNote {
  readonly id: string;
  readonly by: string;
  readonly askedAt: number;
  readonly outcome?: {
    readonly begunAt: number;
    readonly at: number;
    readonly brokenAt?: number | undefined;
    readonly end: number;
  };
}

interface PlaceOfCheck {
  readonly id: string;
  readonly begunAt: number;
  readonly place?: PlaceNote | undefined;
}

export interface ChainChecksDeps extends ProgressDeps {
  readonly random: Pick<Random, 'uuid'>;
  readonly record: Audit['record'];
}

/** All instances may be stopped for so long, and it still goes on where it was: as the walk that goes on for ever. */
const PLACE_KEPT_SECONDS = 604_800;

/** The ids of events are drawn at random, and looked through in their order. */
const shareOf = (id: string): number => Number.parseInt(id.slice(0, 8), 16) / 2 ** 32;
const far = (place: ChainPlace | undefined): Pick<ChainCheck, 'place' | 'reached' | 'beside'> => ({
  place,
  reached: place === undefined ? 0 : positionOf(place),
  beside: place !== undefined && 'event' in place ? shareOf(place.event) : undefined,
});

const toDate = (ms: number | undefined): Date | undefined => (ms === undefined ? undefined : new Date(ms));

/** Both notes are signed: who may write the database cannot make up that the chain was found whole. */
export function createChainChecks({ random, record, ...deps }: ChainChecksDeps): ChainChecks {
  const { clock } = deps;
  const asked = createProgress<AskedNote>('check', Infinity, deps);
  const places = createProgress<PlaceOfCheck>('check-place', PLACE_KEPT_SECONDS, deps);

  const find: ChainChecks['find'] = async (store) => {
    const note = await asked.find(store);
    if (note === undefined) return undefined;
    const { id, by, askedAt, outcome } = note;
    const place = await places.find(store);
    // A place of the check before says nothing of this one.
    const own = place?.id === id ? place : undefined;
    return {
      id,
      by,
      askedAt: new Date(askedAt),
      begunAt: toDate(outcome?.begunAt ?? own?.begunAt),
      ...far(own?.place === undefined ? undefined : placeIn(own.place)),
      outcome:
        outcome === undefined ? undefined : { at: new Date(outcome.at), brokenAt: outcome.brokenAt, end: outcome.end },
    };
  };

  return {
    find,

    ask: (store, by) =>
      store.transactionOnce(async (tx) => {
        await tx.audit.lockCheck();
        const before = await find(tx);
        if (before !== undefined && before.outcome === undefined) return before;
        const check: ChainCheck = {
          id: random.uuid(),
          by,
          askedAt: clock.now(),
          begunAt: undefined,
          ...far(undefined),
          outcome: undefined,
        };
        await asked.keep(tx, { id: check.id, by, askedAt: check.askedAt.getTime() });
        await record(tx, 'audit.check-asked', { by });
        return check;
      }),

    async keep(store, check, place) {
      const now = await asked.find(store);
      if (now?.id !== check.id || now.outcome !== undefined) return undefined;
      const begunAt = check.begunAt ?? clock.now();
      await places.keep(store, {
        id: check.id,
        begunAt: begunAt.getTime(),
        place: place === undefined ? undefined : noteOf(place),
      });
      return { ...check, begunAt, ...far(place) };
    },

    async end(tx, { id, by, askedAt, begunAt = clock.now() }, place, brokenAt) {
      await tx.audit.lockCheck();
      const now = await find(tx);
      if (now?.id !== id || now.outcome !== undefined) return undefined;
      const outcome: ChainOutcome = { at: clock.now(), brokenAt, end: far(place).reached };
      await asked.keep(tx, {
        id,
        by,
        askedAt: askedAt.getTime(),
        outcome: { ...outcome, begunAt: begunAt.getTime(), at: outcome.at.getTime() },
      });
      await record(tx, 'audit.checked', { by, whole: brokenAt === undefined, position: brokenAt ?? outcome.end });
      return outcome;
    },
  };
}
