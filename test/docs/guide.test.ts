import { expect } from 'chai';
import { createLibrary, guides } from '../../src/docs/library.ts';
import { knownErrors } from '../../src/domain/client-error.ts';
import { LOCALES } from '../../src/domain/locale.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { filesIn, readText } from '../support/imports.ts';
import { translator } from '../support/pages.ts';

const ISSUER = 'https://akun.contoh.test';
const library = createLibrary(ISSUER);
const texts = guides.flatMap((guide) => LOCALES.map((locale) => ({ guide, locale, text: library[guide][locale] })));
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found = '']) => found);

const headingOf = (guide: string, locale: string): string =>
  /^# (.+)\n/.exec(readText(`docs/integrasi/${locale}/${guide}.md`))?.[1] ?? '';

describe('The guide for services', () => {
  it('is whole in both languages: each file is a guide, under the name by which the pages call it', () => {
    for (const locale of LOCALES) {
      expect(filesIn(`docs/integrasi/${locale}`, '.md').sort()).to.deep.equal(
        guides.map((guide) => `${guide}.md`).sort(),
      );
      for (const guide of guides) expect(headingOf(guide, locale)).to.equal(translator(locale, `docs.guide.${guide}`));
    }
  });

  it('says the same in both: as many headings, rows and pieces of code, and the same words of the protocol', () => {
    const shape = (text: string) => ({
      tags: all(text, /<(h2|h3|tr|li|pre|table)\b/g),
      words: [...new Set(all(text, /<code>([a-z_]+)<\/code>/g))].sort(),
    });
    for (const guide of guides) expect(shape(library[guide].en), guide).to.deep.equal(shape(library[guide].id));
  });

  it('leads from one guide to another and nowhere else', () => {
    const targets = guides.map((guide) => `/docs/${guide}`);
    for (const { guide, locale, text } of texts)
      for (const href of all(text, /href="([^"#]*)/g)) expect(targets, `${locale}/${guide}`).to.include(href);
  });

  it('names this very sign-on, so that what is copied works', () => {
    expect(library['quick-start'].en).to.include(`${ISSUER}/.well-known/openid-configuration`);
    for (const { text } of texts) expect(text).not.to.include('{issuer}');
  });

  it('has a row for each error that services may meet', () => {
    for (const locale of LOCALES)
      for (const error of knownErrors)
        expect(library.errors[locale], `${locale}: ${error}`).to.match(new RegExp(`<td>[^\n]*<code>${error}</code>`));
  });

  it('shows tags in examples as text', () => {
    expect(library.button.en)
      .to.include('&lt;a class=&quot;siapkerja&quot;')
      .and.not.to.include('<a class="siapkerja"');
  });

  describe('at /docs', () => {
    let app: TestApp;
    before(async () => {
      app = await startTestApp();
    });
    after(() => app.close());

    it('begins with the first guide, and each leads to the next', async () => {
      const browser = new Browser();
      let page = await browser.open(`${app.url}/docs?lang=en`);
      for (const [at, guide] of guides.entries()) {
        expect(page.url.pathname).to.equal(`/docs/${guide}`);
        expect(page.text).to.include(headingOf(guide, 'en'));
        const next = guides[at + 1];
        if (next !== undefined) page = await browser.open(page.link(`Next: ${headingOf(next, 'en')}`));
      }
    });

    it('is Indonesian first, and found from every page of the portal', async () => {
      const home = await new Browser().open(app.url);
      const guide = await new Browser().open(home.link('Untuk pengembang layanan'));
      expect(guide.headers.get('content-language')).to.equal('id');
      expect(guide.text).to.include('Mulai cepat').and.include(`${app.url}/auth`);
    });

    it('has no further files behind it', async () => {
      for (const name of [
        'nowhere',
        '..%2Fadr%2F0001-wrap-oidc-provider',
        'quick-start.md',
        'constructor',
        '__proto__',
      ]) {
        expect((await new Browser().open(`${app.url}/docs/${name}`)).status, name).to.equal(404);
      }
    });
  });
});
