import type { Log } from './log.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Where an event says why, in words of the product. What people wrote is never a label. */
const REASONS: Readonly<Record<string, string>> = {
  'registration.identity.refused': 'reason',
  'registration.identity.unavailable': 'trouble',
  'registration.identity.limited': 'limit',
  'registration.code.refused': 'reason',
  'registration.code.not-sent': 'reason',
  'recovery.code.refused': 'reason',
  'recovery.code.not-sent': 'reason',
  'recovery.identity.refused': 'reason',
  'recovery.identity.unavailable': 'trouble',
  'recovery.identity.limited': 'limit',
  'recovery.request.code-refused': 'reason',
  'recovery.request.code-not-sent': 'reason',
  'recovery.request.limited': 'reason',
  'recovery.request.refused': 'reason',
  'recovery.request.lapsed': 'reason',
  'receipt.refused': 'reason',
  'message.uncounted': 'reason',
  'message.undelivered': 'state',
  'sign-in.refused': 'reason',
  'second-factor.refused': 'reason',
  'logout.delayed': 'reason',
  'logout.delivered': 'reason',
  'logout.given-up': 'reason',
};

/** @returns the reason of an event as a label; empty where it has none. */
export function reasonIn(event: string, fields: Fields): string {
  const reason = fields[REASONS[event] ?? ''];
  return typeof reason === 'string' && /^[a-z][a-z0-9.-]{0,39}$/.test(reason) ? reason : '';
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/**
 * The same log with a listener at it: audit and log have one vocabulary of events (`audit/events.ts`,
 * `domain/log-event.ts`), and each of them passes here once.
 *
 * An event of a transaction that fails afterwards is heard nevertheless; the audit log is what counts exactly.
 */
export function watchLog(log: Log, hear: (event: string, fields: Fields) => void): Log {
  const pass =
    (level: (typeof LEVELS)[number]) =>
    (...line: unknown[]): void => {
      const [fields] = line as [Fields | undefined];
      if (typeof fields?.event === 'string') hear(fields.event, fields);
      log[level](...(line as Parameters<Log['info']>));
    };
  return Object.fromEntries(LEVELS.map((level) => [level, pass(level)])) as unknown as Log;
}
