import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { AuditRow, ChainedRow } from '../store/audit.ts';
import type { Seal, Sealed } from '../store/retention.ts';
import type { Store } from '../store/store.ts';

/** A link that fits. */
export interface ChainLink {
  readonly position: number;
  readonly hash: Buffer;
}

/**
 * How far a walk along the chain has come: to a link that fits; or, past the last of `length` links, to an event that
 * does not stand beside it.
 */
export type ChainPlace = ChainLink | { readonly length: number; readonly event: string };

/** The last link that was looked at. */
export const positionOf = (place: ChainPlace): number => ('hash' in place ? place.position : place.length);

export interface Verdict {
  /**
   * The position of the first link that does not fit, the one after the last where an event was put in beside the
   * chain.
   */
  readonly brokenAt?: number;
  /** Where the next stretch begins; undefined at the end. */
  readonly next?: ChainPlace;
}

/** Where the chain begins: before its first link, or at what was sealed of those that are gone. */
export type Beginning = {
  readonly position: number;
  readonly hash: Buffer | undefined;
  readonly seal: Seal | undefined;
};

const BATCH = 500;
/** Events looked through at once for such as are beside the chain: nothing but indexes is read. */
const STRETCH = 5000;

/** One spelling for one event, whatever order the database gives the details in. */
function canonical(row: AuditRow): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, sorted(item)]),
    );
  };
  return JSON.stringify([
    row.id,
    row.at.toISOString(),
    row.type,
    row.accountId ?? null,
    row.clientId ?? null,
    sorted(row.details),
  ]);
}

export type Chain = ReturnType<typeof createChain>;

/**
 * The chain over the events: each link covers the one before, the first that is there the seal of those that are gone.
 */
export function createChain(keyedHash: KeyedHash) {
  const hex = (bytes: Buffer | undefined): string => bytes?.toString('hex') ?? '';
  const linkOf = (previous: Buffer | undefined, position: number, row: AuditRow): Buffer =>
    keyedHash.hash('audit-chain', hex(previous), String(position), canonical(row));
  const sealOf = (previous: Seal | undefined, { position, hash, before, events, at }: Sealed): Buffer =>
    keyedHash.hash(
      'audit-seal',
      hex(previous?.seal),
      String(position),
      hex(hash),
      before.toISOString(),
      String(events),
      at.toISOString(),
    );

  /** @returns where the chain begins, or the position of a seal that is not ours. */
  async function begin(store: Pick<Store, 'retention'>): Promise<Beginning | { readonly brokenAt: number }> {
    let newest: Seal | undefined;
    for (const seal of await store.retention.seals()) {
      if (!keyedHash.equal(sealOf(newest, seal), seal.seal)) return { brokenAt: seal.position };
      newest = seal;
    }
    return { position: newest?.position ?? 0, hash: newest?.hash, seal: newest };
  }

  /**
   * Verifies the links after one that fits, so many at most. @returns those that fit, and the position of the first
   * that does not.
   */
  async function stretch(
    store: Pick<Store, 'audit'>,
    after: Pick<Beginning, 'position' | 'hash'>,
    most = BATCH,
  ): Promise<{ readonly rows: readonly ChainedRow[]; readonly brokenAt?: number }> {
    let { position, hash } = after;
    const rows: ChainedRow[] = [];
    for (const { event, ...link } of await store.audit.chained(position, most)) {
      if (
        event === undefined ||
        link.position !== position + 1 ||
        !keyedHash.equal(linkOf(hash, link.position, event), link.hash)
      )
        return { rows, brokenAt: position + 1 };
      rows.push({ ...event, ...link });
      ({ position, hash } = link);
    }
    return { rows };
  }

  async function lookBeside(store: Pick<Store, 'audit'>, length: number, after?: string): Promise<Verdict> {
    const { found, last } = await store.audit.strays(after, STRETCH);
    if (found) return { brokenAt: length + 1 };
    return last === undefined ? {} : { next: { length, event: last } };
  }

  async function verifyNext(store: Pick<Store, 'audit' | 'retention'>, after?: ChainPlace): Promise<Verdict> {
    if (after !== undefined && 'event' in after) return lookBeside(store, after.length, after.event);
    const beginning = await begin(store);
    if ('brokenAt' in beginning) return beginning;
    const from = after !== undefined && after.position > beginning.position ? after : beginning;
    const { rows, brokenAt } = await stretch(store, from);
    if (brokenAt !== undefined) {
      // What was there a moment ago may have been sealed and removed since.
      const since = await begin(store);
      return 'hash' in since && since.hash !== undefined && since.position > beginning.position
        ? { next: { position: since.position, hash: since.hash } }
        : { brokenAt };
    }
    const last = rows.at(-1);
    return last === undefined
      ? lookBeside(store, from.position)
      : { next: { position: last.position, hash: last.hash } };
  }

  async function verify(store: Pick<Store, 'audit' | 'retention'>): Promise<number | undefined> {
    for (let place: ChainPlace | undefined; ;) {
      const { brokenAt, next } = await verifyNext(store, place);
      if (brokenAt !== undefined || next === undefined) return brokenAt;
      place = next;
    }
  }

  return {
    begin,
    stretch,
    verifyNext,

    verify,

    /** Lays links over these events, behind the last. Whoever does so holds the chain until the transaction ends. */
    async lay(tx: Pick<Store, 'audit'>, rows: readonly AuditRow[], end: ChainLink | undefined): Promise<void> {
      let position = end?.position ?? 0;
      let previous = end?.hash;
      const links = [];
      for (const row of rows) {
        position += 1;
        previous = linkOf(previous, position, row);
        links.push({ position, eventId: row.id, hash: previous });
      }
      await tx.audit.chain(links);
    },

    seal: (previous: Seal | undefined, facts: Sealed): Seal => ({ ...facts, seal: sealOf(previous, facts) }),
  };
}
