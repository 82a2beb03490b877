import type { Clock } from '../ports/clock/clock.ts';
import type { ChainedRow } from '../store/audit.ts';
import type { Part } from '../store/partitions.ts';
import type { Store } from '../store/store.ts';
import type { Beginning, Chain } from './chain.ts';
import type { Audit } from './log.ts';

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

export interface RetireDeps {
  readonly chain: Chain;
  readonly record: Audit['record'];
  readonly clock: Clock;
}

/**
 * Takes whole parts from the old end of the log, one after the other, and seals the chain at each. What goes is verified before: the seal stands for
 * it ever after, and a turn that is cut off begins behind the newest.
 *
 * The chain is in the order of writing and the parts in that of the instances' clocks, so the cut fits no part to the event. Whoever stays on the far
 * side of it (the last second of a month; a clock that was ahead) gets another link at the near end; whoever goes and stands on the near side (written
 * late; a clock that was behind) stays, among the rest, until its link is old as well.
 */
export function createRetire({ chain, record, clock }: RetireDeps): Pick<Audit, 'retire' | 'dropSealedLinks'> {
  async function begin(store: Store): Promise<Beginning> {
    const beginning = await chain.begin(store);
    if ('brokenAt' in beginning) throw new ChainBroken(beginning.brokenAt);
    return beginning;
  }

  /** Verifies the links up to the cut. @returns the hash of the last, and the events that stay. */
  async function verifyTo(store: Store, from: Beginning, cut: number, before: Date, signal: AbortSignal | undefined): Promise<{ readonly hash: Buffer | undefined; readonly staying: readonly ChainedRow[] }> {
    let { position, hash } = from;
    const staying: ChainedRow[] = [];
    while (position < cut) {
      signal?.throwIfAborted();
      const { rows, brokenAt } = await chain.stretch(store, { position, hash });
      const within = rows.filter((row) => row.position <= cut);
      if (brokenAt !== undefined && brokenAt <= cut) throw new ChainBroken(brokenAt);
      staying.push(...within.filter(({ at }) => at >= before));
      const last = within.at(-1);
      if (last === undefined) throw new ChainBroken(position + 1);
      ({ position, hash } = last);
    }
    return { hash, staying };
  }

  async function lateIn(store: Store, part: string, cut: number, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const late: string[] = [];
    for (let after: string | undefined; ; ) {
      signal?.throwIfAborted();
      const { ids, last } = await store.retention.beyond(part, cut, after);
      late.push(...ids);
      if (last === undefined) return late;
      after = last;
    }
  }

  /** @returns how many events, or undefined where somebody else was first. */
  async function cutOff(store: Store, part: Part, middle: number, signal: AbortSignal | undefined): Promise<number | undefined> {
    const beginning = await begin(store);
    const { name, until: before } = part;
    const cut = Math.max(middle, beginning.position);
    const { hash, staying } = await verifyTo(store, beginning, cut, before, signal);
    const end = (await store.audit.chainEnd())?.position ?? 0;
    const late = await lateIn(store, name, cut, signal);
    const events = cut - beginning.position - staying.length;
    const seal = cut === beginning.position || hash === undefined ? undefined : chain.seal(beginning.seal, { position: cut, hash, before, events, at: clock.now() });
    const done = await store.retention.remove({ part: name, before, sealedAt: beginning.position, end, late, relinked: staying.map(({ id }) => id), seal }, async (tx) => {
      for (let from = 0; from < staying.length; from += BATCH) await chain.lay(tx, staying.slice(from, from + BATCH), await tx.audit.chainEnd());
      await record(tx, 'audit.retired', { until: before.toISOString().slice(0, 10), events, position: cut });
    });
    return done ? events : undefined;
  }

  return {
    async retire(store, until, signal) {
      const parts: string[] = [];
      let events = 0;
      const going = await store.retention.parts(until);
      const before = going.at(-1)?.until;
      // While nothing has happened since, nothing goes: a log of nothing proves nothing.
      if (before === undefined || (await store.retention.cut(before)) === undefined) return { parts, events };
      for (const part of going) {
        const middle = await store.retention.cut(part.until);
        if (middle === undefined) break;
        const gone = await cutOff(store, part, middle, signal).catch(async (error: unknown) => {
          // A chain that somebody else has cut meanwhile is not broken, and a part that somebody else has removed is not missing.
          if ((await store.retention.parts(until)).every(({ name }) => name !== part.name)) return undefined;
          throw error;
        });
        if (gone === undefined) break;
        parts.push(part.name);
        events += gone;
      }
      return { parts, events };
    },

    async dropSealedLinks(store, limit) {
      const { position } = await begin(store);
      return position === 0 ? 0 : store.retention.dropLinks(position, limit);
    },
  };
}
