import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { ChainedRow } from '../store/audit.ts';
import type { Part } from '../store/partitions.ts';
import type { Store } from '../store/store.ts';
import type { Beginning, Chain } from './chain.ts';
import type { Audit } from './log.ts';
import { createProgress } from './progress.ts';

/** What was removed; nothing where its time is not over, and nothing that somebody else was first at. */
export interface Retired {
  readonly parts: readonly string[];
  readonly events: number;
}

/** With what is removed, what tells of the alteration would go: whoever looks into that decides. */
export class ChainBroken extends Error {
  override readonly name = 'ChainBroken';
  readonly code = 'AUDIT_CHAIN_BROKEN';
  readonly position: number;
  constructor(position: number) {
    super(`the audit chain is broken at position ${position}: nothing of it is removed from there on`);
    this.position = position;
  }
}

/** So many links are laid at once. */
const BATCH = 500;
/** How far it has come is noted each time so many links fit, or events were looked through: some seconds of work. */
const NOTED_LINKS = 20_000;
const NOTED_EVENTS = 100_000;
/** So many links are looked at within the removal. */
const NEARLY_THERE = 1000;
/** Nobody has gone on for so long: it begins anew. The job comes each night. */
const KEPT_SECONDS = 259_200;

/** How far a part was looked through that is to go; of no use for another, nor behind another seal. */
interface Noted {
  readonly part: string;
  /** Where the chain began. */
  readonly from: number;
  /** The last link that fits, and its hash. */
  readonly position: number;
  readonly hash: string | undefined;
  /** Links up to there whose events stay. */
  readonly staying: readonly number[];
  /**
   * Events beyond the cut, once all links up to it fit: up to which id they were looked for, and up to where in what
   * was chained since.
   */
  readonly late?: {
    readonly cut: number;
    readonly end: number;
    readonly after: string | undefined;
    readonly ids: readonly string[];
  };
}

export interface RetireDeps {
  readonly chain: Chain;
  readonly record: Audit['record'];
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
}

/**
 * Takes whole parts from the old end of the log, one after the other, and seals the chain at each. What goes is
 * verified before: the seal stands for it ever after, and a turn that is cut off begins behind the newest, where the
 * one before had come to: a month of a hundred million people takes several nights.
 *
 * The chain is in the order of writing and the parts in that of the instances' clocks, so the cut fits no part to the
 * event. Whoever stays on the far side of it (the last second of a month; a clock that was ahead) gets another link at
 * the near end; whoever goes and stands on the near side (written late; a clock that was behind) stays, among the rest,
 * until its link is old as well.
 */
export function createRetire({
  chain,
  record,
  keyedHash,
  clock,
}: RetireDeps): Pick<Audit, 'retire' | 'dropSealedLinks'> {
  const progress = createProgress<Noted>('retire', KEPT_SECONDS, { keyedHash, clock });

  async function begin(store: Store): Promise<Beginning> {
    const beginning = await chain.begin(store);
    if ('brokenAt' in beginning) throw new ChainBroken(beginning.brokenAt);
    return beginning;
  }

  /**
   * An event that was found to stay. It is looked at again: what lies in the database may have been altered since, and
   * it gets another link.
   */
  async function stays(store: Store, position: number, from: Beginning): Promise<ChainedRow> {
    const previous = position - 1 === from.position ? from : (await store.audit.chained(position - 2, 1))[0];
    const {
      rows: [row],
    } = await chain.stretch(store, { position: position - 1, hash: previous?.hash }, 1);
    if (row === undefined) throw new ChainBroken(position);
    return row;
  }

  /**
   * Verifies the links up to the cut, from where it was noted on. @returns the hash of the last, and the events that
   * stay.
   */
  async function verifyTo(
    store: Store,
    part: Part,
    from: Beginning,
    cut: number,
    noted: Noted | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly hash: Buffer | undefined; readonly staying: readonly ChainedRow[] }> {
    let { position, hash } =
      noted === undefined
        ? from
        : { position: noted.position, hash: noted.hash === undefined ? undefined : Buffer.from(noted.hash, 'hex') };
    const staying: ChainedRow[] = [];
    for (const one of noted?.staying ?? []) staying.push(await stays(store, one, from));
    let keptAt = position;
    const keep = async (): Promise<void> => {
      if (position > keptAt)
        await progress.keep(store, {
          part: part.name,
          from: from.position,
          position,
          hash: hash?.toString('hex'),
          staying: staying.map((row) => row.position),
        });
      keptAt = position;
    };
    while (position < cut) {
      if (signal?.aborted === true || position - keptAt >= NOTED_LINKS) await keep();
      signal?.throwIfAborted();
      const { rows, brokenAt } = await chain.stretch(store, { position, hash });
      const within = rows.filter((row) => row.position <= cut);
      if (brokenAt !== undefined && brokenAt <= cut) throw new ChainBroken(brokenAt);
      staying.push(...within.filter(({ at }) => at >= part.until));
      const last = within.at(-1);
      if (last === undefined) throw new ChainBroken(position + 1);
      ({ position, hash } = last);
    }
    await keep();
    return { hash, staying };
  }

  /**
   * Looks through the part, and then through what was chained meanwhile, by day and by night: whoever removes the part
   * looks at the rest, and everybody waits for that.
   * @returns the events of the part that are chained beyond the cut; and up to where the chain was looked through for
   *   them.
   */
  async function lateIn(
    store: Store,
    { name, until }: Part,
    cut: number,
    { late, ...noted }: Noted,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly end: number; readonly ids: readonly string[] }> {
    const goesOn = late?.cut === cut ? late : undefined;
    const ids = [...(goesOn?.ids ?? [])];
    let end = goesOn?.end ?? (await store.audit.chainEnd())?.position ?? 0;
    let after = goesOn?.after;
    let looked = 0;
    const keepOrStop = async (): Promise<void> => {
      if (looked > 0 && (signal?.aborted === true || looked >= NOTED_EVENTS)) {
        await progress.keep(store, { ...noted, late: { cut, end, after, ids } });
        looked = 0;
      }
      signal?.throwIfAborted();
    };
    for (let isThrough = false; !isThrough;) {
      await keepOrStop();
      const found = await store.retention.beyond(name, cut, after);
      ids.push(...found.ids);
      looked += found.seen;
      after = found.last ?? after;
      isThrough = found.last === undefined;
    }
    for (;;) {
      await keepOrStop();
      const found = await store.retention.since(name, until, end);
      ids.push(...found.ids);
      end = found.last;
      looked += found.seen;
      // A few are always written at this moment.
      if (found.seen < NEARLY_THERE) return { end, ids };
    }
  }

  /** @returns how many events, or undefined where somebody else was first. */
  async function cutOff(
    store: Store,
    part: Part,
    middle: number,
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    const beginning = await begin(store);
    const { name, until: before } = part;
    const cut = Math.max(middle, beginning.position);
    const found = await progress.find(store);
    const noted =
      found?.part === name && found.from === beginning.position && found.position <= cut ? found : undefined;
    const { hash, staying } = await verifyTo(store, part, beginning, cut, noted, signal);
    const verified: Noted = {
      part: name,
      from: beginning.position,
      position: cut,
      hash: hash?.toString('hex'),
      staying: staying.map(({ position }) => position),
    };
    const { end, ids: late } = await lateIn(
      store,
      part,
      cut,
      noted?.position === cut ? { ...verified, ...(noted.late === undefined ? {} : { late: noted.late }) } : verified,
      signal,
    );
    const events = cut - beginning.position - staying.length;
    const seal =
      cut === beginning.position || hash === undefined
        ? undefined
        : chain.seal(beginning.seal, { position: cut, hash, before, events, at: clock.now() });
    const done = await store.retention.remove(
      { part: name, before, sealedAt: beginning.position, end, late, relinked: staying.map(({ id }) => id), seal },
      async (tx) => {
        for (let from = 0; from < staying.length; from += BATCH)
          await chain.lay(tx, staying.slice(from, from + BATCH), await tx.audit.chainEnd());
        await record(tx, 'audit.retired', { until: before.toISOString().slice(0, 10), events, position: cut });
        await progress.forget(tx);
      },
    );
    return done ? events : undefined;
  }

  return {
    async retire(store, until, signal, gone) {
      const parts: string[] = [];
      let events = 0;
      const going = await store.retention.parts(until);
      const before = going.at(-1)?.until;
      // While nothing has happened since, nothing goes: a log of nothing proves nothing.
      if (before === undefined || (await store.retention.cut(before)) === undefined) return { parts, events };
      for (const part of going) {
        const middle = await store.retention.cut(part.until);
        if (middle === undefined) break;
        const removed = await cutOff(store, part, middle, signal).catch(async (error: unknown) => {
          // A chain that somebody else has cut meanwhile is not broken, and a part that somebody else has removed is
          // not missing.
          if ((await store.retention.parts(until)).every(({ name }) => name !== part.name)) return undefined;
          throw error;
        });
        if (removed === undefined) break;
        parts.push(part.name);
        gone?.(part.name);
        events += removed;
      }
      return { parts, events };
    },

    async dropSealedLinks(store, limit, from) {
      const { position: end } = await begin(store);
      const first = from ?? (await store.retention.firstLink(end));
      if (first === undefined || first > end) return { links: 0, next: undefined };
      const last = Math.min(end, first + limit - 1);
      const links = await store.retention.dropLinks(first, last);
      return { links, next: last < end ? last + 1 : undefined };
    },
  };
}
