import { ok, refuse, type Result } from './result.ts';

/** An answer about the person. */
export type RegistryVerdict = 'verified' | 'mismatch' | 'not-found' | 'deceased' | 'duplicate' | 'inactive';

/** Why there was no answer; the person did nothing wrong. */
export type RegistryTrouble = 'quota' | 'closed' | 'config' | 'protocol' | 'timeout' | 'network' | 'circuit-open';

export interface MatchThresholds {
  /** Least similarity of the full name, 0–100. */
  readonly nameMin: number;
  /** Least similarity of the mother's name, 0–100. */
  readonly motherMin: number;
}

export interface Finding {
  readonly verdict: RegistryVerdict;
  readonly responseCode?: string;
}

export interface Disturbance {
  readonly trouble: Extract<RegistryTrouble, 'quota' | 'closed' | 'config' | 'protocol'>;
  readonly responseCode?: string;
}

export interface ElementVerdict {
  readonly agrees: boolean;
  readonly score: number;
}

const withAsciiApostrophes = (text: string): string => text.replace(/[’‘ʼ`´]/g, "'");

/**
 * A name as the registry is asked about it: one spelling of apostrophes and blanks, upper case, nothing else touched.
 * Titles and abbreviations stay, because the registry may hold exactly those; the threshold absorbs small differences.
 */
export function normaliseForRegistry(name: string): string {
  // The acute accent must go before NFKC takes it apart into a blank and a combining mark; full-width ones appear
  // after.
  return withAsciiApostrophes(withAsciiApostrophes(name).normalize('NFKC'))
    .replace(/\p{Cf}/gu, '')
    .replace(/\s+/g, ' ')
    .trim()
    .toUpperCase();
}

/** One threshold covers all fuzzy elements of a call; the stricter of the two is read from the scores. */
export const thresholdToSend = ({ nameMin, motherMin }: MatchThresholds): number => Math.min(nameMin, motherMin);

const ELEMENT = /^(tidak\s+)?sesuai(?:\s*\(\s*(\d{1,3})\s*\))?$/i;

/** Reads `Sesuai (95)`, `Tidak Sesuai (40)` or either without a number. Anything else is unreadable, not a mismatch. */
export function parseElementVerdict(text: unknown): Result<ElementVerdict, 'unreadable'> {
  const found = typeof text === 'string' ? ELEMENT.exec(text.trim()) : null;
  if (found === null) return refuse('unreadable');
  const agrees = found[1] === undefined;
  const score = found[2] === undefined ? (agrees ? 100 : 0) : Number(found[2]);
  return score > 100 ? refuse('unreadable') : ok({ agrees, score });
}

type Meaning = Result<RegistryVerdict, Disturbance['trouble']>;

const CODES: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['03', refuse('config')],
  ['04', refuse('config')],
  ['05', refuse('quota')],
  ['06', refuse('closed')],
  ['07', refuse('protocol')],
  ['08', ok('not-found')],
  ['09', refuse('config')],
  ['10', refuse('config')],
  ['11', ok('deceased')],
  ['12', ok('duplicate')],
  ['13', ok('not-found')],
  ['14', ok('inactive')],
  ['15', ok('not-found')],
  ['16', refuse('config')],
  ['17', refuse('config')],
]);

const DATA_FOUND = '01';

/**
 * Old servers send a sentence and no code. The order matters: a format complaint (15) before "not found" (13), and an
 * inactive institution or user (16, 17) before an inactive record (14), which would blame the person.
 */
const TEXTS: readonly (readonly [code: string, pattern: RegExp])[] = [
  ['03', /login gagal/],
  ['04', /\bip tidak sesuai/],
  ['05', /kuota akses hari ini/],
  ['06', /waktu akses/],
  ['07', /parameter.*tidak lengkap|tidak lengkap.*parameter/],
  ['09', /tidak boleh kosong/],
  ['10', /(?<![a-z])ip(?![a-z]).*tidak valid|tidak valid.*(?<![a-z])ip(?![a-z])/],
  ['15', /tidak sesuai format/],
  ['11', /meninggal/],
  ['12', /data ganda/],
  ['13', /tidak ditemukan/],
  ['16', /instansi.*(?:tidak|non)[ -]?aktif/],
  ['17', /user.*(?:tidak|non)[ -]?aktif/],
  ['14', /non[ -]?aktif|status.*tidak aktif/],
];

type Fields = ReadonlyMap<string, unknown>;

/** Keys in upper case, because servers differ in their spelling; the documented one wins over a variant. */
function fieldsOf(record: object): Fields {
  const fields = new Map<string, unknown>();
  for (const [key, value] of Object.entries(record)) {
    const name = key.trim().toUpperCase();
    if (key === name || !fields.has(name)) fields.set(name, value);
  }
  return fields;
}

function firstOf(answer: unknown): Fields | undefined {
  if (typeof answer !== 'object' || answer === null || !('content' in answer) || !Array.isArray(answer.content))
    return undefined;
  const first: unknown = answer.content[0];
  return typeof first === 'object' && first !== null && !Array.isArray(first) ? fieldsOf(first) : undefined;
}

/** Empty when there is nothing; a value of an unexpected type becomes a text that no table knows. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value.replace(/\s+/g, ' ').trim() : JSON.stringify(value);
}

const failureText = (fields: Fields): string =>
  ['RESPON', 'RESPONSE', 'RESPONSE_DESC'].map((key) => textOf(fields.get(key))).find((text) => text !== '') ?? '';

const disturbed = (
  trouble: Disturbance['trouble'],
  code: { responseCode?: string } = {},
): Result<Finding, Disturbance> => refuse({ trouble, ...code });

function meaningOf(meaning: Meaning | undefined, code: { responseCode?: string }): Result<Finding, Disturbance> {
  if (meaning === undefined) return disturbed('protocol', code);
  return meaning.ok ? ok({ verdict: meaning.value, ...code }) : disturbed(meaning.refusal, code);
}

function judgeElements(
  fields: Fields,
  { nameMin, motherMin }: MatchThresholds,
  code: { responseCode?: string },
): Result<Finding, Disturbance> {
  const [nik, name, mother] = ['NIK', 'NAMA_LGKP', 'NAMA_LGKP_IBU'].map((key) =>
    fields.has(key) ? parseElementVerdict(fields.get(key)) : undefined,
  );
  if (nik?.ok === false || name?.ok === false || mother?.ok === false) return disturbed('protocol', code);
  if (nik?.value.agrees === false) return ok({ verdict: 'not-found', ...code });
  if (name === undefined || mother === undefined) return disturbed('protocol', code);
  const fits = (element: ElementVerdict, least: number): boolean => element.agrees && element.score >= least;
  return ok({ verdict: fits(name.value, nameMin) && fits(mother.value, motherMin) ? 'verified' : 'mismatch', ...code });
}

/**
 * Judges the parsed JSON of the registry. Fails closed: what is missing, unknown or contradictory never verifies.
 * A failure code, or without one a failure text, wins over element verdicts in the same object.
 *
 * @returns a finding about the person, or why the answer says nothing about them.
 */
export function judgeAnswer(answer: unknown, thresholds: MatchThresholds): Result<Finding, Disturbance> {
  const fields = firstOf(answer);
  if (fields === undefined) return disturbed('protocol');

  const given = textOf(fields.get('RESPONSE_CODE'));
  if (given !== '') {
    const code = given.padStart(2, '0');
    // An unknown code is untrusted text: only two digits go into logs and evidence.
    const shown = /^\d{2}$/.test(code) ? { responseCode: code } : {};
    return code === DATA_FOUND ? judgeElements(fields, thresholds, shown) : meaningOf(CODES.get(code), shown);
  }

  const text = failureText(fields).toLowerCase();
  if (text === '') return judgeElements(fields, thresholds, {});
  const known = TEXTS.find(([, pattern]) => pattern.test(text))?.[0];
  return meaningOf(known === undefined ? undefined : CODES.get(known), {});
}

/** The counter of calls in an answer, for a gauge alone: whether it counts up or down is not known. */
export function readQuota(answer: unknown): number | undefined {
  const quota =
    typeof answer === 'object' && answer !== null && 'quotaLimiter' in answer ? answer.quotaLimiter : undefined;
  return typeof quota === 'number' && Number.isSafeInteger(quota) ? quota : undefined;
}
