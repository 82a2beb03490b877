import type { Pdu } from 'smpp';
import type { Config } from '../../../config.ts';
import type { ReceiptState } from '../../../domain/receipt.ts';
import { codeIn, isId, receiptKey, type Receipt } from '../receipt.ts';

type IdWriting = Config['sms']['smpp']['receiptId'];

/** `stat` in the text of a receipt (SMPP 3.4, appendix B) and `message_state` beside it (5.2.28). */
const BY_WORD: Readonly<Record<string, ReceiptState>> = {
  DELIVRD: 'delivered',
  UNDELIV: 'undelivered',
  EXPIRED: 'expired',
  DELETED: 'expired',
  REJECTD: 'rejected',
  ACCEPTD: 'accepted',
  ENROUTE: 'sent',
  UNKNOWN: 'unknown',
};
const BY_NUMBER: readonly ReceiptState[] = [
  'accepted',
  'sent',
  'delivered',
  'expired',
  'expired',
  'undelivered',
  'accepted',
  'unknown',
  'rejected',
  'undelivered',
];

const TYPE_OF_MESSAGE = 0x3c;
const RECEIPT = 0x04;
const INTERMEDIATE = 0x20;

const LONGEST = 65;
const HEXADECIMAL = /^[\da-f]{1,64}$/;
const DECIMAL = /^\d{1,64}$/;

/**
 * Most centres write receipts in ASCII, and what is told to be GSM 03.38 is read as that: these stand there in the
 * place of others.
 */
const AS_WRITTEN: Readonly<Record<string, string>> = { '§': '_', '¤': '$', '¡': '@' };
/** Zeros in front and capitals are written by some and not by others. */
const plain = (id: string): string =>
  id
    .trim()
    .toLowerCase()
    .replace(/^0+(?=.)/, '')
    .replace(/[§¤¡]/g, (sign) => AS_WRITTEN[sign] ?? sign);
const fromHexadecimal = (id: string): string => (HEXADECIMAL.test(id) ? BigInt(`0x${id}`).toString() : id);

/**
 * One spelling of an id, wherever it stood: operators answer a submission in hexadecimal and report in decimal figures,
 * or the other way round.
 *
 * @param place `answer` for what answers a submission and for `receipted_message_id`, `text` for the words of a
 *   receipt.
 */
export function keyOf(id: string, place: 'answer' | 'text', writing: IdWriting): string {
  const written = plain(id);
  if (writing === 'same') return receiptKey.ofId(written);
  const isHexadecimal = (writing === 'hex') === (place === 'text');
  if (isHexadecimal) return receiptKey.ofId(fromHexadecimal(written));
  return receiptKey.ofId(DECIMAL.test(written) ? BigInt(written).toString() : written);
}

/** Text as the library gives it: bytes, or an object that holds them or the words. */
function textIn(value: unknown): string {
  const content: unknown = typeof value === 'object' && value !== null && 'message' in value ? value.message : value;
  return typeof content === 'string' ? content : Buffer.isBuffer(content) ? content.toString('latin1') : '';
}

const field = (text: string, name: string): string | undefined =>
  new RegExp(`(?:^|\\s)${name}:\\s*([^\\s]{1,64})`, 'i').exec(text)?.[1];

/** Whether it reports of a message, rather than being one that somebody sent to us. */
export const isReceipt = ({ esm_class, receipted_message_id }: Pdu): boolean =>
  receipted_message_id !== undefined ||
  (typeof esm_class === 'number' && [RECEIPT, INTERMEDIATE].includes(esm_class & TYPE_OF_MESSAGE));

/** @returns undefined where it names no message: nobody can do anything with it, and it need not come again. */
export function parseReceipt(pdu: Pdu, writing: IdWriting): Receipt | undefined {
  const { receipted_message_id: tlvId, message_state: tlvState } = pdu;
  const text = textIn(pdu.short_message) || textIn(pdu.message_payload);
  const word = field(text, 'stat')?.toUpperCase();
  const state =
    (typeof tlvState === 'number' ? BY_NUMBER[tlvState] : undefined) ??
    (word === undefined ? undefined : BY_WORD[word]) ??
    'unknown';
  const inText = field(text, 'id');
  const given =
    typeof tlvId === 'string' && tlvId !== '' && tlvId.length <= LONGEST
      ? { id: tlvId, place: 'answer' as const }
      : inText === undefined
        ? undefined
        : { id: inText, place: 'text' as const };
  if (given === undefined || !isId(given.id)) return undefined;
  return { key: keyOf(given.id, given.place, writing), state, code: codeIn(field(text, 'err')) };
}
