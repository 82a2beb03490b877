import { Agent, request, type Dispatcher } from 'undici';
import type { Config } from '../../config.ts';
import { createDeadline } from '../deadline.ts';
import { DeliveryError, type Accepted } from '../delivery.ts';
import { createTemplate, encodingOf, encoders } from './http-template.ts';
import { isId, receiptKey } from './receipt.ts';
import type { SmsGateway } from './sms.ts';

export type HttpGatewaySettings = Omit<Config['sms']['http'], 'url'> & {
  readonly url: string;
  /** By what the gateway names a message when it reports of it; undefined where it reports nothing. */
  readonly reportsBy?: 'id' | 'ref' | undefined;
};

const MAX_ANSWER_BYTES = 65_536;
const MAX_ID_LENGTH = 200;

/** Client errors that say "not now" rather than "not this". */
const TRY_AGAIN = new Set([401, 402, 403, 404, 405, 407, 408, 425, 429]);

const rejected = (detail: string): DeliveryError => new DeliveryError('SMS_REJECTED', { permanent: true, detail });
const unavailable = (detail: string, cause?: unknown): DeliveryError =>
  new DeliveryError('SMS_UNAVAILABLE', { permanent: false, detail, cause });

const unanswered = (detail: string, cause?: unknown): DeliveryError =>
  new DeliveryError('SMS_UNANSWERED', { permanent: false, detail, cause });

/** A proxy says it: whoever stands behind it was asked, and did not answer. */
const GATEWAY_TIMEOUT = 504;

const at = (tree: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (node, key) =>
        typeof node === 'object' && node !== null && Object.hasOwn(node, key)
          ? (node as Record<string, unknown>)[key]
          : undefined,
      tree,
    );

/** The answer as text, or undefined when it is larger than anybody needs. */
async function readBounded(body: Dispatcher.ResponseData['body']): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) return undefined; // leaving the loop destroys the stream
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** The same handler, which says when the request is about to be written to a connection. */
function noting(handler: Dispatcher.DispatchHandler, onStart: () => void): Dispatcher.DispatchHandler {
  const start = handler.onRequestStart?.bind(handler);
  return Object.assign(handler, {
    onRequestStart: (
      ...[controller, context]: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestStart']>>
    ): void => {
      onStart();
      start?.(controller, context);
    },
  });
}

/**
 * A gateway that takes one message per HTTP request, described by settings alone (`sms.http.*`).
 *
 * `{to}` (62…), `{toPlus}` (+62…), `{text}` and `{ref}` are put into address, body and headers, escaped for the place
 * they stand in. Accepted is a 2xx whose `okPath`, where set, is truthy. A 4xx other than 408, 425 and 429, or an
 * `okPath` that is not truthy, refuses the message for good. What was asked and not answered in time (also 504) may
 * have been taken; all else (5xx, redirect, unreadable answer where `okPath` must be read, network) may be tried again
 * with the same `{ref}`.
 *
 * @throws {TypeError} at once, for settings that cannot work.
 */
export function createHttpGateway({
  url,
  method,
  headers,
  body,
  idPath,
  okPath,
  timeoutMs,
  reportsBy,
}: HttpGatewaySettings): SmsGateway {
  const fillUrl = createTemplate(url, encoders.url);
  const fillBody = method === 'GET' ? undefined : createTemplate(body, encodingOf(headers));
  const fillHeaders = Object.entries(headers).map(
    ([name, value]) => [name, createTemplate(value, encoders.header)] as const,
  );
  const agent = new Agent({ connect: { timeout: timeoutMs }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });

  function judge(status: number, text: string | undefined, ref: string): Accepted {
    if (status >= 400 && status < 500 && !TRY_AGAIN.has(status)) throw rejected(`status ${status}`);
    // A redirect is not followed: the message would go to an address nobody configured.
    if (status === GATEWAY_TIMEOUT) throw unanswered(`status ${status}`);
    if (status < 200 || status >= 300) throw unavailable(`status ${status}`);
    const answer = parseJson(text);
    if (okPath !== undefined && answer === undefined) throw unavailable('unreadable answer');
    if (okPath !== undefined && !at(answer, okPath)) throw rejected('answer says no');
    // Without `okPath` the status has accepted the message; asking again would send it twice.
    const id = at(answer, idPath);
    const providerId =
      (typeof id === 'string' && isId(id)) || typeof id === 'number' ? String(id).slice(0, MAX_ID_LENGTH) : undefined;
    const key =
      reportsBy === 'ref'
        ? receiptKey.ofRef(ref)
        : reportsBy === 'id' && providerId !== undefined
          ? receiptKey.ofId(providerId)
          : undefined;
    return { providerId, receiptKey: key };
  }

  return {
    async send({ to, text, ref, patient = false }, signal) {
      const values = { to: to.replace(/^\+/, ''), toPlus: to, text, ref };
      const patienceMs = patient ? 2 * timeoutMs : timeoutMs;
      const deadline = createDeadline(patienceMs, signal);
      const asked = { begun: false };
      const dispatcher = agent.compose(
        (dispatch) => (options, handler) =>
          dispatch(
            options,
            noting(handler, () => {
              asked.begun = true;
            }),
          ),
      );
      let status: number;
      let answer: string | undefined;
      try {
        const response = await request(fillUrl(values), {
          method,
          headers: Object.fromEntries(fillHeaders.map(([name, fill]) => [name, fill(values)])),
          ...(fillBody === undefined ? {} : { body: fillBody(values) }),
          signal: deadline.signal,
          headersTimeout: patienceMs,
          bodyTimeout: patienceMs,
          dispatcher,
        });
        status = response.statusCode;
        answer = await readBounded(response.body);
      } catch (cause) {
        // A connection that is cut is as a rule one behind which nobody is; who takes their time may well have taken
        // the message.
        const detail = deadline.isOver() ? 'time-out' : 'no answer';
        throw asked.begun && deadline.signal.aborted ? unanswered(detail, cause) : unavailable(detail, cause);
      } finally {
        deadline.clear();
      }
      return judge(status, answer, ref);
    },
    close: () => agent.close(),
  };
}
