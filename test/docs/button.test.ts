import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { createLibrary } from '../../src/docs/library.ts';
import { LOCALES } from '../../src/domain/locale.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { readText } from '../support/imports.ts';

const WORDS = {
  'sign-in': { id: 'Masuk dengan SIAPkerja', en: 'Sign in with SIAPkerja' },
  register: { id: 'Daftar dengan SIAPkerja', en: 'Register with SIAPkerja' },
} as const;
/** Ground and words, on pages of either kind. */
const COLOURS = { light: ['#0f4c75', '#ffffff'], dark: ['#8fc7ee', '#07263c'] } as const;

const buttons = (['sign-in', 'register'] as const).flatMap((use) =>
  LOCALES.flatMap((locale) =>
    (['light', 'dark'] as const).map((page) => ({
      name: `${use}-${locale}-${page}.svg`,
      words: WORDS[use][locale],
      colours: COLOURS[page],
    })),
  ),
);

const luminance = (colour: string): number => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
/** WCAG 2.2, 1.4.3. */
const contrast = (one: string, other: string): number => {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};

describe('The button for services', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  it('is there ready made: to sign in and to register, in both languages, for light pages and dark ones', () => {
    expect(readdirSync(new URL('../../public/button', import.meta.url)).sort()).to.deep.equal(
      buttons.map(({ name }) => name).sort(),
    );
  });

  for (const {
    name,
    words,
    colours: [ground, ink],
  } of buttons) {
    it(`${name}: says its words, is high enough for a thumb, and draws everything itself`, () => {
      const svg = readText(`public/button/${name}`);
      expect(svg).to.include(`<title>${words}</title>`).and.include(`fill="${ground}"`).and.include(`fill="${ink}"`);
      expect(Number(/ height="(\d+)"/.exec(svg)?.[1])).to.be.at.least(44);
      expect(contrast(ground, ink)).to.be.at.least(4.5);
      // No font of anybody's machine, no script, nothing from elsewhere.
      expect(svg).not.to.match(/<(?:text|script|style|image|use|a|foreignObject)\b|href|\son\w+=/i);
    });
  }

  it('is served with its kind, and the guide shows each in both languages', async () => {
    const library = createLibrary(app.url);
    for (const { name, words } of buttons) {
      const answer = await fetch(`${app.url}/button/${name}`);
      expect([answer.status, answer.headers.get('content-type')], name).to.deep.equal([200, 'image/svg+xml']);
      for (const locale of LOCALES)
        expect(library.button[locale])
          .to.include(`<img src="/button/${name}" alt="${words}">`)
          .and.include(`<code>/button/${name}</code>`);
    }
  });
});
