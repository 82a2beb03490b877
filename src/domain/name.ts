import { ok, refuse, type Result } from './result.ts';

declare const nameBrand: unique symbol;

/** A full name as the person wrote it, never split and never re-cased. */
export type PersonName = string & { readonly [nameBrand]: true };

export type NameRefusal = 'name-empty' | 'name-chars' | 'name-long';

/** Longer than the sixty of today's regulation, which is not retroactive. */
const MAX_LENGTH = 100;

const ALLOWED = /^[\p{L}\p{M} '’.,/-]+$/u;

/** The apostrophes and dashes that keyboards put in the place of the two on the family card. */
const APOSTROPHES = /[‘`´ʼ＇]/g;
const DASHES = /[‐‑‒–—−]/g;

const normalise = (text: string): string =>
  text
    .replace(/\p{Cf}/gu, '')
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(APOSTROPHES, "'")
    .replace(DASHES, '-');

/**
 * Reads a name: one word is enough, and titles, abbreviations and apostrophes stay, since rules about names bind only
 * those registered after them.
 */
export function parseName(text: string): Result<PersonName, NameRefusal> {
  const name = normalise(text);
  if (name === '') return refuse('name-empty');
  if (!ALLOWED.test(name) || !/\p{L}/u.test(name)) return refuse('name-chars');
  if (Array.from(name).length > MAX_LENGTH) return refuse('name-long');
  return ok(name as PersonName);
}
