import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context, Middleware } from 'koa';
import views from 'koa-views';
import { compileFile } from 'pug';
import type { Locale } from '../domain/locale.ts';
import { isLocale, type Translator } from './i18n.ts';
import { say, type FieldError, type Screen, type Sentence, type SentenceParams } from './screen.ts';

export interface RenderOptions {
  readonly status?: number;
  /** Put as a hidden field into every form of the page that posts to us. */
  readonly csrf?: string;
  /** Overrides `ctx.state.locale`. */
  readonly locale?: Locale;
  /** The line that marks a development server; the gallery leaves it out. */
  readonly ribbon?: boolean;
}

export type RenderScreen = (screen: Screen, options?: RenderOptions) => Promise<void>;

export interface RendererDeps {
  readonly environment: 'development' | 'test' | 'production';
  readonly translator: Translator;
}

const VIEWS = fileURLToPath(new URL('../../views', import.meta.url));

/** Addresses of our own files change with their content, so that browsers may keep them for ever. */
const asset = (name: string): string => {
  const content = readFileSync(new URL(`../../public/${name}`, import.meta.url));
  return `/${name}?v=${createHash('sha256').update(content).digest('hex').slice(0, 10)}`;
};

/**
 * Compiled once in a process, where templates do not change while it runs: then nobody looks for the file again, which
 * waits for a thread and costs as much as the page.
 */
const compiled = new Map<string, ReturnType<typeof compileFile>>();

/** The model is kept apart from the template options: a field called `name` or `cache` must not steer the compiler. */
function pugEngine(keep: boolean): { pug: (path: string, options: { locals: object }) => Promise<string> } {
  return {
    pug: (path, { locals }) => {
      const template = (keep ? compiled.get(path) : undefined) ?? compileFile(path, { basedir: VIEWS });
      if (keep) compiled.set(path, template);
      return Promise.resolve(template(locals));
    },
  };
}

/** The page that the visitor is on, in the other language. */
function otherLanguage(ctx: Context, locale: Locale): { readonly lang: Locale; readonly href: string } {
  const lang = locale === 'id' ? 'en' : 'id';
  // What answers a POST has the same address as its form; the form's query is of no use to a GET.
  const query = new URLSearchParams(ctx.method === 'GET' || ctx.method === 'HEAD' ? ctx.querystring : '');
  query.set('lang', lang);
  return { lang, href: `${ctx.path}?${query.toString()}` };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** For attributes that a template takes on as an object: pug escapes every attribute but these. */
const escaped = (attributes: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign) : value,
    ]),
  );

interface CommonFields {
  readonly errors?: readonly FieldError[];
  /** Beside fields that are good enough. */
  readonly warnings?: readonly FieldError[];
  readonly problem?: Sentence;
  readonly service?: { readonly name: string };
  /** What no address shows again: the page must not be left by mistake. */
  readonly newSecret?: unknown;
  readonly newToken?: unknown;
  readonly newLink?: unknown;
  readonly newCodes?: unknown;
}

function localsOf(
  ctx: Context,
  screen: Screen,
  options: RenderOptions,
  { translator, environment }: RendererDeps,
  assets: object,
): object {
  const model = screen.model as CommonFields;
  const locale = options.locale ?? (isLocale(ctx.state.locale) ? ctx.state.locale : 'id');
  const t = (sentence: Sentence | string, params?: SentenceParams): string => translator(locale, sentence, params);
  const { errors = [], warnings = [] } = model;
  const wrong = errors.length > 0 || model.problem !== undefined;
  const title = t(screen.title);
  const atLine = ({ sentence, line }: FieldError): Sentence =>
    line === undefined ? sentence : say('common.form.line', { line, problem: t(sentence) });
  return {
    ...screen.model,
    t,
    parts: (sentence: Sentence | string, params?: SentenceParams) => translator.parts(locale, sentence, params),
    below: (key: string) => translator.below(key),
    escaped,
    lang: locale,
    csrf: options.csrf,
    errorsOf: (field: string) => errors.filter((error) => error.field === field).map(atLine),
    warningsOf: (field: string) => warnings.filter((warning) => warning.field === field).map(atLine),
    inSummary: ({ label = [], line, sentence }: FieldError) => {
      const where = [
        ...label.map((one) => t(one)),
        ...(line === undefined ? [] : [t('common.form.lineOf', { line })]),
      ].join(', ');
      return where === '' ? t(sentence) : t('common.form.at', { where, problem: t(sentence) });
    },
    page: {
      ...assets,
      path: ctx.path,
      heading: title,
      title: t('common.title.page', { title: wrong ? t('common.title.error', { title }) : title }),
      // The aids of development are written in one language.
      other: screen.view.startsWith('dev/') ? undefined : otherLanguage(ctx, locale),
      shownOnce: [model.newSecret, model.newToken, model.newLink, model.newCodes].some((one) => one !== undefined),
      service: model.service,
      sandbox: ctx.state.sandbox === true || screen.view.startsWith('sandbox/'),
      ribbon: environment === 'development' && options.ribbon !== false,
    },
  };
}

/**
 * Sets up `ctx.renderScreen(screen, { status, csrf })`: a screen becomes HTML in the language of `ctx.state.locale`.
 * Templates see the screen's model and the helpers of `localsOf`, nothing else of the request.
 */
export function createRenderer(deps: RendererDeps): Middleware {
  const assets = {
    css: asset('app.css'),
    js: asset('app.js'),
    consoleCss: asset('console.css'),
    consoleJs: asset('console.js'),
  };
  const setUp = views(VIEWS, {
    extension: 'pug',
    map: { pug: 'pug' },
    engineSource: pugEngine(deps.environment !== 'development'),
  });
  return (ctx, next) => {
    const renderScreen: RenderScreen = async (screen, options = {}) => {
      const locals = localsOf(ctx, screen, options, deps, assets);
      const template = compiled.get(join(VIEWS, `${screen.view}.pug`));
      if (template === undefined) await ctx.render(`${screen.view}.pug`, { locals });
      else {
        ctx.type = 'html';
        ctx.body = template(locals);
      }
      ctx.status = options.status ?? 200;
      // The language, and the mark of the browser, travel in cookies: no page is for a shared cache.
      if (ctx.response.get('Cache-Control') === '') ctx.set('Cache-Control', 'private, no-cache');
      ctx.set('Content-Language', (locals as { lang: Locale }).lang);
    };
    ctx.renderScreen = renderScreen;
    return setUp(ctx, next) as Promise<void>;
  };
}

/** The same as a plain function, for handlers whose context is not typed with `renderScreen`. */
export const renderScreen = (ctx: Context, screen: Screen, options?: RenderOptions): Promise<void> =>
  (ctx as Context & { renderScreen: RenderScreen }).renderScreen(screen, options);
