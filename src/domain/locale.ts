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
export const parseUiLocales = (text: string | undefined): Locale | undefined => first((text ?? '').split(' ', MAX_TAGS), toLocale);

function parseAcceptLanguage(header: string | undefined): Locale | undefined {
  const wishes = (header ?? '').split(',', MAX_TAGS).map((wish) => {
    const [tag = '', ...parameters] = wish.split(';');
    const weight = parameters.map((parameter) => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameter)?.[1]).find((q) => q !== undefined);
    return { tag, weight: Number(weight ?? 1) };
  });
  // Sorting is stable: equal weights keep the order of the header.
  return first(wishes.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight), ({ tag }) => toLocale(tag));
}

export interface LocaleWishes {
  /** What the person has just chosen. */
  readonly query?: string | undefined;
  /** What the person chose before. */
  readonly cookie?: string | undefined;
  /** What the service asks for. */
  readonly uiLocales?: string | undefined;
  /** What the browser asks for. */
  readonly acceptLanguage?: string | undefined;
}

/** The person's own choice before the service's, that before the browser's, and Indonesian where nobody says anything. */
export const pickLocale = ({ query, cookie, uiLocales, acceptLanguage }: LocaleWishes): Locale =>
  toLocale(query ?? '') ?? toLocale(cookie ?? '') ?? parseUiLocales(uiLocales) ?? parseAcceptLanguage(acceptLanguage) ?? DEFAULT_LOCALE;
