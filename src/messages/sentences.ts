import en from '../../config/locales/messages.en.json' with { type: 'json' };
import id from '../../config/locales/messages.id.json' with { type: 'json' };
import type { Locale } from '../domain/locale.ts';
import { PLACEHOLDER, pluralOf } from '../domain/plural.ts';

/** Every sentence of SMS and mail. Indonesian comes first, so its file says what there is. */
export type Sentences = typeof id;

export const sentences: Readonly<Record<Locale, Sentences>> = { id, en };

/**
 * Puts the values into a sentence of the locale file.
 * @param locale  by whose rules a number has its plural, in a sentence that has any.
 * @throws a caller's bug: a placeholder without a value would reach a citizen as `{name}`.
 */
export function fill(
  sentence: string,
  values: Readonly<Record<string, string | number>>,
  locale: Locale = 'id',
): string {
  return sentence.replace(PLACEHOLDER, (_, name: string, forms?: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for {${name}}`);
    return forms === undefined ? String(value) : pluralOf(locale, forms, value, String(value));
  });
}

const FORMATS: Readonly<Record<Locale, string>> = { id: 'id-ID', en: 'en-GB' };
const WHEN = { day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;

/** By language and zone: to make one costs a hundred times what it costs to use it. */
const clocks = new Map<string, { readonly time: Intl.DateTimeFormat; readonly zone: Intl.DateTimeFormat }>();

function clockOf(
  locale: Locale,
  timeZone: string,
): { readonly time: Intl.DateTimeFormat; readonly zone: Intl.DateTimeFormat } {
  const name = `${locale} ${timeZone}`;
  const clock = clocks.get(name) ?? {
    time: new Intl.DateTimeFormat(FORMATS[locale], { ...WHEN, timeZone }),
    zone: new Intl.DateTimeFormat('id-ID', { timeZone, timeZoneName: 'short' }),
  };
  clocks.set(name, clock);
  return clock;
}

/**
 * `23 November 2026 pukul 14.30 WIB`: the Indonesian names of the zones, in English too, where Intl only knows GMT+7.
 */
export function showTime(at: Date, locale: Locale, timeZone: string): string {
  const { time, zone } = clockOf(locale, timeZone);
  return `${time.format(at)} ${zone.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? timeZone}`;
}
