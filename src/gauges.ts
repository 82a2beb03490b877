import type { Server } from 'node:http';
import type { Container } from './container.ts';
import { openStates } from './domain/recovery-request.ts';
import { reportKeys, type KeyReport } from './oidc/key-rotation.ts';
import { inspectDatabase } from './store/inspect.ts';
import type { EventLoop } from './telemetry/event-loop.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Readiness } from './web/health.ts';
import type { Overload } from './web/overload.ts';

/**
 * One look for all figures that come of it: they are asked for at once, and whoever asks while it is under way gets the
 * same.
 */
function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let looking: Promise<T> | undefined;
  return () =>
    (looking ??= look().finally(() => {
      looking = undefined;
    }));
}

/** What the parts of a running process tell of themselves when somebody asks for the figures. */
export function watchGauges(
  metrics: Metrics,
  {
    config,
    store,
    knex,
    redis,
    clock,
    sms,
    passwords,
    registry,
    changes,
    chainWatch,
    jobs,
  }: Pick<
    Container,
    | 'changes'
    | 'chainWatch'
    | 'jobs'
    | 'config'
    | 'store'
    | 'knex'
    | 'redis'
    | 'clock'
    | 'sms'
    | 'passwords'
    | 'registry'
  >,
): void {
  const backlogs = shared(() => store.backlog.queues(clock.now()));
  const database = shared(() => inspectDatabase(knex, () => clock.now()));
  const keys = shared(() => reportKeys(store, config));
  const standings = shared(() => jobs.standings());

  const requests = shared(() => store.recoveryRequests.waiting());
  const openRequests = (valueOf: (waiting: { readonly count: number; readonly since: Date }) => number) => async () => {
    const found = await requests();
    return openStates.map((state) => {
      const waiting = found.find((one) => one.state === state);
      return { labels: { state }, value: waiting === undefined ? 0 : valueOf(waiting) };
    });
  };
  metrics.gauge(
    {
      name: 'sso_recovery_requests',
      help: 'Requests for an account without number and address that wait for an officer, or for their time.',
      labels: ['state'],
    },
    openRequests(({ count }) => count),
  );
  metrics.gauge(
    {
      name: 'sso_recovery_requests_oldest_seconds',
      help: 'How long ago the oldest of them was filed.',
      labels: ['state'],
    },
    openRequests(({ since }) => Math.max(0, (clock.now().getTime() - since.getTime()) / 1000)),
  );

  const queues = (value: 'waiting' | 'oldestSeconds') => async () =>
    (await backlogs()).map((backlog) => ({ labels: { queue: backlog.queue }, value: backlog[value] }));
  metrics.gauge(
    { name: 'sso_queue_waiting', help: 'Messages and logout notices that wait to be sent.', labels: ['queue'] },
    queues('waiting'),
  );
  metrics.gauge(
    { name: 'sso_queue_oldest_seconds', help: 'Since when the oldest of them waits.', labels: ['queue'] },
    queues('oldestSeconds'),
  );
  metrics.gauge(
    { name: 'sso_audit_chain_lag_seconds', help: 'By how much the chain of the audit log is behind its events.' },
    async () => [{ value: await store.backlog.auditChainLag() }],
  );
  metrics.gauge(
    { name: 'sso_audit_chain_broken', help: '1 when the chain of the audit log was found altered.' },
    () => [{ value: chainWatch.brokenAt() === undefined ? 0 : 1 }],
  );
  metrics.gauge(
    {
      name: 'sso_migrations',
      help: 'Migrations that the database still lacks (pending), and those of a newer release than this one (unknown).',
      labels: ['state'],
    },
    async () => {
      const { pendingMigrations, unknownMigrations } = await database();
      return [
        { labels: { state: 'pending' }, value: pendingMigrations.length },
        { labels: { state: 'unknown' }, value: unknownMigrations.length },
      ];
    },
  );
  metrics.gauge(
    { name: 'sso_clock_ahead_seconds', help: 'How far the clock of this machine is ahead of that of the database.' },
    async () => [{ value: -(await database()).clockAheadMs / 1000 }],
  );
  metrics.gauge(
    { name: 'sso_database_up', help: '1 when the database answers, within three seconds.', unanswered: 0 },
    async () => [
      {
        value: await store.ping().then(
          () => 1,
          () => 0,
        ),
      },
    ],
  );

  const ofCurrentKeys = (secondsOf: (key: KeyReport, now: number) => number) => async () =>
    (await keys())
      .filter(({ state }) => state === 'current')
      .map((key) => ({
        labels: { algorithm: key.algorithm },
        value: Math.round(secondsOf(key, clock.now().getTime())),
      }));
  metrics.gauge(
    { name: 'sso_signing_key_age_seconds', help: 'How long the key has signed that signs now.', labels: ['algorithm'] },
    ofCurrentKeys(({ promotedAt, publishedAt }, now) => (now - (promotedAt ?? publishedAt).getTime()) / 1000),
  );
  metrics.gauge(
    {
      name: 'sso_signing_key_rotation_seconds',
      help: 'When the next is to take over, from now; below 0 it is overdue.',
      labels: ['algorithm'],
    },
    ofCurrentKeys(({ rotationAt }, now) => ((rotationAt?.getTime() ?? now) - now) / 1000),
  );

  metrics.gauge(
    {
      name: 'sso_job_waiting_seconds',
      help: 'Since when a run of the job waits to be taken by an instance, over all instances.',
      labels: ['job'],
    },
    async () =>
      (await standings()).map(({ label, waitingSince }) => ({
        labels: { job: label },
        value: waitingSince === undefined ? 0 : Math.max(0, (clock.now().getTime() - waitingSince.getTime()) / 1000),
      })),
  );
  metrics.gauge(
    {
      name: 'sso_job_overdue_seconds',
      help: 'By how much a run of the job is later than its schedule, over all instances.',
      labels: ['job'],
    },
    async () =>
      (await standings()).map(({ label, dueAt }) => ({
        labels: { job: label },
        value: dueAt === undefined ? 0 : Math.max(0, (clock.now().getTime() - dueAt.getTime()) / 1000),
      })),
  );
  metrics.gauge(
    {
      name: 'sso_job_last_done_timestamp_seconds',
      help: 'When a run of the job last came to its end, on whichever instance; 0 where none has.',
      labels: ['job'],
    },
    async () =>
      (await standings()).map(({ label, lastDoneAt }) => ({
        labels: { job: label },
        value: (lastDoneAt?.getTime() ?? 0) / 1000,
      })),
  );
  metrics.gauge(
    {
      name: 'sso_changes_heard',
      help: '1 while this process hears what others change, 0 while it reads everything anew every two seconds.',
    },
    () => [{ value: changes.mark('clients') === undefined ? 0 : 1 }],
  );
  metrics.gauge(
    {
      name: 'sso_personal_data_outdated_rows',
      help: 'Accounts and second factors whose key lies under an older key of the keyring; of more than ten thousand about how many.',
    },
    async () => [{ value: await store.sealed.personalDataWaiting() }],
  );

  metrics.gauge(
    {
      name: 'sso_database_connections',
      help: 'Connections of the pool in use, free, and callers that wait for one.',
      labels: ['state'],
    },
    () => {
      const { pool } = knex.client as { pool: { numUsed(): number; numFree(): number; numPendingAcquires(): number } };
      return [
        { labels: { state: 'used' }, value: pool.numUsed() },
        { labels: { state: 'free' }, value: pool.numFree() },
        { labels: { state: 'waiting' }, value: pool.numPendingAcquires() },
      ];
    },
  );
  if (redis !== undefined) {
    metrics.gauge(
      { name: 'sso_redis_up', help: '1 when Redis answers, within three seconds.', unanswered: 0 },
      async () => [
        {
          value: await redis.ping().then(
            () => 1,
            () => 0,
          ),
        },
      ],
    );
    metrics.gauge({ name: 'sso_redis_commands_pending', help: 'Commands that wait for an answer of Redis.' }, () => [
      { value: redis.pending() },
    ]);
    metrics.gauge(
      {
        name: 'sso_redis_memory_bytes',
        help: 'Memory of Redis in use and its limit (0: none), over all masters.',
        labels: ['kind'],
      },
      async () => {
        const nodes = await redis.inspect();
        return [
          { labels: { kind: 'used' }, value: nodes.reduce((sum, { usedBytes }) => sum + usedBytes, 0) },
          { labels: { kind: 'limit' }, value: nodes.reduce((sum, { limitBytes }) => sum + limitBytes, 0) },
        ];
      },
    );
  }
  metrics.gauge(
    { name: 'sso_password_lane', help: 'Passwords being hashed, and those that wait for a slot.', labels: ['state'] },
    () => {
      const { running, waiting } = passwords.depth();
      return [
        { labels: { state: 'running' }, value: running },
        { labels: { state: 'waiting' }, value: waiting },
      ];
    },
  );
  metrics.counter({ name: 'sso_password_lane_refused_total', help: 'Passwords that found no slot in time.' }, () => [
    { value: passwords.refused() },
  ]);
  metrics.gauge(
    {
      name: 'sso_sms_line_bound',
      help: '1 while this process has a session at the SMS centre (SMPP); of other gateways nothing.',
    },
    () => (sms.isBound === undefined ? [] : [{ value: sms.isBound() ? 1 : 0 }]),
  );
  metrics.counter(
    {
      name: 'sso_sms_throttled_total',
      help: 'Messages that the SMS centre (SMPP) did not take because it had enough for now; of other gateways nothing.',
    },
    () => (sms.throttled === undefined ? [] : [{ value: sms.throttled() }]),
  );
  metrics.gauge(
    {
      name: 'sso_registry_available',
      help: '1 while calls to the civil registry go out, 0 while its circuit is open.',
    },
    () => [{ value: registry.health().available ? 1 : 0 }],
  );
}

/** What the HTTP server is busy with. */
export function watchHttp(
  metrics: Metrics,
  {
    server,
    readiness,
    overload,
    eventLoop,
  }: {
    readonly server: Server;
    readonly readiness: Pick<Readiness, 'draining'>;
    readonly overload: Pick<Overload, 'working'>;
    readonly eventLoop: Pick<EventLoop, 'lagMs'>;
  },
): void {
  metrics.gauge({ name: 'sso_draining', help: '1 from the moment the process is told to stop.' }, () => [
    { value: readiness.draining ? 1 : 0 },
  ]);
  metrics.gauge({ name: 'sso_http_working', help: 'Requests being worked on.' }, () => [{ value: overload.working() }]);
  metrics.gauge(
    { name: 'sso_http_connections', help: 'Open connections.' },
    () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, value) => {
          if (error === null) resolve([{ value }]);
          else reject(error);
        });
      }),
  );
  metrics.gauge(
    { name: 'sso_event_loop_lag_seconds', help: 'By how long what is due is late, smoothed over about two seconds.' },
    () => [{ value: eventLoop.lagMs() / 1000 }],
  );
}
