import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Clock } from '../ports/clock/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { READS_ONLY, ReadsOnly } from './read-only.ts';

/** What instances hold in memory and must let go when it changes: the rows of `change_marks`. */
export type Topic = 'clients' | 'apis';

export interface Changes {
  /**
   * Changes whenever something of the topic has changed: what was read under another mark is not good any more.
   * Undefined while nobody can tell, because the database has not been heard for a while.
   */
  mark(topic: Topic): number | undefined;
  /**
   * Tells of each account whose sign-ins may count no more, as soon as that is committed anywhere. A notice may be
   * lost: nothing may hang on it for longer than a moment.
   */
  onAccountChange(listener: (accountId: string) => void): void;
  /** How far the clock of this process is ahead of that of the database, as it was last seen. */
  clockAheadMs(): number | undefined;
  /**
   * Looks for changes now, and not at the next turn. Resolves when the answer is there; while the database is away, at
   * once.
   */
  look(): Promise<void>;
  close(): Promise<void>;
}

export interface ChangesDeps {
  /** Straight to PostgreSQL: a pooler hands notices to nobody. Through one, changes are seen by looking alone. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'info'>;
  /** How often it looks, in milliseconds, besides being told. */
  readonly everyMs?: number;
}

const EVERY_MS = 500;
/** What was certain this long ago is certain no more: a change acts everywhere within this time, whatever is lost. */
const CERTAIN_MS = 1500;
/** A connection that does not answer for so long is given up. */
const ANSWER_MS = 1000;
const AGAIN_MS = 250;
/** Before the id of an account in a notice of its own: there are too many accounts for a mark. */
const ACCOUNT = 'account ';

/**
 * Hears what other instances change. PostgreSQL tells by a notice as soon as a change is committed, and as a notice can
 * be lost without anybody knowing (the connection breaks, a pooler swallows it), the marks are looked at twice a second
 * besides, on the same connection: a notice makes it quick, looking makes it certain.
 */
export function watchChanges({ url, clock, log, everyMs = EVERY_MS }: ChangesDeps): Changes {
  const marks = new Map<string, number>();
  const accountListeners = new Set<(accountId: string) => void>();
  const versions = new Map<string, string>();
  const closing = new AbortController();
  let certainAt: number | undefined;
  let aheadMs: number | undefined;
  let current: pg.Client | undefined;

  const move = (topic: string): void => {
    marks.set(topic, (marks.get(topic) ?? 0) + 1);
  };

  async function lookAt(client: pg.Client): Promise<void> {
    const askedAt = clock.now().getTime();
    const { rows } = await client.query<{ topic: string; version: string; now: Date; reads_only: boolean }>(
      `select topic, version::text, clock_timestamp() as now, ${READS_ONLY} as reads_only from change_marks`,
    );
    const [first] = rows;
    // There nothing changes, whatever changes elsewhere.
    if (first?.reads_only === true) throw new ReadsOnly();
    if (first !== undefined) aheadMs = (askedAt + clock.now().getTime()) / 2 - first.now.getTime();
    for (const { topic, version } of rows) {
      if (versions.get(topic) !== version) move(topic);
      versions.set(topic, version);
    }
    certainAt = askedAt;
  }

  const pause = (ms: number): Promise<unknown> =>
    delay(ms, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);

  async function hear(client: pg.Client, begun: () => void): Promise<void> {
    // Said by the next question as well; without a listener it would end the process.
    client.on('error', () => undefined);
    client.on('notification', ({ payload = '' }) => {
      const accountId = payload.startsWith(ACCOUNT) ? payload.slice(ACCOUNT.length) : undefined;
      if (accountId === undefined) move(payload);
      else for (const listener of accountListeners) listener(accountId);
    });
    await client.connect();
    await client.query('listen sso_changes');
    current = client;
    begun();
    while (!closing.signal.aborted) {
      await lookAt(client);
      await pause(everyMs);
    }
  }

  async function watch(): Promise<void> {
    let isAway = false;
    while (!closing.signal.aborted) {
      const client = new pg.Client({
        connectionString: url,
        application_name: 'siapkerja-sso changes',
        connectionTimeoutMillis: 5000,
        query_timeout: ANSWER_MS,
        keepAlive: true,
      });
      try {
        await hear(client, () => {
          if (isAway) log.info({}, 'changes of other instances are heard again');
          isAway = false;
        });
      } catch (error) {
        if (!isAway)
          log.warn(
            { err: error },
            'changes of other instances are not heard; what is held in memory is read anew every two seconds',
          );
        isAway = true;
      } finally {
        current = undefined;
        await client.end().catch(() => undefined);
      }
      await pause(AGAIN_MS);
    }
  }

  const watching = watch();
  return {
    mark(topic) {
      const age = certainAt === undefined ? undefined : clock.now().getTime() - certainAt;
      // A clock that was set back must not make it certain for ever.
      return age !== undefined && age >= 0 && age < CERTAIN_MS ? (marks.get(topic) ?? 0) : undefined;
    },
    onAccountChange(listener) {
      accountListeners.add(listener);
    },
    clockAheadMs: () => aheadMs,
    async look() {
      if (current !== undefined) await lookAt(current).catch(() => undefined);
    },
    async close() {
      closing.abort();
      await watching;
    },
  };
}
