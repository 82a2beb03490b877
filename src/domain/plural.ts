import type { Locale } from './locale.ts';

const RULES: Readonly<Record<Locale, Intl.PluralRules>> = {
  id: new Intl.PluralRules('id'),
  en: new Intl.PluralRules('en'),
};

/**
 * `{name}`, or `{name, plural, one {# second} other {# seconds}}` as ICU's MessageFormat has it: what depends on a
 * number, and `#` for the number.
 */
export const PLACEHOLDER = /\{(\w+)(?:, plural,((?: \w+ \{[^{}]*\})+))?\}/g;

const FORM = /(\w+) \{([^{}]*)\}/g;

/**
 * The form of a sentence that the language has for this number.
 * @param forms  the second part of {@link PLACEHOLDER}
 * @param value  what is no number takes the form `other`
 * @param shown  how the value is written
 */
export function pluralOf(locale: Locale, forms: string, value: unknown, shown: string): string {
  const texts = new Map([...forms.matchAll(FORM)].map(([, name = '', text = '']) => [name, text]));
  const text =
    texts.get(typeof value === 'number' ? RULES[locale].select(value) : 'other') ?? texts.get('other') ?? '#';
  return text.replaceAll('#', () => shown);
}

/** `1 row`, `2 rows`: for the command line, which speaks English. @param many  where it is not the same with an `s`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${RULES.en.select(count) === 'one' ? one : many}`;
