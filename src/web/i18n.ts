import { readFileSync } from 'node:fs';
import { LOCALES, type Locale } from '../domain/locale.ts';
import { PLACEHOLDER, pluralOf } from '../domain/plural.ts';
import { systemClock, type Clock } from '../ports/clock/clock.ts';
import type { Sentence, SentenceParams } from './screen.ts';

export const isLocale = (value: unknown): value is Locale => LOCALES.some((locale) => locale === value);

/** A piece of a sentence: plain text, or text inside a tag such as `<terms>…</terms>`. */
export interface Part {
  readonly text: string;
  readonly tag?: string;
}

export interface Translator {
  /**
   * One sentence in one language.
   * @param sentence  a key of the locale files, or a sentence of a screen with its values
   * @returns         plain text, not yet escaped
   * @throws          {MissingSentence} in strict mode, where the key or a value for a `{placeholder}` is missing
   */
  (locale: Locale, sentence: Sentence | string, params?: SentenceParams): string;
  /** The same sentence cut at its tags; values are put in afterwards, so they cannot bring tags of their own. */
  parts(locale: Locale, sentence: Sentence | string, params?: SentenceParams): readonly Part[];
  /** The names of the sentences or groups below `key`, in the order of the file. */
  below(key: string): readonly string[];
}

export class MissingSentence extends Error {
  readonly code = 'SENTENCE_MISSING';
}

export interface TranslatorOptions {
  /** Zone in which times are shown. */
  readonly timeZone: string;
  readonly clock?: Clock;
  /** Throws where a sentence is missing (development and test); otherwise falls back to Indonesian. */
  readonly strict?: boolean;
  /** Told of each missing sentence when not strict. */
  readonly onMissing?: (locale: Locale, what: string) => void;
}

type Tree = string | readonly Tree[] | { readonly [key: string]: Tree };

function flatten(node: Tree, path: string, into: Map<string, string>): Map<string, string> {
  if (typeof node === 'string') into.set(path, node);
  else
    for (const [key, child] of Object.entries<Tree>(node as Record<string, Tree>))
      flatten(child, path === '' ? key : `${path}.${key}`, into);
  return into;
}

const load = (locale: Locale): ReadonlyMap<string, string> =>
  flatten(
    JSON.parse(readFileSync(new URL(`../../config/locales/${locale}.json`, import.meta.url), 'utf8')) as Tree,
    '',
    new Map(),
  );

/** Every sentence by its dotted key, read once. */
export const sentences: Readonly<Record<Locale, ReadonlyMap<string, string>>> = { id: load('id'), en: load('en') };

/** The sentence of that key, where the locale files have one: for what is better shown as it is than not at all. */
export const existing = (key: string): Sentence | undefined => (sentences.id.has(key) ? { key } : undefined);

/** The sentences whose keys begin so, by language. */
export const sentencesUnder = (
  ...beginnings: readonly string[]
): Readonly<Record<Locale, Readonly<Record<string, string>>>> => {
  const of = (locale: Locale): Record<string, string> =>
    Object.fromEntries(
      [...sentences[locale]].filter(([key]) => beginnings.some((beginning) => key.startsWith(beginning))),
    );
  return { id: of('id'), en: of('en') };
};

const LAST_RESORT = 'Maaf, teks ini belum tersedia.';
const TAGGED = /<([a-z]+)>(.*?)<\/\1>/gs;
const LANGUAGE_TAG = { id: 'id-ID', en: 'en-GB' } as const;
const ZONE_NAMES: Readonly<Record<string, string>> = {
  'Asia/Jakarta': 'WIB',
  'Asia/Pontianak': 'WIB',
  'Asia/Makassar': 'WITA',
  'Asia/Jayapura': 'WIT',
};

function dateFormatter(timeZone: string, clock: Clock): (locale: Locale, date: Date) => string {
  const day = { id: dayFormat('id', timeZone), en: dayFormat('en', timeZone) };
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const zone = ZONE_NAMES[timeZone] ?? timeZone;
  return (locale, date) => {
    const shownDay =
      day[locale].format(date) === day[locale].format(clock.now()) ? undefined : day[locale].format(date);
    const digits = time.format(date);
    if (locale === 'en') return shownDay === undefined ? `${digits} ${zone}` : `${shownDay}, ${digits} ${zone}`;
    const clockTime = `pukul ${digits.replace(':', '.')} ${zone}`;
    return shownDay === undefined ? clockTime : `${shownDay} ${clockTime}`;
  };
}

const dayFormat = (locale: Locale, timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(LANGUAGE_TAG[locale], { timeZone, day: 'numeric', month: 'long', year: 'numeric' });

/** Reads sentences for people: see {@link Translator}. */
export function createTranslator({
  timeZone,
  clock = systemClock,
  strict = true,
  onMissing,
}: TranslatorOptions): Translator {
  const showDate = dateFormatter(timeZone, clock);
  const numbers = { id: new Intl.NumberFormat(LANGUAGE_TAG.id), en: new Intl.NumberFormat(LANGUAGE_TAG.en) };
  const groups = groupNames(sentences.id);

  const miss = (locale: Locale, what: string): void => {
    if (strict) throw new MissingSentence(`${what} (${locale})`);
    onMissing?.(locale, what);
  };

  const find = (locale: Locale, key: string): string => {
    const found = sentences[locale].get(key);
    if (found !== undefined) return found;
    miss(locale, key);
    return sentences.id.get(key) ?? LAST_RESORT;
  };

  const fill = (locale: Locale, key: string, text: string, params: SentenceParams): string =>
    text.replace(PLACEHOLDER, (_, name: string, forms?: string) => {
      const value = params[name];
      if (value === undefined) {
        miss(locale, `${key}: no value for {${name}}`);
        return '…';
      }
      if (value instanceof Date) return showDate(locale, value);
      const shown = typeof value === 'number' ? numbers[locale].format(value) : value;
      return forms === undefined ? shown : pluralOf(locale, forms, value, shown);
    });

  const parts = (locale: Locale, sentence: Sentence | string, extra: SentenceParams = {}): readonly Part[] => {
    const { key, params = {} } = typeof sentence === 'string' ? { key: sentence } : sentence;
    const all = { ...params, ...extra };
    const text = find(locale, key);
    const pieces: Part[] = [];
    let end = 0;
    for (const match of text.matchAll(TAGGED)) {
      if (match.index > end) pieces.push({ text: fill(locale, key, text.slice(end, match.index), all) });
      pieces.push({ text: fill(locale, key, match[2] ?? '', all), tag: match[1] ?? '' });
      end = match.index + match[0].length;
    }
    if (end < text.length) pieces.push({ text: fill(locale, key, text.slice(end), all) });
    return pieces;
  };

  return Object.assign(
    (locale: Locale, sentence: Sentence | string, params?: SentenceParams) =>
      parts(locale, sentence, params)
        .map((part) => part.text)
        .join(''),
    { parts, below: (key: string) => [...(groups.get(key) ?? [])] },
  );
}

function groupNames(all: ReadonlyMap<string, string>): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, Set<string>>();
  for (const key of all.keys()) {
    const steps = key.split('.');
    for (let depth = 1; depth < steps.length; depth += 1) {
      const parent = steps.slice(0, depth).join('.');
      const children = groups.get(parent) ?? new Set<string>();
      groups.set(parent, children.add(steps[depth] ?? ''));
    }
  }
  return groups;
}
