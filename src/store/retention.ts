import type { Knex } from 'knex';
import { CHAIN_LOCK, createAuditStore, type AuditStore } from './audit.ts';
import { LOCK_TIMEOUT, PARTITIONS_LOCK, partsBefore, restOf } from './partitions.ts';
import { patiently } from './patiently.ts';

/** The last link of the audit chain whose event is gone. */
export interface Sealed {
  readonly position: number;
  readonly hash: Buffer;
  /** Events of before this were removed. */
  readonly before: Date;
  /** How many, with this seal. */
  readonly events: number;
  readonly at: Date;
}

/** @param seal  over all of it and the seal before, by a key that is not in the database. */
export type Seal = Sealed & { readonly seal: Buffer };

/** The oldest part of the audit log, which goes, as it was found by whoever looked through the chain. */
export interface Removal {
  readonly part: string;
  /** The beginning of what stays. */
  readonly before: Date;
  /** Where the chain began meanwhile; 0 at its first link. */
  readonly sealedAt: number;
  /** Up to where the chain was looked through for such events; who writes waits while the rest is. */
  readonly end: number;
  /** Events of the part that stand behind the cut, and stay. */
  readonly late: readonly string[];
  /** Events that stay although their links go: they get others. */
  readonly relinked: readonly string[];
  /** Undefined where no link goes. */
  readonly seal: Seal | undefined;
}

const LOG = 'audit_log';
const EVIDENCE = 'verification_log';
const STRETCH = 5000;
/**
 * So many of the last events that go, and as many of the first that stay, say where in the chain that is. A few of them
 * may be of wrong clocks.
 */
const ASKED = 50;
const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * The rest refuses changes like every part: what is moved or removed by this file is let through for this transaction.
 */
async function withRest(trx: Knex, work: (rest: string) => Promise<unknown>): Promise<void> {
  const rest = restOf(LOG);
  await trx.raw('alter table ?? disable trigger ??', [rest, `${rest}_append_only`]);
  await work(rest);
  await trx.raw('alter table ?? enable trigger ??', [rest, `${rest}_append_only`]);
}

/**
 * The last link before one that stays, so that the fewest are on the wrong side of it: those that stay and come before,
 * those that go and come behind.
 */
function fairestCut(going: readonly number[], staying: readonly number[]): number | undefined {
  let best: { readonly cut: number; readonly wrong: number } | undefined;
  for (const [before, position] of staying.toSorted((a, b) => a - b).entries()) {
    const wrong = before + going.filter((other) => other > position).length;
    if (best === undefined || wrong <= best.wrong) best = { cut: position - 1, wrong };
  }
  return best?.cut;
}

export type RetentionStore = ReturnType<typeof createRetentionStore>;

/**
 * What becomes of the audit log and the evidence when their time is over: whole parts go, and the chain begins at a
 * seal.
 */
export function createRetentionStore(db: Knex) {
  const sealsIn = async (at: Knex): Promise<readonly Seal[]> => {
    const rows = await at('audit_seals')
      .orderBy('position')
      .select<(Omit<Seal, 'position' | 'events'> & { position: number | string; events: number | string })[]>();
    return rows.map((row) => ({ ...row, position: Number(row.position), events: Number(row.events) }));
  };

  return {
    /** Oldest first: each covers the one before. */
    seals: () => sealsIn(db),

    /** Parts of the log whose events are all of before that, oldest first. */
    parts: (before: Date) => partsBefore(db, LOG, before),

    /**
     * The last link of before that, as the events right before and after have it. Where exactly it lies decides about
     * nothing but the work: who stands on the wrong side of it is looked at one by one.
     *
     * @returns undefined where there is no event since.
     */
    async cut(before: Date): Promise<number | undefined> {
      const { rows } = await db.raw<{ rows: { position: number | string; stays: boolean }[] }>(
        `select c.position, true as stays from (select id from audit_log where at >= :before order by at, id limit :asked) e join audit_chain c on c.event_id = e.id
         union all
         select c.position, false from (select id from audit_log where at < :before order by at desc, id desc limit :asked) e join audit_chain c on c.event_id = e.id`,
        { before, asked: ASKED },
      );
      const positions = (stays: boolean): readonly number[] =>
        rows.filter((row) => row.stays === stays).map(({ position }) => Number(position));
      return fairestCut(positions(false), positions(true));
    },

    /**
     * Looks through a stretch of a part, by id, for events that are chained beyond the cut.
     *
     * @param after the id at which the stretch before ended.
     * @returns     those events, of how many, and where this stretch ends (undefined: there are no more).
     */
    async beyond(
      part: string,
      cut: number,
      after?: string,
    ): Promise<{ readonly ids: readonly string[]; readonly seen: number; readonly last: string | undefined }> {
      const { rows } = await db.raw<{ rows: { ids: string[] | null; seen: number; last: string | null }[] }>(
        `select array_agg(e.id) filter (where c.position is null or c.position > ?) as ids, count(*)::int as seen, max(e.id::text collate "C") as last
           from (select id, at from ?? where id > ? order by id limit ?) e left join audit_chain c on c.event_id = e.id and coalesce(c.event_at, e.at) = e.at`,
        [cut, part, after ?? NO_ID, STRETCH],
      );
      return { ids: rows[0]?.ids ?? [], seen: rows[0]?.seen ?? 0, last: rows[0]?.last ?? undefined };
    },

    /**
     * Looks through a stretch of the chain for events of the part: what was chained while the part was looked through,
     * which may have taken nights.
     *
     * @param before what stays begins there.
     * @param after  the position at which the stretch before ended.
     * @returns      those events, of how many links, and where this stretch ends.
     */
    async since(
      part: string,
      before: Date,
      after: number,
    ): Promise<{ readonly ids: readonly string[]; readonly seen: number; readonly last: number }> {
      const { rows } = await db.raw<{ rows: { ids: string[] | null; seen: number; last: number | string | null }[] }>(
        `with stretch as materialized (select position, event_id, event_at from audit_chain where position > ? order by position limit ?)
         select (select array_agg(e.id) from stretch s join ?? e on e.id = s.event_id where s.event_at is null or s.event_at < ?) as ids,
                (select count(*)::int from stretch) as seen, (select max(position) from stretch) as last`,
        [after, STRETCH, part, before],
      );
      return { ids: rows[0]?.ids ?? [], seen: rows[0]?.seen ?? 0, last: Number(rows[0]?.last ?? after) };
    },

    /**
     * Removes the part and lays the seal, all at once: nobody ever sees the one without the other. Who writes meanwhile
     * waits for a moment.
     *
     * @param andThen  what else belongs to it, in the same transaction and alone at the chain.
     * @returns        false where somebody else has done it already.
     */
    remove: (
      { part, before, sealedAt, end, late, relinked, seal }: Removal,
      andThen: (tx: { readonly audit: AuditStore }) => Promise<unknown>,
    ): Promise<boolean> =>
      patiently(() =>
        db.transaction(async (trx) => {
          await trx.raw(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
          await trx.raw(`select pg_advisory_xact_lock(${PARTITIONS_LOCK}), pg_advisory_xact_lock(${CHAIN_LOCK})`);
          await trx.raw('lock table only ?? in access exclusive mode', [LOG]);
          const there = (await partsBefore(trx, LOG, before)).map(({ name }) => name);
          const newest = (await sealsIn(trx)).at(-1);
          if ((newest?.position ?? 0) !== sealedAt || !there.includes(part)) return false;

          if (seal !== undefined) await trx('audit_seals').insert(seal);
          await trx.raw('alter table ?? detach partition ??', [LOG, part]);
          // Written long after their time, by a clock that was wrong: they are as young as their links.
          await trx.raw(
            // By their times, where those are known: what was written today is looked for in no month of years ago.
            `insert into ?? select * from ?? where id in (select unnest(?::uuid[])
               union select event_id from audit_chain where position > ? and (event_at is null or event_at < ?)
               union select event_id from audit_unchained where at is null or at < ?)`,
            [restOf(LOG), part, [...late], end, before, before],
          );
          await trx.raw('drop table ??', [part]);
          if (seal !== undefined) {
            await withRest(trx, (rest) =>
              trx.raw(
                'delete from ?? e using audit_chain c where c.event_id = e.id and coalesce(c.event_at, e.at) = e.at and c.position <= ? and e.at < ?',
                [rest, seal.position, before],
              ),
            );
            // For as long as this transaction they wait like any other: whoever lays the new links finds the times of
            // the events there.
            await trx.raw(
              'with gone as (delete from audit_chain where event_id = any(?::uuid[]) returning event_id, event_at) insert into audit_unchained (event_id, at) select event_id, event_at from gone on conflict do nothing',
              [[...relinked]],
            );
          }
          await andThen({ audit: createAuditStore(trx) });
          return true;
        }),
      ),

    /**
     * The first link that is there, up to that one; undefined where all of them are gone. They go in their order, so some
     * thirty looks at one position find it. To look from the beginning would meet all that were ever deleted and not
     * cleared away since: vacuum comes when a fifth of the chain has changed, which takes a year of removals.
     */
    async firstLink(upTo: number): Promise<number | undefined> {
      const isThere = async (position: number): Promise<boolean> =>
        (await db('audit_chain').where({ position }).first('position')) !== undefined;
      if (!(await isThere(upTo))) return undefined;
      let [gone, there] = [0, upTo];
      while (there - gone > 1) {
        const middle = Math.floor((gone + there) / 2);
        if (await isThere(middle)) there = middle;
        else gone = middle;
      }
      return there;
    },

    /** Takes away these links. What is not sealed the database keeps, whoever asks. @returns how many. */
    async dropLinks(from: number, upTo: number): Promise<number> {
      const { rowCount } = await db.raw<{ rowCount: number }>(
        'delete from audit_chain where position between ? and ?',
        [from, upTo],
      );
      return rowCount;
    },

    /** Removes the evidence of before that, part by part. @returns the names of the parts. */
    removeEvidence: (before: Date): Promise<readonly string[]> =>
      patiently(() =>
        db.transaction(async (trx) => {
          await trx.raw(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
          await trx.raw(`select pg_advisory_xact_lock(${PARTITIONS_LOCK})`);
          const names = (await partsBefore(trx, EVIDENCE, before)).map(({ name }) => name);
          for (const name of names) await trx.raw('drop table ??', [name]);
          if (names.length > 0) await trx(restOf(EVIDENCE)).where('at', '<', before).delete();
          return names;
        }),
      ),
  };
}
