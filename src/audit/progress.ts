import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';
import type { ChainPlace } from './chain.ts';

/**
 * A note of how far a long walk has come, for whoever goes on with it. Who may write the database cannot make one up,
 * nor use one of another walk or an old one.
 */
export interface Progress<State> {
  find(store: Pick<Store, 'audit'>): Promise<State | undefined>;
  keep(store: Pick<Store, 'audit'>, state: State): Promise<void>;
  forget(store: Pick<Store, 'audit'>): Promise<void>;
}

/** Where a run of an operator's has come to, as a text that they hand to the next. */
export interface Marks {
  of(place: ChainPlace): string;
  /** @returns undefined where nobody here has made it. */
  read(mark: string): { readonly place: ChainPlace; readonly at: Date } | undefined;
}

/** Of the walk that each instance does for ever: where one was, and where one has found the chain broken. */
export interface WalkNotes {
  find(
    store: Pick<Store, 'audit'>,
  ): Promise<{ readonly place: ChainPlace | undefined; readonly brokenAt: number | undefined }>;
  /** Undefined where it begins anew. */
  keep(store: Pick<Store, 'audit'>, place: ChainPlace | undefined): Promise<void>;
  /** Undefined once it was walked through without finding anything. */
  keepBroken(store: Pick<Store, 'audit'>, position: number | undefined): Promise<void>;
}

export interface ProgressDeps {
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
}

/** All instances may be stopped for so long, and the walk still goes on where it was. */
const WALK_KEPT_SECONDS = 604_800;
/** The clocks of two instances may be so far apart. */
const SKEW_MS = 60_000;

/** A place as JSON holds it. */
export type PlaceNote =
  { readonly position: number; readonly hash: string } | { readonly length: number; readonly event: string };
export const noteOf = (place: ChainPlace): PlaceNote =>
  'hash' in place ? { position: place.position, hash: place.hash.toString('hex') } : place;
export const placeIn = (note: PlaceNote): ChainPlace =>
  'hash' in note ? { position: note.position, hash: Buffer.from(note.hash, 'hex') } : note;

/**
 * @param of           what has come so far.
 * @param lifeSeconds  whoever comes later begins anew: a note stands for what was looked at, and says nothing of what
 *   was done since.
 */
export function createProgress<State extends object>(
  of: string,
  lifeSeconds: number,
  { keyedHash, clock }: ProgressDeps,
): Progress<State> {
  const sign = (note: string): Buffer => keyedHash.hash('audit-progress', of, note);
  return {
    async find(store) {
      const kept = await store.audit.progress(of);
      if (kept === undefined || !keyedHash.equal(sign(kept.note), kept.mac)) return undefined;
      const { at, state } = JSON.parse(kept.note) as { readonly at: number; readonly state: State };
      const ageMs = clock.now().getTime() - at;
      // One that never grows too old counts whatever the clock was by which it was written.
      return lifeSeconds === Infinity || (ageMs >= -SKEW_MS && ageMs <= lifeSeconds * 1000) ? state : undefined;
    },
    async keep(store, state) {
      const note = JSON.stringify({ at: clock.now().getTime(), state });
      await store.audit.keepProgress(of, note, sign(note));
    },
    forget: (store) => store.audit.forgetProgress(of),
  };
}

export function createWalkNotes(deps: ProgressDeps): WalkNotes {
  const walk = createProgress<PlaceNote>('walk', WALK_KEPT_SECONDS, deps);
  const broken = createProgress<{ readonly position: number }>('broken', Infinity, deps);
  return {
    async find(store) {
      const [note, found] = [await walk.find(store), await broken.find(store)];
      return { place: note === undefined ? undefined : placeIn(note), brokenAt: found?.position };
    },
    keep: (store, place) => (place === undefined ? walk.forget(store) : walk.keep(store, noteOf(place))),
    keepBroken: (store, position) => (position === undefined ? broken.forget(store) : broken.keep(store, { position })),
  };
}

export function createMarks({ keyedHash, clock }: ProgressDeps): Marks {
  const sign = (note: string): string => keyedHash.hash('audit-mark', note).toString('base64url');
  return {
    of(place) {
      const note = Buffer.from(JSON.stringify({ at: clock.now().getTime(), place: noteOf(place) })).toString(
        'base64url',
      );
      return `${note}.${sign(note)}`;
    },
    read(mark) {
      const [note = '', signature = ''] = mark.trim().split('.', 2);
      if (!keyedHash.equal(Buffer.from(sign(note)), Buffer.from(signature))) return undefined;
      const { at, place } = JSON.parse(Buffer.from(note, 'base64url').toString('utf8')) as {
        readonly at: number;
        readonly place: PlaceNote;
      };
      return { place: placeIn(place), at: new Date(at) };
    },
  };
}
