import { questions } from './admin/reports/questions.ts';
import type { Core } from './core.ts';
import { checkChain } from './jobs/check-chain.ts';
import { earlierClock } from './jobs/earlier-clock.ts';
import { BATCHES_A_TURN, purge } from './jobs/purge.ts';
import { reencryptTurn } from './jobs/reencrypt.ts';
import { countedUntil, countReports } from './jobs/reports.ts';
import { retain, type RetentionDeps } from './jobs/retention.ts';
import { createKeyRotation } from './oidc/key-rotation.ts';
import { purgeCounters } from './ports/counters/postgres.ts';
import { recoveryRequestsOf } from './recovery-requests.ts';
import { isConnectionLost } from './store/reconnect.ts';
import { countedBy } from './store/report-questions.ts';
import { makeComingPartitions } from './store/partitions.ts';
import { sealedColumns } from './store/sealed.ts';
import { createJobQueue, type JobQueue, type PeriodicJob } from './store/job-queue.ts';

const MINUTE = 60;
const QUARTER_HOUR = 900;
const HOUR = 3600;
const DAY = 86_400;
/**
 * A month of the audit log is verified before it goes, some thousand events a second. A turn is over after five hours
 * and a half, and the stretch that it is at: a run that is taken for dead would be tried again by day.
 */
const LONGEST_RETENTION = 6 * HOUR;
/** A turn is over after a quarter of an hour and the day that it is at. */
const LONGEST_COUNT = HOUR;

/** A turn is over after a quarter of an hour and the stretch that it is at. */
const LONGEST_CHECK = 2 * QUARTER_HOUR;

/** A turn is over after a quarter of an hour and the round that it is at. */
const LONGEST_MOVE = 2 * QUARTER_HOUR;

/** The check of the whole audit log that somebody asks for. */
export const CHECK_CHAIN = 'audit-check';

/**
 * What is done from time to time by one instance for all. Each may be done twice, and at the same time as itself: it
 * comes to the same end.
 */
const periodicJobs = (core: Core): readonly PeriodicJob[] => {
  const { config, store, audit, clock, knex, log, keyring, redisSealed } = core;
  const rotation = createKeyRotation(core);
  const asked = Object.values(questions);
  const { timeZone } = config.identity;
  const countedOf: RetentionDeps['countedUntil'] = (table) =>
    countedUntil({
      store,
      clock,
      timeZone,
      questions: asked.filter((question) => countedBy(question).table === table),
    });
  return [
    {
      label: 'purge',
      cron: '* * * * *',
      everySeconds: MINUTE,
      longestSeconds: QUARTER_HOUR,
      run: async (signal) =>
        purge(
          {
            store,
            clock: await earlierClock(core),
            deviceSeconds: config.lifetimes.deviceSeconds,
            formerAccountDays: config.lifetimes.formerAccountDays,
            recoveryRequestDays: config.recoveryRequests.keptDays,
            purgeCounters: (now, limit) => purgeCounters(knex, now, limit),
            isConnectionLost,
          },
          { signal, mostBatches: BATCHES_A_TURN },
        ),
    },
    {
      label: 'recovery-requests',
      cron: '* * * * *',
      everySeconds: MINUTE,
      longestSeconds: QUARTER_HOUR,
      run: async (signal) => recoveryRequestsOf(core, { clock: await earlierClock(core) }).settleDue(signal),
    },
    {
      label: 'partitions',
      cron: '17 * * * *',
      everySeconds: HOUR,
      longestSeconds: 300,
      run: async () => makeComingPartitions(knex, (await earlierClock(core)).now()),
    },
    // In the quiet of the night in Indonesia.
    {
      label: 'retention',
      cron: '41 18 * * *',
      everySeconds: DAY,
      longestSeconds: LONGEST_RETENTION,
      run: (signal) =>
        retain({ store, audit, clock, months: config.lifetimes.auditMonths, countedUntil: countedOf }, signal),
    },
    {
      label: 'reports',
      cron: '29 * * * *',
      everySeconds: HOUR,
      longestSeconds: LONGEST_COUNT,
      run: (signal) => countReports({ store, clock, questions: asked, timeZone }, signal),
    },
    { label: 'signing-keys', cron: '* * * * *', everySeconds: MINUTE, longestSeconds: 60, run: () => rotation.run() },
    {
      label: 're-encryption',
      cron: '* * * * *',
      everySeconds: MINUTE,
      longestSeconds: LONGEST_MOVE,
      goesOn: true,
      run: (signal) =>
        reencryptTurn(
          { store, columns: sealedColumns, others: redisSealed, doAllAgree: () => store.instances.allUse(keyring.ids) },
          signal,
        ),
    },
    // Nothing to do most of the time. The turn of each minute goes on with a check whose turn was cut off.
    {
      label: CHECK_CHAIN,
      cron: '* * * * *',
      everySeconds: MINUTE,
      longestSeconds: LONGEST_CHECK,
      goesOn: true,
      run: (signal) => checkChain({ audit, store, log }, signal),
    },
  ];
};

/** The periodic jobs, as the server runs them and the command line looks at them. */
export function createPeriodicJobs(core: Core): JobQueue {
  const { knex, log } = core;
  return createJobQueue({
    knex,
    jobs: periodicJobs(core),
    ended({ label, seconds, error }) {
      if (error === undefined)
        log.debug({ event: 'job.done', job: label, durationMs: Math.round(seconds * 1000) }, 'job done');
      else
        log.error(
          { event: 'job.failed', err: error, job: label, durationMs: Math.round(seconds * 1000) },
          'job failed',
        );
    },
    trouble: (error) => {
      log.warn({ err: error }, 'the queue of jobs is out of reach; it is looked at again');
    },
  });
}
