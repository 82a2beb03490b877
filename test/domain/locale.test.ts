import { expect } from 'chai';
import { parseUiLocales, pickLocale, type LocaleWishes } from '../../src/domain/locale.ts';

describe('Locale: ui_locales of a sign-in', () => {
  const cases: [string | undefined, string | undefined][] = [
    ['id', 'id'],
    ['en', 'en'],
    ['en-GB', 'en'],
    ['id-ID en', 'id'],
    ['fr-CA de en id', 'en'],
    ['EN_us', 'en'],
    ['in', 'id'],
    ['  en  ', 'en'],
    ['fr de', undefined],
    ['english', undefined],
    ['', undefined],
    [undefined, undefined],
    ['constructor __proto__', undefined],
    [`${'fr '.repeat(50_000)}en`, undefined],
  ];
  for (const [text, locale] of cases) {
    it(`reads ${locale ?? 'nothing'} from ${JSON.stringify(text?.slice(0, 40))}`, () => {
      expect(parseUiLocales(text)).to.equal(locale);
    });
  }
});

describe('Locale: the language of a page', () => {
  const cases: [string, LocaleWishes, string][] = [
    ['is Indonesian where nobody wishes otherwise', {}, 'id'],
    ['is the one just chosen', { query: 'en', cookie: 'id', uiLocales: 'id' }, 'en'],
    ['is the one chosen before', { cookie: 'en', uiLocales: 'id' }, 'en'],
    ['is the one the service asks for', { uiLocales: 'en' }, 'en'],
    ['overlooks a choice that does not exist', { query: 'xx', cookie: '', uiLocales: 'en' }, 'en'],
  ];
  for (const [what, wishes, locale] of cases) {
    it(what, () => {
      expect(pickLocale(wishes)).to.equal(locale);
    });
  }
});
