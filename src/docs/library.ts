import { readFileSync } from 'node:fs';
import { Marked, type Tokens } from 'marked';
import { LOCALES, type Locale } from '../domain/locale.ts';

/** The guide for teams of services, in the order in which one reads it; the names are files in docs/integrasi/. */
export const guides = [
  'quick-start',
  'claims',
  'sessions',
  'errors',
  'keys',
  'sandbox',
  'going-live',
  'moving',
  'button',
] as const;
export type Guide = (typeof guides)[number];

export const isGuide = (name: string): name is Guide => (guides as readonly string[]).includes(name);

/** The text of a guide as HTML, without its first heading, in each language. */
export type GuideText = Readonly<Record<Locale, string>>;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** "Who mends it?" → "who-mends-it", as readers of the repository see it too. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

/** Guides link to one another as files, so that they read as well in the repository. */
const hrefOf = (href: string): string => href.replace(/^([a-z-]+)\.md(?=#|$)/, '/docs/$1');

/** And show pictures that the sign-on serves. */
const sourceOf = (href: string): string => href.replace(/^(?:\.\.\/)*public\//, '/');

const marked = new Marked({
  renderer: {
    heading({ tokens, depth, text }: Tokens.Heading) {
      return `<h${depth} id="${escape(anchorOf(text))}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    link({ href, tokens }: Tokens.Link) {
      return `<a href="${escape(hrefOf(href))}">${this.parser.parseInline(tokens)}</a>`;
    },
    image({ href, text }: Tokens.Image) {
      return `<img src="${escape(sourceOf(href))}" alt="${escape(text)}">`;
    },
    // What is wider than a phone scrolls by itself, and by keyboard too.
    table(token: Tokens.Table) {
      const cell =
        (tag: 'th' | 'td') =>
        ({ tokens }: Tokens.TableCell) =>
          `<${tag}${tag === 'th' ? ' scope="col"' : ''}>${this.parser.parseInline(tokens)}</${tag}>`;
      const head = token.header.map(cell('th')).join('');
      const body = token.rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('\n');
      return `<div class="scroll" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>\n`;
    },
    code({ text }: Tokens.Code) {
      return `<pre class="code-block" tabindex="0"><code>${escape(text)}</code></pre>\n`;
    },
    // The guides are text; whatever looks like HTML in them is an example of it.
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escape(text),
  },
});

const FIRST_HEADING = /^# .*\n/;

const read = (guide: Guide, locale: Locale): string =>
  readFileSync(new URL(`../../docs/integrasi/${locale}/${guide}.md`, import.meta.url), 'utf8');

/**
 * Reads and renders every guide, once.
 *
 * @param issuer  takes the place of `{issuer}` in the text: what is copied from the page works here.
 */
export function createLibrary(issuer: string): Readonly<Record<Guide, GuideText>> {
  const render = (guide: Guide, locale: Locale): string =>
    marked.parse(read(guide, locale).replace(FIRST_HEADING, '').replaceAll('{issuer}', issuer), { async: false });
  return Object.fromEntries(
    guides.map((guide) => [guide, Object.fromEntries(LOCALES.map((locale) => [locale, render(guide, locale)]))]),
  ) as Record<Guide, GuideText>;
}
