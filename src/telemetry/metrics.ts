import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { logoutReasons } from '../domain/logout.ts';
import { operators } from '../domain/phone.ts';
import { areaOf, methodOf } from './areas.ts';
import { reasonIn, watchLog } from './events.ts';
import type { Log } from './log.ts';

/** One value of a gauge. */
export interface Reading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A figure that is read when somebody asks. */
interface About {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** What it is where no answer came in time. */
  readonly unanswered?: number;
}

type Read = () => Promise<readonly Reading[]> | readonly Reading[];

export interface RequestSeen {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly seconds: number;
}

export interface Metrics {
  /** The same log; what happens is counted on the way, whatever the level of the log is. */
  watch(log: Log): Log;
  request(seen: RequestSeen): void;
  /** What came of a request of the protocol. @param outcome `ok`, or the error code of OAuth. */
  protocol(kind: string, outcome: string): void;
  /** A request was turned away because there is too much to do. */
  refused(kind: 'new' | 'under-way', reason: 'requests' | 'lag'): void;
  /** A connection was closed before anything of it was a request. */
  connectionRefused(reason: 'too-many' | 'timeout' | 'too-large' | 'malformed'): void;
  /**
   * A value that is looked up when somebody asks. Where it cannot be, or not in time, the gauge is left out and the
   * rest is answered.
   */
  gauge(about: About, read: Read): void;
  /** The same for what only rises. */
  counter(about: About, read: Read): void;
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** What the outcome of a message means for the code in it. */
const STAGES: Readonly<Record<string, string>> = {
  sent: 'sent',
  failed: 'failed',
  expired: 'failed',
  delivered: 'delivered',
  undelivered: 'undelivered',
};

/** Messages that somebody waits for. */
const CODE_PURPOSES: readonly string[] = ['activation-code', 'recovery-code', 'recovery-request-code', 'contact-code'];
const CODE_STAGES = ['asked', 'sent', 'failed', 'delivered', 'undelivered', 'entered'];
const isCode = (purpose: unknown): purpose is string => CODE_PURPOSES.some((one) => one === purpose);

/**
 * Prometheus waits ten seconds for everything, and a figure that comes late must not keep the others from it: least of
 * all the one that says why.
 */
const READ_MS = 3000;

/**
 * Bounds the wait. Whoever asks again meanwhile waits for the same look: a database that hangs is not asked once more
 * at each scrape.
 */
function inTime(read: Read, readMs: number, late: readonly Reading[]): () => Promise<readonly Reading[]> {
  let looking: Promise<readonly Reading[]> | undefined;
  return async () => {
    looking ??= Promise.resolve()
      .then(read)
      .catch(() => [])
      .finally(() => {
        looking = undefined;
      });
    let timer: NodeJS.Timeout | undefined;
    const given = new Promise<readonly Reading[]>((resolve) => {
      timer = setTimeout(resolve, readMs, late);
    });
    return Promise.race([looking, given]).finally(() => {
      clearTimeout(timer);
    });
  };
}

async function readInto(
  figure: { reset(): void; remove(labels: object): void },
  read: () => Promise<readonly Reading[]>,
  put: (labels: Readonly<Record<string, string>>, value: number) => void,
): Promise<void> {
  const readings = await read();
  figure.reset();
  // What has no labels would otherwise be 0, and not left out.
  figure.remove({});
  for (const { labels = {}, value } of readings) put(labels, value);
}

/**
 * The figures of one process, for Prometheus. No label holds anything of a person, and none has more values than the
 * product itself has words for.
 */
export function createMetrics({ readMs = READ_MS } = {}): Metrics {
  const registry = new Registry();
  const bounded = ({ unanswered }: About, read: Read): (() => Promise<readonly Reading[]>) =>
    inTime(read, readMs, unanswered === undefined ? [] : [{ value: unanswered }]);
  const registers = [registry];
  const described = ({ name, help, labels = [] }: About) => ({ name, help, labelNames: labels, registers });
  collectDefaultMetrics({ register: registry });

  const events = new Counter({
    name: 'sso_events_total',
    help: 'What happened, by the names of docs/audit-events.md.',
    labelNames: ['event', 'reason'],
    registers,
  });
  const codes = new Counter({
    name: 'sso_codes_total',
    help: 'Codes by SMS, of registrations, of recovery and of changes of number, by the operator of the number: asked for, handed to the gateway, given up, reported as delivered or not, entered.',
    labelNames: ['operator', 'purpose', 'stage'],
    registers,
  });
  const messages = new Counter({
    name: 'sso_messages_total',
    help: 'Messages by channel, purpose and what became of them.',
    labelNames: ['channel', 'purpose', 'outcome'],
    registers,
  });
  const deliveries = new Histogram({
    name: 'sso_sms_delivery_seconds',
    help: 'From the hand-over of a text message to the report of the gateway that it was delivered, by the operator of the number.',
    labelNames: ['operator'],
    buckets: [1, 2, 5, 10, 20, 30, 60, 120, 300, 600],
    registers,
  });
  const registryCalls = new Histogram({
    name: 'sso_registry_call_seconds',
    help: 'Calls to the civil registry, by outcome.',
    labelNames: ['outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 12],
    registers,
  });
  const quota = new Gauge({
    name: 'sso_registry_quota_limiter',
    help: 'The counter that the civil registry sent last, as it sends it.',
    registers,
  });
  const requests = new Histogram({
    name: 'sso_http_request_seconds',
    help: 'Requests by part of the product, method and status.',
    labelNames: ['area', 'method', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const protocol = new Counter({
    name: 'sso_protocol_total',
    help: 'Requests of the protocol by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    registers,
  });

  const refusals = new Counter({
    name: 'sso_refused_total',
    help: 'Requests turned away for overload, by what they belong to (new, or a sign-in under way) and what was too much.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const connections = new Counter({
    name: 'sso_connections_refused_total',
    help: 'Connections closed without a request: one too many, too slow, too large, or no HTTP.',
    labelNames: ['reason'],
    registers,
  });

  const jobs = new Histogram({
    name: 'sso_job_seconds',
    help: 'Runs of periodic jobs by this process, by outcome.',
    labelNames: ['job', 'outcome'],
    buckets: [0.01, 0.1, 1, 10, 60, 300],
    registers,
  });

  // A counter that is first seen at 1 has not risen, as Prometheus sees it: whatever an alert waits for begins at 0.
  for (const reason of logoutReasons) events.inc({ event: 'logout.given-up', reason }, 0);
  for (const operator of operators) {
    for (const purpose of CODE_PURPOSES) for (const stage of CODE_STAGES) codes.inc({ operator, purpose, stage }, 0);
  }
  registryCalls.zero({ outcome: 'quota' });
  for (const kind of ['new', 'under-way']) for (const reason of ['requests', 'lag']) refusals.inc({ kind, reason }, 0);
  for (const reason of ['too-many', 'timeout', 'too-large', 'malformed']) connections.inc({ reason }, 0);

  const text = (value: unknown): string => (typeof value === 'string' ? value : 'unknown');

  /** What is counted of an event besides that it happened. */
  const further: Readonly<Record<string, (fields: Readonly<Record<string, unknown>>) => void>> = {
    'registration.code.sent': ({ operator }) => {
      codes.inc({ operator: text(operator), purpose: 'activation-code', stage: 'asked' });
    },
    'registration.completed': ({ operator }) => {
      codes.inc({ operator: text(operator), purpose: 'activation-code', stage: 'entered' });
    },
    'contact.phone.code-sent': ({ operator }) => {
      codes.inc({ operator: text(operator), purpose: 'contact-code', stage: 'asked' });
    },
    'contact.phone.proved': ({ operator, by }) => {
      if (by === undefined) codes.inc({ operator: text(operator), purpose: 'contact-code', stage: 'entered' });
    },
    'recovery.request.code-sent': ({ operator }) => {
      codes.inc({ operator: text(operator), purpose: 'recovery-request-code', stage: 'asked' });
    },
    'recovery.request.filed': ({ operator }) => {
      codes.inc({ operator: text(operator), purpose: 'recovery-request-code', stage: 'entered' });
    },
    'recovery.code.sent': ({ channel, operator }) => {
      if (channel === 'sms') codes.inc({ operator: text(operator), purpose: 'recovery-code', stage: 'asked' });
    },
    'recovery.completed': ({ channel, operator }) => {
      if (channel === 'sms') codes.inc({ operator: text(operator), purpose: 'recovery-code', stage: 'entered' });
    },
    'registry.answered': ({ outcome, durationMs, quotaLimiter }) => {
      registryCalls.observe({ outcome: text(outcome) }, Number(durationMs) / 1000);
      if (typeof quotaLimiter === 'number') quota.set(quotaLimiter);
    },
    ...Object.fromEntries(
      (['done', 'failed'] as const).map((outcome) => [
        `job.${outcome}`,
        ({ job, durationMs }: Readonly<Record<string, unknown>>) => {
          jobs.observe({ job: text(job), outcome }, Number(durationMs) / 1000);
        },
      ]),
    ),
    ...Object.fromEntries(
      ['sent', 'delayed', 'expired', 'failed', 'unsettled', 'delivered', 'undelivered'].map((outcome) => [
        `message.${outcome}`,
        ({ channel, purpose, operator, waitedMs }: Readonly<Record<string, unknown>>) => {
          messages.inc({ channel: text(channel), purpose: text(purpose), outcome });
          if (outcome === 'delivered' && typeof waitedMs === 'number')
            deliveries.observe({ operator: text(operator) }, waitedMs / 1000);
          const stage = STAGES[outcome];
          if (stage !== undefined && channel === 'sms' && isCode(purpose))
            codes.inc({ operator: text(operator), purpose, stage });
        },
      ]),
    ),
  };

  return {
    watch: (log) =>
      watchLog(log, (event, fields) => {
        events.inc({ event, reason: reasonIn(event, fields) });
        further[event]?.(fields);
      }),
    request: ({ method, path, status, seconds }) => {
      requests.observe({ area: areaOf(path), method: methodOf(method), status: String(status) }, seconds);
    },
    protocol: (kind, outcome) => {
      protocol.inc({ kind, outcome: 'server_error' }, 0);
      protocol.inc({ kind, outcome });
    },
    refused: (kind, reason) => {
      refusals.inc({ kind, reason });
    },
    connectionRefused: (reason) => {
      connections.inc({ reason });
    },
    gauge: (about, read) => {
      const readInTime = bounded(about, read);
      new Gauge({
        ...described(about),
        collect() {
          return readInto(this, readInTime, (labels, value) => {
            this.set(labels, value);
          });
        },
      });
    },
    counter: (about, read) => {
      const readInTime = bounded(about, read);
      new Counter({
        ...described(about),
        collect() {
          return readInto(this, readInTime, (labels, value) => {
            this.inc(labels, value);
          });
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
