import { ok, refuse, type Result } from '../../domain/result.ts';

/** Why a document could not be had. */
export type OutboundFault =
  | 'address-refused'
  | 'redirect'
  | 'no-name'
  | 'certificate'
  | 'unreachable'
  | 'timeout'
  | 'too-large'
  | 'unfinished'
  | `http-${number}`;

export interface OutboundDocument {
  readonly text: string;
  readonly headers: Headers;
}

/** A short document at an address that somebody registered with us: the keys of a service, say. */
export type ReadDocument = (
  address: string,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<Result<OutboundDocument, OutboundFault>>;

/** Dozens of keys, or hundreds of addresses. */
export const LARGEST_BYTES = 262_144;

const TLS = /^(?:CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** As a code: the words of the exception name addresses. */
function faultOf(error: unknown): OutboundFault {
  const {
    name,
    code: own,
    cause,
  } = error as { name?: unknown; code?: unknown; cause?: { code?: unknown; message?: unknown } };
  const codes = [own, cause?.code].filter((one) => typeof one === 'string');
  if (codes.includes('OUTBOUND_REFUSED')) return 'address-refused';
  if (cause?.message === 'unexpected redirect') return 'redirect';
  if (name === 'TimeoutError' || name === 'AbortError' || codes.some((code) => code.endsWith('_TIMEOUT')))
    return 'timeout';
  if (codes.includes('ENOTFOUND') || codes.includes('EAI_AGAIN')) return 'no-name';
  return codes.some((code) => TLS.test(code)) ? 'certificate' : 'unreachable';
}

/** @param fetch  guarded: it judges the address, follows no redirect and ends after some seconds, the body included. */
export const createReadDocument =
  (fetch: typeof globalThis.fetch): ReadDocument =>
  async (address, { signal } = {}) => {
    let answer: Response;
    try {
      answer = await fetch(address, {
        headers: { accept: 'application/json' },
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      return refuse(faultOf(error));
    }
    const { status, headers, body } = answer;
    if (status !== 200) {
      await body?.cancel().catch(() => undefined);
      return refuse(`http-${status}`);
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of body ?? []) {
        length += chunk.length;
        // Leaving the loop ends the connection: an answer without end costs this much and no more.
        if (length > LARGEST_BYTES) return refuse('too-large');
        chunks.push(chunk);
      }
    } catch (error) {
      return refuse(faultOf(error) === 'timeout' ? 'unfinished' : 'unreachable');
    }
    return ok({ text: new TextDecoder().decode(Buffer.concat(chunks)), headers });
  };
