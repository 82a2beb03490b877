import type { Series } from '../support/promtool.ts';

/** Values over time: for so many minutes this value, then for so many that. */
type Spans = readonly (readonly [minutes: number, value: number])[];

export interface AlertCase {
  readonly alert: string;
  /** Minutes between one value and the next; where nothing is said, as often as `scrape.yaml` asks. */
  readonly every?: number;
  /** What Prometheus has seen where it must fire. */
  readonly fires: readonly Series[];
  /** The minute from which on the expression holds; it fires when its `for` is over, and not before. */
  readonly holdsFrom: number;
  /** What tells its subject from others. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What is just not enough. */
  readonly quiet: readonly (readonly Series[])[];
}

/** As in `deploy/prometheus/scrape.yaml`. */
export const SCRAPED_EVERY = 0.25;

const drawn = (spans: Spans, every: number, draw: (value: number, count: number) => string): string =>
  spans.map(([minutes, value]) => draw(value, Math.round(minutes / every))).join(' ');

/** A gauge. */
const held = (series: string, spans: Spans, every = SCRAPED_EVERY): Series => ({
  series,
  values: drawn(spans, every, (value, count) => `${value}x${count - 1}`),
});

/** A counter that rises by so much a minute. */
const risen = (series: string, spans: Spans, every = SCRAPED_EVERY): Series => {
  let at = 0;
  return {
    series,
    values: drawn(spans, every, (perMinute, count) => {
      const from = at;
      at += perMinute * every * count;
      return `${from}+${perMinute * every}x${count - 1}`;
    }),
  };
};

const [A, B] = ['10.0.0.21:9464', '10.0.0.22:9464'];
const of = (name: string, labels: Readonly<Record<string, string>> = {}, instance = A): string =>
  `${name}{${Object.entries({ job: 'sso', instance, ...labels })
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;
const its = { job: 'sso', instance: A };

/** A gauge whose value is good, then bad; and one that is at its bound for ever. */
const overBound = (
  alert: string,
  series: string,
  {
    good,
    bad,
    bound,
    labels = {},
    minutes = 60,
    every = SCRAPED_EVERY,
  }: { good: number; bad: number; bound: number; labels?: Record<string, string>; minutes?: number; every?: number },
): AlertCase => ({
  alert,
  every,
  labels,
  holdsFrom: 10,
  fires: [
    held(
      series,
      [
        [10, good],
        [minutes, bad],
      ],
      every,
    ),
  ],
  quiet: [[held(series, [[minutes, bound]], every)]],
});

/** What is 1 while all is well, and away for too long or for just short enough. */
const away = (alert: string, name: string, shortEnough: number): AlertCase => ({
  alert,
  labels: its,
  holdsFrom: 5,
  fires: [
    held(of(name), [
      [5, 1],
      [30, 0],
    ]),
    held(of(name, {}, B), [[35, 1]]),
  ],
  quiet: [
    [
      held(of(name), [
        [5, 1],
        [shortEnough, 0],
        [30, 1],
      ]),
    ],
  ],
});

const answers = (ok: Spans, bad: Spans, every = SCRAPED_EVERY): readonly Series[] => [
  risen(of('sso_http_request_seconds_count', { area: 'auth', method: 'GET', status: '303' }), ok, every),
  risen(of('sso_http_request_seconds_count', { area: 'interaction', method: 'POST', status: '503' }), bad, every),
  // Not a part of signing in.
  risen(of('sso_http_request_seconds_count', { area: 'admin', method: 'GET', status: '500' }), [[60, 100]], every),
];

const registryCalls = (withinFour: number, all: number): readonly Series[] =>
  Object.entries({ '2': 0, '4': withinFour, '8': all, '+Inf': all }).map(([le, perMinute]) =>
    risen(of('sso_registry_call_seconds_bucket', { outcome: 'verified', le }), [
      [10, 0],
      [40, perMinute],
    ]),
  );

const codes = (purpose: string, stages: Readonly<Record<string, Spans>>): readonly Series[] =>
  Object.entries(stages).map(([stage, spans]) =>
    risen(of('sso_codes_total', { operator: 'telkomsel', purpose, stage }), spans),
  );

const event = (name: string, reason = ''): string => of('sso_events_total', { event: name, reason });
const queue = (name: string): string => of('sso_queue_oldest_seconds', { queue: name });

export const alertCases: readonly AlertCase[] = [
  away('SsoInstanceDown', 'up', 1.75),
  {
    alert: 'SsoSignInErrorBudgetFast',
    fires: answers(
      [
        [60, 600],
        [30, 0],
      ],
      [
        [60, 0],
        [30, 600],
      ],
    ),
    holdsFrom: 61,
    quiet: [
      answers([[120, 600]], [[120, 8]]),
      answers(
        [[120, 600]],
        [
          [60, 0],
          [0.5, 600],
          [59.5, 0],
        ],
      ),
    ],
  },
  {
    alert: 'SsoSignInErrorBudgetSlow',
    every: 1,
    fires: answers(
      [[900, 600]],
      [
        [360, 0],
        [540, 10],
      ],
      1,
    ),
    holdsFrom: 491,
    quiet: [
      answers(
        [[900, 600]],
        [
          [360, 0],
          [540, 3],
        ],
        1,
      ),
    ],
  },
  {
    alert: 'SsoServerErrors',
    fires: [
      risen(of('sso_protocol_total', { kind: 'grant.authorization-code', outcome: 'server_error' }), [
        [10, 0],
        [30, 1],
      ]),
    ],
    holdsFrom: 16,
    labels: { kind: 'grant.authorization-code' },
    quiet: [
      [
        risen(of('sso_protocol_total', { kind: 'grant.authorization-code', outcome: 'server_error' }), [[60, 0.45]]),
        risen(of('sso_protocol_total', { kind: 'grant.authorization-code', outcome: 'invalid_grant' }), [[60, 60]]),
      ],
    ],
  },
  {
    alert: 'SsoRefusing',
    fires: [
      risen(of('sso_refused_total', { kind: 'new', reason: 'lag' }), [
        [10, 0],
        [30, 60],
      ]),
    ],
    holdsFrom: 12,
    labels: { kind: 'new' },
    quiet: [[risen(of('sso_refused_total', { kind: 'new', reason: 'lag' }), [[60, 11]])]],
  },
  {
    alert: 'SsoConnectionsRefused',
    fires: [
      risen(of('sso_connections_refused_total', { reason: 'too-many' }), [
        [10, 0],
        [30, 1],
      ]),
    ],
    holdsFrom: 11,
    labels: { instance: A },
    quiet: [[risen(of('sso_connections_refused_total', { reason: 'timeout' }), [[60, 100]])]],
  },
  overBound('SsoEventLoopLag', of('sso_event_loop_lag_seconds'), { good: 0.01, bad: 0.16, bound: 0.15, labels: its }),
  {
    alert: 'SsoPasswordLaneFull',
    fires: [
      risen(of('sso_password_lane_refused_total'), [
        [10, 0],
        [30, 1],
      ]),
    ],
    holdsFrom: 11,
    labels: { instance: A },
    quiet: [[held(of('sso_password_lane_refused_total'), [[60, 7]])]],
  },
  away('SsoDatabaseDown', 'sso_database_up', 0.75),
  overBound('SsoDatabasePoolExhausted', of('sso_database_connections', { state: 'waiting' }), {
    good: 0,
    bad: 6,
    bound: 5,
    labels: { ...its, state: 'waiting' },
  }),
  {
    ...overBound('SsoMigrationState', of('sso_migrations', { state: 'pending' }), {
      good: 0,
      bad: 1,
      bound: 0,
      labels: { ...its, state: 'pending' },
      minutes: 120,
    }),
    quiet: [
      [
        held(of('sso_migrations', { state: 'pending' }), [
          [10, 0],
          [59, 1],
          [60, 0],
        ]),
      ],
    ],
  },
  overBound('SsoClockApart', of('sso_clock_ahead_seconds'), { good: 0, bad: -2.1, bound: -2, labels: its }),
  away('SsoRedisDown', 'sso_redis_up', 0.75),
  {
    alert: 'SsoRedisNearlyFull',
    fires: [
      held(of('sso_redis_memory_bytes', { kind: 'used' }), [
        [10, 700],
        [40, 900],
      ]),
      held(of('sso_redis_memory_bytes', { kind: 'limit' }), [[50, 1000]]),
    ],
    holdsFrom: 10,
    labels: its,
    quiet: [
      [
        held(of('sso_redis_memory_bytes', { kind: 'used' }), [[60, 800]]),
        held(of('sso_redis_memory_bytes', { kind: 'limit' }), [[60, 1000]]),
      ],
      [
        held(of('sso_redis_memory_bytes', { kind: 'used' }), [[60, 900]]),
        held(of('sso_redis_memory_bytes', { kind: 'limit' }), [[60, 0]]),
      ],
    ],
  },
  overBound('SsoQueueOldSms', queue('sms'), { good: 1, bad: 61, bound: 60 }),
  {
    alert: 'SsoSmsLineDown',
    fires: [
      held(of('sso_sms_line_bound'), [
        [5, 1],
        [30, 0],
      ]),
      held(of('sso_sms_line_bound', {}, B), [
        [5, 1],
        [30, 0],
      ]),
    ],
    holdsFrom: 5,
    quiet: [[held(of('sso_sms_line_bound'), [[35, 0]]), held(of('sso_sms_line_bound', {}, B), [[35, 1]])]],
  },
  away('SsoSmsLineMissing', 'sso_sms_line_bound', 14.75),
  {
    alert: 'SsoSmsThrottled',
    fires: [
      risen(of('sso_sms_throttled_total'), [
        [10, 0],
        [30, 1],
      ]),
    ],
    holdsFrom: 11,
    quiet: [
      [
        held(of('sso_sms_throttled_total'), [
          [10, 0],
          [50, 40],
        ]),
      ],
      [held(of('sso_sms_throttled_total'), [[60, 7]])],
    ],
  },
  overBound('SsoQueueOldMail', queue('email'), { good: 1, bad: 901, bound: 900 }),
  overBound('SsoQueueOldLogout', queue('logout'), { good: 1, bad: 3601, bound: 3600 }),
  {
    alert: 'SsoLogoutGivenUp',
    fires: [
      held(event('logout.given-up', 'sign-out'), [
        [10, 0],
        [60, 1],
      ]),
    ],
    holdsFrom: 10,
    quiet: [
      [
        held(event('logout.given-up', 'sign-out'), [[120, 7]]),
        risen(event('logout.delivered', 'sign-out'), [[120, 10]]),
      ],
    ],
  },
  {
    alert: 'SsoRegistryDown',
    fires: [
      held(of('sso_registry_available'), [[60, 1]]),
      held(of('sso_registry_available', {}, B), [
        [5, 1],
        [55, 0],
      ]),
    ],
    holdsFrom: 5,
    quiet: [
      [
        held(of('sso_registry_available'), [
          [5, 1],
          [4.75, 0],
          [40, 1],
        ]),
      ],
    ],
  },
  {
    alert: 'SsoRegistryQuotaUsedUp',
    fires: [
      held(of('sso_registry_call_seconds_count', { outcome: 'quota' }), [
        [20, 0],
        [30, 1],
      ]),
    ],
    holdsFrom: 20,
    quiet: [
      [
        held(of('sso_registry_call_seconds_count', { outcome: 'quota' }), [[60, 3]]),
        risen(of('sso_registry_call_seconds_count', { outcome: 'verified' }), [[60, 30]]),
      ],
    ],
  },
  { alert: 'SsoRegistrySlow', fires: registryCalls(0, 10), holdsFrom: 11, quiet: [registryCalls(9.6, 10)] },
  {
    alert: 'SsoSmsFailingForOperator',
    fires: codes('activation-code', {
      asked: [[80, 2]],
      entered: [
        [40, 1.6],
        [40, 0],
      ],
    }),
    holdsFrom: 59,
    labels: { operator: 'telkomsel' },
    quiet: [
      codes('activation-code', { asked: [[80, 2]], entered: [[80, 0.65]] }),
      codes('activation-code', { asked: [[80, 0.65]], entered: [[80, 0]] }),
      codes('recovery-code', { asked: [[80, 9]], entered: [[80, 0]] }),
    ],
  },
  {
    alert: 'SsoSmsNotDelivered',
    fires: codes('activation-code', {
      sent: [[80, 2]],
      delivered: [
        [40, 1.9],
        [40, 0],
      ],
    }),
    holdsFrom: 48,
    labels: { operator: 'telkomsel' },
    quiet: [
      codes('activation-code', { sent: [[80, 2]], delivered: [[80, 1.45]] }),
      codes('activation-code', { sent: [[80, 2]], delivered: [[80, 0]], undelivered: [[80, 0]] }),
      codes('activation-code', { sent: [[80, 0.65]], delivered: [[80, 0.1]] }),
    ],
  },
  {
    ...overBound('SsoRecoveryRequestsOld', of('sso_recovery_requests_oldest_seconds', { state: 'examined' }), {
      good: 0,
      bad: 259_201,
      bound: 259_200,
    }),
    // One that is approved waits for its time, and for nobody.
    quiet: [
      [
        held(of('sso_recovery_requests_oldest_seconds', { state: 'filed' }), [[60, 259_200]]),
        held(of('sso_recovery_requests_oldest_seconds', { state: 'approved' }), [[60, 300_000]]),
      ],
    ],
  },
  overBound('SsoSigningKeyOverdue', of('sso_signing_key_rotation_seconds', { algorithm: 'ES256' }), {
    good: 0,
    bad: -86_401,
    bound: -86_400,
    labels: { algorithm: 'ES256' },
  }),
  overBound('SsoJobOverdue', of('sso_job_overdue_seconds', { job: 'purge' }), {
    good: 0,
    bad: 901,
    bound: 900,
    labels: { job: 'purge' },
  }),
  away('SsoChangesNotHeard', 'sso_changes_heard', 14.75),
  {
    ...overBound('SsoDataUnderOlderKey', of('sso_personal_data_outdated_rows'), {
      good: 0,
      bad: 1,
      bound: 0,
      minutes: 5 * 24 * 60,
      every: 2,
    }),
    quiet: [
      [
        held(
          of('sso_personal_data_outdated_rows'),
          [
            [10, 0],
            [3 * 24 * 60 - 2, 1],
            [120, 0],
          ],
          2,
        ),
      ],
    ],
  },
  overBound('SsoAuditChainBroken', of('sso_audit_chain_broken'), { good: 0, bad: 1, bound: 0 }),
  overBound('SsoAuditChainBehind', of('sso_audit_chain_lag_seconds'), { good: 1, bad: 301, bound: 300 }),
];
