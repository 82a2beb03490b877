import type { Context, Middleware } from 'koa';
import type { Config } from '../config.ts';
import type { LogEvent } from '../domain/log-event.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { HttpReceipts } from '../ports/sms/http-receipts.ts';
import type { Receipt } from '../ports/sms/receipt.ts';
import type { Log } from '../telemetry/log.ts';
import { readUpTo } from '../web/body-bytes.ts';
import { createTrustedNetworks } from '../web/sender.ts';
import { createGate } from './gate.ts';

export interface ReceiptRoutesDeps {
  /** Undefined where no gateway reports over HTTP: then the address is like any other that does not exist. */
  readonly reader: HttpReceipts | undefined;
  readonly receipts: { take(receipt: Receipt): Promise<void> };
  readonly settings: Pick<Config['sms']['receipts'], 'method' | 'networks' | 'limitBytes' | 'perMinute'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug' | 'warn'>;
}

type Refusal = 'network' | 'signature' | 'unreadable' | 'too-large' | 'too-many' | 'unavailable';

const STATUS = { unreadable: 400, 'too-large': 413, 'too-many': 503, unavailable: 503 } as const;
const ADDRESS = /^\/receipts\/([^/]{1,400})$/;
/** A few connections of the pool at most: receipts can wait, people cannot. */
const AT_ONCE = { most: 3, waiting: 100 };
const RETRY_SECONDS = 10;
/** Whoever knocks without end fills no log. */
const TELL_MS = 60_000;
const MINUTE_MS = 60_000;
const MOST_TOLD = 100;

/**
 * `/receipts/<secret>`: where the SMS gateway says what became of messages. Who does not know the secret, comes from
 * elsewhere or does not sign sees the page of an address that does not exist. What is reported is never logged: it
 * holds numbers.
 */
export function createReceiptRoutes({
  reader,
  receipts,
  settings: { method, networks, limitBytes, perMinute },
  clock,
  log,
}: ReceiptRoutesDeps): Middleware {
  const gate = createGate(AT_ONCE);
  const isAllowed = networks.length === 0 ? () => true : createTrustedNetworks(networks);
  const told = new Map<string, number>();

  const minute = { endsAt: 0, taken: 0 };
  /** Whether so many more fit into this minute. */
  function fits(receipts: number): boolean {
    const now = clock.now().getTime();
    if (now >= minute.endsAt) Object.assign(minute, { endsAt: now + MINUTE_MS, taken: 0 });
    minute.taken += receipts;
    return minute.taken <= perMinute;
  }

  function tell(what: string, text: string, fields: object): void {
    const now = clock.now().getTime();
    for (const [other, at] of told) if (now - at >= TELL_MS) told.delete(other);
    if (told.has(what) || told.size >= MOST_TOLD) return;
    told.set(what, now);
    log.warn(fields, text);
  }

  function remember(reason: Refusal): void {
    log.debug({ event: 'receipt.refused' satisfies LogEvent, reason }, 'a report of the SMS gateway was refused');
    tell(reason, 'reports of the SMS gateway are refused (told once a minute)', { reason });
  }

  function answer(ctx: Context, status: number): void {
    ctx.status = status;
    ctx.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' });
    if (status === 503) ctx.set('Retry-After', String(RETRY_SECONDS));
    ctx.type = 'text';
    ctx.body = status === 200 ? 'OK' : '';
  }

  async function take(ctx: Context, from: HttpReceipts): Promise<Refusal | undefined> {
    // What is read to the end though it is too long keeps nobody waiting for a place.
    const body = method === 'GET' ? Buffer.alloc(0) : await readUpTo(limitBytes, ctx.req);
    if (body === undefined) return 'too-large';
    const read = from.read({ query: ctx.querystring, body, header: (name) => ctx.get(name) });
    if (!read.ok) return read.refusal;
    for (const word of read.value.unknownWords)
      tell(`word ${word}`, 'the SMS gateway reports a state that SMS_RECEIPT_STATES does not know', { word });
    if (!fits(read.value.receipts.length)) return 'too-many';
    try {
      const done = await gate.pass(async () => {
        for (const receipt of read.value.receipts) await receipts.take(receipt);
      });
      return done === undefined ? 'too-many' : undefined;
    } catch (error) {
      log.debug({ err: error }, 'receipts could not be kept');
      return 'unavailable';
    }
  }

  return async (ctx, next): Promise<void> => {
    const part = reader === undefined ? undefined : ADDRESS.exec(ctx.path)?.[1];
    const address = part === undefined ? undefined : reader?.addressOf(part);
    if (reader === undefined || address === undefined || ctx.method !== method) {
      await next();
      return;
    }
    const refusal = isAllowed(ctx.ip) ? await take(ctx, reader) : 'network';
    if (refusal === undefined && address === 'former')
      tell(
        'former',
        'the SMS gateway still reports to the address of SMS_RECEIPT_FORMER_SECRET (told once a minute)',
        {},
      );
    if (refusal !== undefined) remember(refusal);
    // As if there were no such address.
    if (refusal === 'network' || refusal === 'signature') await next();
    else answer(ctx, refusal === undefined ? 200 : STATUS[refusal]);
  };
}
