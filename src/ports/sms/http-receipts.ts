import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../config.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { codeIn, isId, receiptKey, type Receipt } from './receipt.ts';

export type HttpReceiptSettings = Config['sms']['receipts'];

/** A report as it came, before anything in it is believed. */
export interface Report {
  /** Without the question mark, as it was sent. */
  readonly query: string;
  readonly body: Buffer;
  /** A header by its name; empty where it was not sent. */
  header(name: string): string;
}

export interface ReadReport {
  readonly receipts: readonly Receipt[];
  /** Words for states that the settings do not know, as far as they are words. */
  readonly unknownWords: readonly string[];
}

export interface HttpReceipts {
  /**
   * Whether this is the secret part of the address, or the one before it, told in a time that says nothing of how near
   * it is.
   */
  addressOf(part: string): 'current' | 'former' | undefined;
  /**
   * Reads what a gateway reports; `signature` where it is not the gateway that says it, `unreadable` where nothing in
   * it is a receipt, `too-large` where there are too many.
   */
  read(report: Report): Result<ReadReport, 'signature' | 'unreadable' | 'too-large'>;
}

/** One report holds no more; who has more to tell reports again. */
const MOST = 500;
const WORD = /^[A-Za-z][A-Za-z _-]{0,29}$|^\d{1,4}$/;

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

const textOf = (value: unknown): string | undefined =>
  typeof value === 'number' && Number.isFinite(value)
    ? String(value)
    : typeof value === 'string' && value.trim() !== ''
      ? value.trim()
      : undefined;

/** Digests are of one length, whatever was sent. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * What a gateway reports over HTTP, described by settings alone (`sms.receipts.*`), as the sending is.
 * @throws {TypeError} at once, without the secret part of the address.
 */
export function createHttpReceipts({
  secret,
  formerSecret,
  method,
  format,
  listPath,
  idPath,
  refPath,
  statePath,
  states,
  codePath,
  signatureHeader,
  signatureKey,
  formerSignatureKey,
  signatureEncoding,
}: HttpReceiptSettings): HttpReceipts {
  if (secret === undefined) throw new TypeError('SMS_RECEIPT_SECRET is not set');
  const address = digest(secret);
  const former = formerSecret === undefined ? undefined : digest(formerSecret);
  const known = new Map(Object.entries(states).map(([word, state]) => [word.toLowerCase(), state]));

  function isSigned(report: Report): boolean {
    const { query, body } = report;
    if (signatureHeader === undefined || signatureKey === undefined) return true;
    const given = report
      .header(signatureHeader)
      .trim()
      .replace(/^sha256=/i, '');
    const shown = digest(signatureEncoding === 'hex' ? given.toLowerCase() : given);
    const keys = [signatureKey, ...(formerSignatureKey === undefined ? [] : [formerSignatureKey])];
    return keys
      .map((key) =>
        timingSafeEqual(
          shown,
          digest(
            createHmac('sha256', key)
              .update(method === 'GET' ? query : body)
              .digest(signatureEncoding),
          ),
        ),
      )
      .includes(true);
  }

  function documentOf({ query, body }: Report): unknown {
    const fields = method === 'GET' ? query : format === 'form' ? body.toString('utf8') : undefined;
    if (fields !== undefined) return Object.fromEntries(new URLSearchParams(fields));
    try {
      return JSON.parse(body.toString('utf8')) as unknown;
    } catch {
      return undefined;
    }
  }

  /** The fields of a form have dots in their names, and nothing below them. */
  const valueAt = (item: unknown, path: string): unknown =>
    method === 'GET' || format === 'form' ? (item as Record<string, unknown>)[path] : at(item, path);

  return {
    addressOf(part) {
      const given = digest(part);
      const [isCurrent, isFormer] = [
        timingSafeEqual(given, address),
        former !== undefined && timingSafeEqual(given, former),
      ];
      return isCurrent ? 'current' : isFormer ? 'former' : undefined;
    },

    read(report) {
      if (!isSigned(report)) return refuse('signature');
      const document = documentOf(report);
      const listed =
        listPath === undefined || method === 'GET' || format === 'form' ? document : at(document, listPath);
      const items: readonly unknown[] = Array.isArray(listed) ? listed : [listed];
      const receipts: Receipt[] = [];
      const unknownWords = new Set<string>();
      if (items.length > MOST) return refuse('too-large');
      for (const item of items) {
        if (typeof item !== 'object' || item === null) continue;
        const id = textOf(valueAt(item, refPath ?? idPath));
        const word = textOf(valueAt(item, statePath));
        if (id === undefined || !isId(id) || word === undefined) continue;
        const state = known.get(word.toLowerCase());
        if (state === undefined && WORD.test(word)) unknownWords.add(word);
        receipts.push({
          key: refPath === undefined ? receiptKey.ofId(id) : receiptKey.ofRef(id),
          state: state ?? 'unknown',
          code: codePath === undefined ? undefined : codeIn(valueAt(item, codePath)),
        });
      }
      return receipts.length === 0 ? refuse('unreadable') : ok({ receipts, unknownWords: [...unknownWords] });
    },
  };
}
