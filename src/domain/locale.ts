export type Locale = 'id' | 'en';

export const LOCALES: readonly Locale[] = ['id', 'en'];
export const DEFAULT_LOCALE: Locale = 'id';

/** `in` is what old Android still says for Indonesian (ISO 639 before 1989). */
const SUPPORTED: ReadonlyMap<string, Locale> = new Map<string, Locale>([
  ['id', 'id'],
  ['in', 'id'],
  ['en', 'en'],
]);

/** No browser and no service lists more; what is longer is not read. */
const MAX_TAGS = 50;

const toLocale = (tag: string): Locale | undefined => SUPPORTED.get(tag.trim().toLowerCase().split(/[-_]/, 1)[0] ?? '');

const first = <T>(items: readonly T[], read: (item: T) => Locale | undefined): Locale | undefined => {
  for (const item of items) {
    const locale = read(item);
    if (locale !== undefined) return locale;
  }
  return undefined;
};

/** OpenID Connect `ui_locales`: language tags by preference, parted by blanks. */
export const parseUiLocales = (text: string | undefined): Locale | undefined =>
  first((text ?? '').split(' ', MAX_TAGS), toLocale);

export interface LocaleWishes {
  /** What the person has just chosen. */
  readonly query?: string | undefined;
  /** What the person chose before. */
  readonly cookie?: string | undefined;
  /** What the service asks for. */
  readonly uiLocales?: string | undefined;
}

/**
 * The person's own choice before the service's, and Indonesian where nobody says anything. What the browser asks for is
 * not heard: phones are sold in English, and their owners read Indonesian.
 */
export const pickLocale = ({ query, cookie, uiLocales }: LocaleWishes): Locale =>
  toLocale(query ?? '') ?? toLocale(cookie ?? '') ?? parseUiLocales(uiLocales) ?? DEFAULT_LOCALE;
