import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { AccountId } from '../domain/account.ts';
import type { LogEvent } from '../domain/log-event.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Counters, Limit } from '../ports/counters/counters.ts';
import type { Random } from '../ports/random/random.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { createChain, type ChainPlace, type Verdict } from './chain.ts';
import { createChainChecks, type ChainChecks } from './check.ts';
import type { EventCatalogue, EventType } from './events.ts';
import { createMarks, createWalkNotes, type Marks, type WalkNotes } from './progress.ts';
import { createRetire, type Retired } from './retire.ts';

export interface Subject {
  readonly accountId?: AccountId | undefined;
  readonly clientId?: string | undefined;
  /** A device of the account, by keyed hash, which is remembered in the same step. */
  readonly device?: Buffer | undefined;
}

export interface Audit {
  /** Writes the event in the caller's transaction: what did not happen is not remembered, what happened is. */
  record<Type extends EventType>(
    tx: Pick<Store, 'audit'>,
    type: Type,
    details: EventCatalogue[Type],
    subject?: Subject,
  ): Promise<void>;
  /**
   * For refusals by a limit, where nothing was looked at: the first of an hour is remembered, repeats are only logged.
   * Otherwise anybody could make the table, from which nothing can be removed, as long as he likes.
   *
   * Not within a transaction: the count has a connection of its own.
   *
   * @param per  what was limited, in parts; kept as a keyed hash only.
   * @param most of whoever the first part names so many of that type in an hour, though no two are the same.
   */
  recordOnce<Type extends EventType>(
    store: Pick<Store, 'audit'>,
    per: readonly string[],
    type: Type,
    details: EventCatalogue[Type],
    subject?: Subject,
    most?: number,
  ): Promise<void>;
  /** Lays the chain over events written since. @returns how many. */
  chain(store: Store): Promise<number>;
  /** So many at one call: where it was fewer, none waits any more. */
  readonly mostChained: number;
  /**
   * @returns the position of the first link that does not fit, the one after the last where an event was put in beside
   *          the chain, or undefined when the chain is whole.
   */
  verify(store: Store): Promise<number | undefined>;
  /**
   * Removes whole parts of the log whose time is over.
   *
   * @param before  the end of that time.
   * @param gone    told of each: what was removed before the signal ended it is gone.
   * @throws {ChainBroken} before anything is removed.
   */
  retire(store: Store, before: Date, signal?: AbortSignal, gone?: (part: string) => void): Promise<Retired>;
  /**
   * Takes away links whose events are gone, so many at most.
   * @param from  what the call before said is next.
   * @throws {ChainBroken} where a seal is not ours: what it stands for is still to be looked into.
   * @returns how many, and where to go on; undefined where none is left.
   */
  dropSealedLinks(
    store: Store,
    limit: number,
    from?: number,
  ): Promise<{ readonly links: number; readonly next: number | undefined }>;
  /** Of the walk that goes on for ever. */
  readonly walk: WalkNotes;
  /** Of the whole chain, which an operator or a machine asks for and a job does. */
  readonly checks: ChainChecks;
  /** For a walk that an operator interrupts. */
  readonly marks: Marks;
  /**
   * Verifies one stretch of the chain, then of the events beside it. @returns where the next begins (undefined: that
   * was the end), or what `verify` finds.
   */
  verifyNext(store: Store, after?: ChainPlace): Promise<Verdict>;
}

const BATCH = 500;
/**
 * An event is written in the transaction of a request: a time further than this from the database's was not told by a
 * right clock.
 */
const MISDATED_MS = 600_000;
const ONCE: Limit = { name: 'audit.once', points: 1, windowSeconds: 3600 };

export interface AuditDeps {
  readonly keyedHash: KeyedHash;
  readonly counters: Pick<Counters, 'take'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * The audit log. The hash of each link is keyed and covers the one before: who can write to the database but has not
 * the keyring can neither change nor drop an event without breaking the chain.
 */
export function createAudit({ keyedHash, counters, clock, random, log }: AuditDeps): Audit {
  const chain = createChain(keyedHash);

  function tell(type: EventType, details: object, { accountId, clientId }: Subject): void {
    log.info({ event: type, accountId, clientId, ...details });
  }

  const record: Audit['record'] = async (tx, type, details, subject = {}) => {
    await tx.audit.append(
      { id: random.uuid(), at: clock.now(), type, accountId: subject.accountId, clientId: subject.clientId, details },
      subject.device,
    );
    tell(type, details, subject);
  };

  return {
    record,
    verifyNext: chain.verifyNext,
    verify: chain.verify,
    ...createRetire({ chain, record, keyedHash, clock }),
    checks: createChainChecks({ keyedHash, clock, random, record }),
    marks: createMarks({ keyedHash, clock }),
    walk: createWalkNotes({ keyedHash, clock }),

    async recordOnce(store, per, type, details, subject = {}, most) {
      const isBeyond = async (limit: Limit, purpose: string, parts: readonly string[]): Promise<boolean> =>
        (await counters.take(limit, keyedHash.hash(purpose, type, ...parts).toString('base64url'))).refused;
      const isKnown = await isBeyond(ONCE, 'audit-once', per);
      if (
        isKnown ||
        (most !== undefined &&
          (await isBeyond({ ...ONCE, name: 'audit.most', points: most }, 'audit-most', per.slice(0, 1))))
      )
        tell(type, details, subject);
      else await record(store, type, details, subject);
    },

    mostChained: BATCH,

    async chain(store) {
      return store.transaction(async (tx) => {
        // Every instance comes this far; one of them reads what waits.
        if (!(await tx.audit.lockChain())) return 0;
        const [rows, end] = await Promise.all([tx.audit.unchained(BATCH), tx.audit.chainEnd()]);
        if (rows.length === 0) return 0;
        const misdated = rows.filter(({ at, since }) => Math.abs(at.getTime() - since.getTime()) > MISDATED_MS);
        if (misdated.length > 0)
          log.warn(
            { event: 'audit.chain.misdated' satisfies LogEvent, count: misdated.length, first: misdated[0]?.id },
            'events bear a time far from that of the database',
          );
        tx.also(chain.lay(tx, rows, end));
        // An hour after a day has ended it is counted for the reports: what is written to it later has to be told.
        const late = misdated.filter(({ at, since }) => at < since).map(({ at }) => at);
        if (late.length > 0) tx.also(tx.reportDays.noteLate(late));
        return rows.length;
      });
    },
  };
}
