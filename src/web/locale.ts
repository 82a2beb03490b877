import type { Context, Middleware } from 'koa';
import { DEFAULT_LOCALE, LOCALES, parseUiLocales, type Locale } from '../domain/locale.ts';
import { cookieName } from './cookies.ts';
import { seeOther } from './see-other.ts';

const YEAR_MS = 31_536_000_000;

const toLocale = (text: unknown): Locale | undefined => LOCALES.find((locale) => locale === text);

/** Remembers the language for this browser. */
function rememberLocale(ctx: Context, locale: Locale, secure: boolean): void {
  ctx.cookies.set(cookieName('lang', secure), locale, {
    httpOnly: true,
    sameSite: 'lax',
    secure,
    signed: false,
    overwrite: true,
    path: '/',
    maxAge: YEAR_MS,
  });
  ctx.state.locale = locale;
}

const read = (ctx: Context, name: string): Locale | undefined => toLocale(ctx.cookies.get(name, { signed: false }));

/**
 * Honours `ui_locales`, as long as the person has chosen nothing: on this page, and for this session of the browser
 * until the next wish.
 */
export function honourUiLocales(ctx: Context, locale: Locale, secure: boolean): void {
  ctx.state.locale = read(ctx, cookieName('lang', secure)) ?? locale;
  ctx.cookies.set(cookieName('ui-lang', secure), locale, {
    httpOnly: true,
    sameSite: 'lax',
    secure,
    signed: false,
    overwrite: true,
    path: '/',
  });
}

/**
 * The language of the page: what the person chose, else what the service asked for, else Indonesian. `?lang=` is the
 * switch at the top of every page; it leads back to the same address without it. What a service asks for (`ui_locales`)
 * holds on the page that it asks for, be it a refusal, and from the beginning of a sign-in on.
 */
export function locale({ secure }: { secure: boolean }): Middleware {
  return (ctx, next) => {
    const chosen = toLocale(ctx.query.lang);
    if (chosen !== undefined && ctx.method === 'GET' && !ctx.path.startsWith('/dev/')) {
      rememberLocale(ctx, chosen, secure);
      const rest = new URLSearchParams(ctx.querystring);
      rest.delete('lang');
      seeOther(ctx, rest.size === 0 ? ctx.path : `${ctx.path}?${rest.toString()}`);
      return;
    }
    const asked = parseUiLocales(typeof ctx.query.ui_locales === 'string' ? ctx.query.ui_locales : undefined);
    ctx.state.locale =
      read(ctx, cookieName('lang', secure)) ?? asked ?? read(ctx, cookieName('ui-lang', secure)) ?? DEFAULT_LOCALE;
    return next();
  };
}

export const localeOf = (ctx: Context): Locale => ctx.state.locale as Locale;
