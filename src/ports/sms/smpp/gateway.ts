import type { Encoding, Pdu, Smpp } from 'smpp';
import type { Accepted } from '../../delivery.ts';
import type { Receipt } from '../receipt.ts';
import type { SmsGateway, TextMessage } from '../sms.ts';
import { createLateAnswers } from './late-answers.ts';
import { createLine, type Line, type LineDeps } from './line.ts';
import { createPace, type Pace } from './pace.ts';
import { isReceipt, keyOf, parseReceipt } from './receipts.ts';
import { loadSmpp, type Bound, type SmppSettings } from './session.ts';
import { isThrottled, refusalOf, rejected, STATUS, statusText, unanswered, unavailable } from './status.ts';
import { createWindow } from './window.ts';

export type SmppLog = LineDeps['log'];

interface Outstanding {
  readonly ref: string;
  readonly resolve: (pdu: Pdu) => void;
  readonly reject: (error: Error) => void;
}

/** International, and of the numbering plan of telephones: `628…`. */
const DESTINATION = { dest_addr_ton: 1, dest_addr_npi: 1 };
const RECEIPT_ALWAYS = 1;
/** Receipts that are being kept: beyond it nothing more is read from the line until some of them are. */
const MOST_RECEIPTS = 50;
const MAX_ID_LENGTH = 200;

/**
 * How the centre takes text. `data_coding` 0 is its own alphabet, GSM 03.38 with nearly all: left to itself the library
 * would announce 1 (IA5) and send the bytes of GSM 03.38, where `@` is 0 and `_` is 17.
 */
const ALPHABETS: Readonly<
  Record<SmppSettings['alphabet'], { readonly dataCoding: number; readonly of: (smpp: Smpp) => Encoding }>
> = {
  gsm: { dataCoding: 0, of: ({ encodings }) => encodings.ASCII },
  ia5: {
    dataCoding: 1,
    of: () => ({ match: (text) => /^[\n\r\x20-\x7e]*$/.test(text), encode: (text) => Buffer.from(text, 'latin1') }),
  },
  latin1: { dataCoding: 3, of: ({ encodings }) => encodings.LATIN1 },
};

/** `YYMMDDhhmmsstnn`, from now on (SMPP 3.4, 7.1.1). */
export function relativeTime(seconds: number): string {
  const pair = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const whole = Math.min(Math.max(1, Math.floor(seconds)), 63 * 86_400);
  const days = whole / 86_400;
  // Months have thirty days where nobody says which.
  return `00${pair(days / 30)}${pair(days % 30)}${pair((whole % 86_400) / 3600)}${pair((whole % 3600) / 60)}${pair(whole % 60)}000R`;
}

/**
 * A direct line to an operator's SMS centre, by SMPP 3.4. Each instance binds a session of its own; receipts may come
 * to any of them.
 *
 * Accepted is an answer without error. One that speaks against message or number refuses it for good; all else
 * (throttled, the line lost before the answer, a silent centre) may be tried again. Where the centre throttles, all
 * wait and then go slower (`pace.ts`). After a lost answer the centre may have the message already: SMPP has no
 * reference by which it would know. One that comes late is taken all the same.
 */
export function createSmppGateway(
  settings: SmppSettings,
  log: SmppLog,
  {
    waitsMs,
    load = loadSmpp,
    pace = createPace(),
  }: { readonly waitsMs?: readonly number[]; readonly load?: () => Promise<Smpp>; readonly pace?: Pace } = {},
): SmsGateway {
  const { timeoutMs, source = '', sourceTon, sourceNpi, serviceType, receiptId } = settings;
  const outstanding = new Map<number, Outstanding>();
  const late = createLateAnswers((pdu) => pdu.command === 'submit_sm_resp' && pdu.command_status === STATUS.ok);
  const window = createWindow(settings.window);
  const keeping = new Set<Promise<void>>();
  let take: ((receipt: Receipt) => Promise<void>) | undefined;
  let line: Line | undefined;
  let opened: Promise<{ readonly smpp: Smpp; readonly line: Line }> | undefined;

  function loseAll(): void {
    const lost = [...outstanding.values()];
    outstanding.clear();
    late.sessionEnded();
    for (const { reject } of lost) reject(unanswered('line lost'));
  }

  /** Answered only once it is kept: a receipt that is not comes again. */
  async function keep(pdu: Pdu, session: Bound): Promise<void> {
    let status: number = STATUS.ok;
    try {
      const receipt = isReceipt(pdu) ? parseReceipt(pdu, receiptId) : undefined;
      if (receipt !== undefined) await take?.(receipt);
      // Before anybody listens a receipt would be lost.
      if (take === undefined) status = STATUS.temporaryError;
    } catch {
      status = STATUS.temporaryError;
    }
    session.send(pdu.response({ command_status: status }));
  }

  function onPdu(pdu: Pdu, session: Bound): void {
    if (pdu.command === 'deliver_sm' || pdu.command === 'data_sm') {
      const kept = keep(pdu, session).finally(() => {
        keeping.delete(kept);
        if (keeping.size < MOST_RECEIPTS) session.resume();
      });
      keeping.add(kept);
      if (keeping.size >= MOST_RECEIPTS) session.pause();
      return;
    }
    if (!pdu.isResponse()) return;
    const waiting = outstanding.get(pdu.sequence_number);
    outstanding.delete(pdu.sequence_number);
    if (waiting !== undefined) {
      waiting.resolve(pdu);
      return;
    }
    // The same message may have been submitted once more meanwhile: it waits no longer.
    const ref = late.came(pdu);
    for (const one of outstanding.values()) if (one.ref === ref) one.resolve(pdu);
  }

  const open = (): Promise<{ readonly smpp: Smpp; readonly line: Line }> =>
    (opened ??= load().then((smpp) => {
      line = createLine({ smpp, settings, onPdu, onLost: loseAll, log, ...(waitsMs === undefined ? {} : { waitsMs }) });
      return { smpp, line };
    }));

  function submission(smpp: Smpp, { to, text, ttlSeconds }: TextMessage): Pdu {
    const { dataCoding, of } = ALPHABETS[settings.alphabet];
    const encoding = of(smpp);
    if (!encoding.match(text)) throw rejected('text outside the alphabet');
    return new smpp.PDU('submit_sm', {
      service_type: serviceType ?? '',
      source_addr_ton: sourceTon,
      source_addr_npi: sourceNpi,
      source_addr: source,
      ...DESTINATION,
      destination_addr: to.replace(/^\+/, ''),
      registered_delivery: RECEIPT_ALWAYS,
      validity_period: relativeTime(ttlSeconds),
      data_coding: dataCoding,
      short_message: encoding.encode(text),
    });
  }

  /**
   * A turn is taken once there is a line: those taken while there is none would all be used at the moment it is bound.
   */
  async function turnOn(on: Line, signal: AbortSignal): Promise<Bound> {
    let session = await on.session(signal);
    for (;;) {
      await pace.turn(signal);
      const still = await on.session(signal);
      if (still === session) return session;
      session = still;
    }
  }

  function submit(pdu: Pdu, ref: string, session: Bound, signal: AbortSignal): Promise<Pdu> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || !session.send(pdu)) {
        reject(unavailable('not sent'));
        return;
      }
      const { sequence_number: sequence } = pdu;
      const one = { ref, resolve, reject };
      outstanding.set(sequence, one);
      signal.addEventListener(
        'abort',
        () => {
          // Numbers begin anew with each session: by now it may be that of another message.
          if (outstanding.get(sequence) !== one) return;
          outstanding.delete(sequence);
          late.missed(sequence, ref);
          reject(unanswered('time-out'));
        },
        { once: true },
      );
    });
  }

  const acceptedBy = ({ message_id: id }: Pdu): Accepted =>
    typeof id === 'string' && id !== ''
      ? { providerId: id.slice(0, MAX_ID_LENGTH), receiptKey: keyOf(id, 'answer', receiptId) }
      : { providerId: undefined };

  return {
    async send(message, given): Promise<Accepted> {
      const { ref, patient = false } = message;
      const before = late.of(ref);
      if (before !== undefined) return acceptedBy(before);
      if (given?.aborted === true) throw unavailable('not begun');
      const within = (ms: number): AbortSignal =>
        given === undefined ? AbortSignal.timeout(ms) : AbortSignal.any([given, AbortSignal.timeout(ms)]);
      const waiting = within(timeoutMs);
      const { smpp, line: ours } = await open();
      const pdu = submission(smpp, message);
      const leave = await window.enter(waiting);
      try {
        const session = await turnOn(ours, waiting);
        // The answer has its own time: who went at the last moment would not hear that it was accepted, send it again,
        // and nobody would go faster.
        const answer = await submit(pdu, ref, session, within(patient ? 2 * timeoutMs : timeoutMs));
        if (answer.command !== 'submit_sm_resp')
          throw unavailable(`not understood: ${statusText(answer.command_status)}`);
        if (isThrottled(answer.command_status) && pace.throttled())
          log.warn(
            { event: 'sms.line.throttled', reason: statusText(answer.command_status) },
            'the SMS centre takes no more for now: all messages wait, and then go slower',
          );
        if (answer.command_status !== STATUS.ok) throw refusalOf(answer.command_status);
        pace.accepted();
        return acceptedBy(answer);
      } finally {
        leave();
      }
    },

    listen(taking) {
      take = taking;
      open().then(
        ({ line: ours }) => {
          ours.open();
        },
        (error: unknown) => {
          log.error(
            { event: 'sms.line.refused', reason: error instanceof Error ? error.name : 'unknown' },
            'SMPP cannot be spoken',
          );
        },
      );
    },

    isShutOut: () => line?.isRefused() === true,
    isBound: () => line?.isBound() === true,
    isPaused: () => pace.isPaused(),
    throttled: () => pace.count(),

    async close() {
      // What was submitted is answered first, or gives up by its own time; then what came meanwhile is kept.
      await window.close();
      await opened?.catch(() => undefined);
      await Promise.all(keeping);
      await line?.close();
    },
  };
}
