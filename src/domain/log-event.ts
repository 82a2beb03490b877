/**
 * Things that happen and stand in the log alone, because they change nothing that anybody must answer for. Together
 * with the audit catalogue (`audit/events.ts`) they are the one vocabulary of events; no name is in both.
 */
export const logEvents = [
  'audit.chain.broken',
  'audit.chain.misdated',
  'clock.apart',
  'courier.recovered',
  'courier.unavailable',
  'error.answered',
  'error.shown',
  'job.done',
  'job.failed',
  'logout.delayed',
  'logout.delivered',
  'logout.unsettled',
  'message.delayed',
  'message.delivered',
  'message.expired',
  'message.failed',
  'message.sent',
  'message.uncounted',
  'message.undelivered',
  'message.unsettled',
  'receipt.refused',
  'registry.answered',
  'registry.circuit.closed',
  'registry.circuit.half-open',
  'registry.circuit.opened',
  'simulator.answered',
  'sms.line.bound',
  'sms.line.lost',
  'sms.line.refused',
  'sms.line.throttled',
] as const;

export type LogEvent = (typeof logEvents)[number];

/** A line of the log that tells of one of them. */
export interface LoggedEvent {
  readonly event: LogEvent;
  readonly [field: string]: unknown;
}
