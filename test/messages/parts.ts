import type { CourierConfig, CourierLog } from '../../src/messages/courier.ts';
import type { Clock } from '../../src/ports/clock/clock.ts';
import type { SmsGateway, TextMessage } from '../../src/ports/sms/sms.ts';
import { loadConfig } from '../../src/config.ts';

/** A clock that stands still until a test moves it on. */
export function handClock(start = '2026-11-23T07:00:00.000Z'): Clock & { advance(seconds: number): void } {
  let at = Date.parse(start);
  return {
    now: () => new Date(at),
    advance(seconds) {
      at += seconds * 1000;
    },
  };
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps what is logged; `until` resolves with the first line of an event. */
export function recordingLog(): CourierLog & {
  readonly lines: LogLine[];
  events(): unknown[];
  until(event: string): Promise<LogLine>;
} {
  const lines: LogLine[] = [];
  const waiting: { event: string; resolve: (line: LogLine) => void }[] = [];
  const write =
    (level: LogLine['level']) =>
    (fields: object): void => {
      const line: LogLine = { level, fields: fields as Record<string, unknown> };
      lines.push(line);
      for (const { event, resolve } of waiting) if (line.fields.event === event) resolve(line);
    };
  return {
    lines,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    events: () => lines.map(({ fields }) => fields.event),
    until: (event) =>
      new Promise((resolve) => {
        const there = lines.find(({ fields }) => fields.event === event);
        if (there === undefined) waiting.push({ event, resolve });
        else resolve(there);
      }),
  };
}

/** Keeps what it is handed; `behave` decides how it ends. */
export function recordingSms(): SmsGateway & {
  readonly sent: TextMessage[];
  behave: (message: TextMessage, signal?: AbortSignal) => Promise<void>;
} {
  const gateway = {
    sent: [] as TextMessage[],
    behave: (): Promise<void> => Promise.resolve(),
    async send(message: TextMessage, signal?: AbortSignal) {
      gateway.sent.push(message);
      await (gateway.behave as (message: TextMessage, signal?: AbortSignal) => Promise<void>)(message, signal);
      return { providerId: `test-${message.ref}` };
    },
    close: () => Promise.resolve(),
  };
  return gateway;
}

/** The settings of the courier with changes; the queue is looked at only when a test says so. */
export const courierConfig = (changes: Partial<CourierConfig> = {}): CourierConfig => ({
  ...loadConfig({}).courier,
  pollMs: 600_000,
  ...changes,
});
