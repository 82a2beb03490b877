import type { Pdu, Smpp } from 'smpp';
import type { LoggedEvent } from '../../../domain/log-event.ts';
import { BindRefused, openSession, type Bound, type SmppSettings } from './session.ts';
import { unavailable } from './status.ts';

export interface LineDeps {
  readonly smpp: Smpp;
  readonly settings: SmppSettings;
  readonly onPdu: (pdu: Pdu, session: Bound) => void;
  readonly onLost: () => void;
  readonly log: {
    info(fields: LoggedEvent, text: string): void;
    warn(fields: LoggedEvent, text: string): void;
    error(fields: LoggedEvent, text: string): void;
  };
  /** Waits before the line is opened again; the last repeats. */
  readonly waitsMs?: readonly number[];
}

/** The line to the centre: opened when it is needed first, and opened again for as long as it is kept. */
export interface Line {
  /**
   * The session, as soon as there is one. @throws {DeliveryError} as long as the centre does not let us in, or the
   * signal comes first.
   */
  session(signal: AbortSignal): Promise<Bound>;
  /** Whether the centre has refused us, and is not asked again yet. */
  isRefused(): boolean;
  isBound(): boolean;
  /** Opens it, and keeps it open. */
  open(): void;
  /** Takes leave. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (session: Bound) => void;
  readonly reject: (error: Error) => void;
}

const WAITS_MS = [500, 1000, 2000, 5000, 15_000, 30_000, 60_000];
/** One that lasted so long was no failed attempt. */
const STEADY_MS = 30_000;
/** Not all instances at the same moment. */
const SPREAD = 0.2;

export function createLine({ smpp, settings, onPdu, onLost, log, waitsMs = WAITS_MS }: LineDeps): Line {
  const waiting = new Set<Waiting>();
  let current: Bound | undefined;
  let opening = false;
  let closed = false;
  let failures = 0;
  let again: NodeJS.Timeout | undefined;
  let refused: BindRefused | undefined;

  function later(): void {
    if (closed) return;
    const wait = waitsMs[Math.min(failures, waitsMs.length) - 1] ?? waitsMs.at(-1) ?? 0;
    again = setTimeout(open, wait * (1 + SPREAD * Math.random()));
    again.unref();
  }

  function settle(tell: (one: Waiting) => void): void {
    const all = [...waiting];
    waiting.clear();
    all.forEach(tell);
  }

  async function attempt(): Promise<void> {
    let boundAt = 0;
    const session = await openSession({
      smpp,
      settings,
      onPdu,
      onLost: () => {
        current = undefined;
        failures = performance.now() - boundAt > STEADY_MS ? 1 : failures + 1;
        onLost();
        if (closed) return;
        log.warn({ event: 'sms.line.lost' }, 'the line to the SMS centre is lost, and will be opened again');
        later();
      },
    });
    if (closed) {
      session.destroy();
      return;
    }
    boundAt = performance.now();
    current = session;
    refused = undefined;
    log.info({ event: 'sms.line.bound' }, 'the SMS centre has let us in');
    settle(({ resolve }) => {
      resolve(session);
    });
  }

  function open(): void {
    clearTimeout(again);
    again = undefined;
    if (closed || opening || current !== undefined) return;
    opening = true;
    attempt()
      .catch((error: unknown) => {
        failures += 1;
        refused = error instanceof BindRefused ? error : undefined;
        if (error instanceof BindRefused) {
          // Knocking on and on with a wrong password gets us locked out.
          failures = Math.max(failures, waitsMs.length);
          log.error({ event: 'sms.line.refused', reason: error.message }, 'the SMS centre does not let us in');
        } else if (failures === 1)
          log.warn(
            { event: 'sms.line.lost', reason: (error as { code?: string }).code ?? (error as Error).message },
            'the SMS centre cannot be reached, and is tried again',
          );
        settle(({ reject }) => {
          reject(unavailable(error instanceof BindRefused ? `bind refused: ${error.message}` : 'no line', error));
        });
        later();
      })
      .finally(() => {
        opening = false;
      });
  }

  return {
    open,
    isBound: () => current !== undefined,
    isRefused: () => refused !== undefined && again !== undefined,

    session(signal) {
      if (current !== undefined) return Promise.resolve(current);
      if (closed) return Promise.reject(unavailable('closed'));
      // For a minute there will be none here: whoever waits keeps the message from an instance that has one.
      if (refused !== undefined && again !== undefined)
        return Promise.reject(unavailable(`bind refused: ${refused.message}`));
      return new Promise((resolve, reject) => {
        const one = { resolve, reject };
        waiting.add(one);
        signal.addEventListener(
          'abort',
          () => {
            if (waiting.delete(one)) reject(unavailable('no line'));
          },
          { once: true },
        );
        // While it waits to be tried again, nobody tries more often.
        if (again === undefined) open();
      });
    },

    async close() {
      closed = true;
      clearTimeout(again);
      settle(({ reject }) => {
        reject(unavailable('closed'));
      });
      await current?.unbind();
    },
  };
}
