import type { Knex } from 'knex';
import { getConstructionPlans, PgBoss, type Job as Turn } from 'pg-boss';
import { takeBackFuture } from './job-clock.ts';
import { sqlOf } from './knex.ts';

const SCHEMA = 'jobs';

/** The tables of the queue, as SQL that opens and ends a transaction of its own. */
export const jobQueueTables = (): string => getConstructionPlans(SCHEMA);

/** Something that is done once in each period, by whichever instance comes first. */
export interface PeriodicJob {
  readonly label: string;
  /** When, as a crontab says it, by the clock of the database and in UTC. */
  readonly cron: string;
  /** How far its turns lie apart by that. */
  readonly everySeconds: number;
  /** A run that takes longer is taken for dead, and begun anew. */
  readonly longestSeconds: number;
  /** Its next run goes on where this one is: it is told when the process ends, and not waited for until it is done. */
  readonly goesOn?: boolean;
  /** @param signal  the run has taken too long. */
  run(signal: AbortSignal): Promise<unknown>;
}

/** How a job stands, over all instances. */
export interface JobStanding {
  readonly label: string;
  readonly cron: string;
  readonly running: boolean;
  /** Since when a run waits to be taken, where one does. */
  readonly waitingSince: Date | undefined;
  readonly lastDoneAt: Date | undefined;
  /**
   * When a run should have come to its end: one that is at work has the time that it may take. Undefined where no
   * instance has ever started.
   */
  readonly dueAt: Date | undefined;
  readonly lastFailedAt: Date | undefined;
  readonly lastError: string | undefined;
}

export interface JobQueue {
  /** Takes part in the work: hands out turns by the clock of the database, and does those that come. */
  start(): Promise<void>;
  /** Begins nothing more and waits for what is running. */
  stop(): Promise<void>;
  /** Gives back the turns of processes that died; it does so by itself twice a minute. */
  tidy(): Promise<void>;
  /**
   * Takes back what a clock of the database that was ahead has left in times to come, and what would wait for them.
   * @returns whether there was any.
   */
  setRight(): Promise<boolean>;
  standings(): Promise<readonly JobStanding[]>;
  /** Has the job done as soon as an instance looks for turns, unless a turn waits or runs already. */
  ask(label: string): Promise<void>;
  /** Does the job now, here. @returns false where it is running already, or waits to be taken elsewhere. */
  runNow(label: string): Promise<boolean>;
}

export interface JobQueueDeps {
  readonly knex: Knex;
  readonly jobs: readonly PeriodicJob[];
  /** Told of each run that ended here. */
  readonly ended: (run: { readonly label: string; readonly seconds: number; readonly error?: unknown }) => void;
  /** What goes wrong between the runs: the database is away, mostly. */
  readonly trouble: (error: unknown) => void;
  /** How often a run that was asked for says that it is still at work. */
  readonly beatMs?: number;
}

/** A process that dies in the middle of a run says nothing for so long, and somebody else begins anew. */
const SILENT_SECONDS = 60;
/** Two may be lost. */
const BEAT_MS = SILENT_SECONDS * 333;
const POLL_SECONDS = 10;
const GRACE_MS = 10_000;

/**
 * Periodic jobs on pg-boss. A turn is a row: one at most waits or runs of each job, over all instances; a failed one is
 * tried again, and one whose process was killed is begun anew. No turn carries data.
 */
export function createJobQueue({ knex, jobs, ended, trouble, beatMs = BEAT_MS }: JobQueueDeps): JobQueue {
  const boss = new PgBoss({
    db: { executeSql: sqlOf(knex) },
    schema: SCHEMA,
    superviseIntervalSeconds: 30,
    monitorIntervalSeconds: 30,
    monitorVacuum: false,
    reindex: false,
  });
  boss.on('error', trouble);
  const stopping = new AbortController();
  let isStarted = false;

  async function work(job: PeriodicJob, signal: AbortSignal): Promise<void> {
    const { label } = job;
    const begunAt = performance.now();
    const seconds = (): number => (performance.now() - begunAt) / 1000;
    try {
      await job.run(job.goesOn === true ? AbortSignal.any([signal, stopping.signal]) : signal);
    } catch (error) {
      ended({ label, seconds: seconds(), error });
      // What an exception carries of a statement has no place in the table of turns: its name tells enough, the log has
      // the rest.
      // eslint-disable-next-line preserve-caught-error -- the library writes the cause down as well
      throw new Error(error instanceof Error ? error.name : 'failed');
    }
    ended({ label, seconds: seconds() });
  }

  const prepare = async ({ label, longestSeconds }: PeriodicJob): Promise<void> => {
    const terms = {
      retryLimit: 3,
      retryDelay: 30,
      retryBackoff: true,
      expireInSeconds: longestSeconds,
      heartbeatSeconds: SILENT_SECONDS,
      deleteAfterSeconds: 14 * 86_400,
    };
    await boss.createQueue(label, { policy: 'exclusive', ...terms });
    // One that a release before has made keeps its own terms otherwise.
    await boss.updateQueue(label, terms);
  };

  function jobOf(label: string): PeriodicJob {
    const job = jobs.find((one) => one.label === label);
    if (job === undefined) throw new Error(`no job is called ${label}`);
    return job;
  }

  return {
    async start() {
      await boss.start();
      isStarted = true;
      await takeBackFuture(sqlOf(knex), SCHEMA);
      for (const job of jobs) {
        await prepare(job);
        await boss.schedule(job.label, job.cron);
        await boss.work(job.label, { pollingIntervalSeconds: POLL_SECONDS }, async (turns: Turn[]) => {
          for (const turn of turns) await work(job, turn.signal);
        });
      }
    },

    async stop() {
      stopping.abort();
      if (isStarted) await boss.stop({ graceful: true, timeout: GRACE_MS });
    },

    tidy: () => boss.supervise(),

    setRight: async () => (await takeBackFuture(sqlOf(knex), SCHEMA)) > 0,

    async standings() {
      // A run that ended in time to come tells of a clock of the database that was ahead, and not that all is done
      // until then.
      const { rows } = await sqlOf(knex)(
        `select q.name, q.created_on as known_since, bool_or(state = 'active') as running, min(start_after) filter (where state in ('created', 'retry')) as waiting_since,
                max(completed_on) filter (where state = 'completed' and completed_on <= now() + interval '1 minute') as last_done_at, max(completed_on) filter (where state = 'failed') as last_failed_at,
                (array_agg(output ->> 'message' order by completed_on desc) filter (where state = 'failed'))[1] as last_error
         from ${SCHEMA}.queue q left join ${SCHEMA}.job j on j.name = q.name where q.name = any($1) group by q.name, q.created_on`,
        [jobs.map(({ label }) => label)],
      );
      const found = new Map(rows.map((row) => [row.name, row]));
      return jobs.map(({ label, cron, everySeconds, longestSeconds }) => {
        const row = found.get(label) ?? {};
        const since = (row.last_done_at ?? row.known_since ?? undefined) as Date | undefined;
        return {
          label,
          cron,
          running: row.running === true,
          waitingSince: (row.waiting_since ?? undefined) as Date | undefined,
          lastDoneAt: (row.last_done_at ?? undefined) as Date | undefined,
          dueAt:
            since === undefined
              ? undefined
              : new Date(since.getTime() + (everySeconds + (row.running === true ? longestSeconds : 0)) * 1000),
          lastFailedAt: (row.last_failed_at ?? undefined) as Date | undefined,
          lastError: (row.last_error ?? undefined) as string | undefined,
        };
      });
    },

    async ask(label) {
      await prepare(jobOf(label));
      await boss.send(label);
    },

    async runNow(label) {
      const job = jobOf(label);
      await prepare(job);
      await boss.send(label);
      const [turn] = await boss.fetch(label);
      if (turn === undefined) return false;
      // The library says so by itself of runs that it hands out. Silent, a long one would be begun anew by an instance
      // while it is at work here.
      const beating = setInterval(() => {
        boss.touch(label, turn.id).catch(trouble);
      }, beatMs);
      try {
        await work(job, AbortSignal.timeout(job.longestSeconds * 1000));
      } catch (error) {
        await boss.fail(label, turn.id, { message: (error as Error).message });
        throw error;
      } finally {
        clearInterval(beating);
      }
      await boss.complete(label, turn.id);
      return true;
    },
  };
}
