import { expect } from 'chai';
import { parseName } from '../../src/domain/name.ts';

describe('Name: reading what was typed', () => {
  const accepted: [string, string, string][] = [
    ['capitals as typed', 'Budi CONTOH santoso', 'Budi CONTOH santoso'],
    ['one word', 'SUPARMIN', 'SUPARMIN'],
    ['one letter', 'A', 'A'],
    ['an apostrophe', "NUR'AINI CONTOH", "NUR'AINI CONTOH"],
    ['a curly apostrophe', 'NUR’AINI', 'NUR’AINI'],
    ["other keyboards' apostrophes", 'Nur`aini Nur‘aini Nur´aini Nurʼaini', "Nur'aini Nur'aini Nur'aini Nur'aini"],
    ['titles', 'Drs. H. ANDREAS CONTOH, S.E.', 'Drs. H. ANDREAS CONTOH, S.E.'],
    ['a slash and a hyphen', 'SITI A/P CONTOH-DEWI', 'SITI A/P CONTOH-DEWI'],
    ['a long dash', 'CONTOH–DEWI', 'CONTOH-DEWI'],
    ['blanks of every kind', '  BUDI\u00a0\u00a0CONTOH\t\n SANTOSO ', 'BUDI CONTOH SANTOSO'],
    ['invisible characters', '\u200bBUDI\u200d CON\u00adTOH\u202e', 'BUDI CONTOH'],
    ['a decomposed letter', 'RENE\u0301', 'RENÉ'],
    ['another script', 'بودي 布迪', 'بودي 布迪'],
    ['a hundred letters', 'A'.repeat(100), 'A'.repeat(100)],
    ['a hundred letters outside the basic plane', '𐐀'.repeat(100), '𐐀'.repeat(100)],
    ['a hundred letters and blanks around', ` ${'A'.repeat(100)} `, 'A'.repeat(100)],
  ];
  for (const [what, text, name] of accepted) {
    it(`takes ${what}`, () => {
      expect(parseName(text)).to.deep.equal({ ok: true, value: name });
    });
  }

  const refused: [string, string, string][] = [
    ['nothing', '', 'name-empty'],
    ['blanks', ' \t\u00a0', 'name-empty'],
    ['only invisible characters', '\u200b\u2060', 'name-empty'],
    ['a digit', 'BUD1 CONTOH', 'name-chars'],
    ['a full-width digit', 'BUDI ２', 'name-chars'],
    ['markup', '<script>alert(1)</script>', 'name-chars'],
    ['angle brackets alone', 'BUDI <CONTOH>', 'name-chars'],
    ['an ampersand', 'BUDI & CONTOH', 'name-chars'],
    ['quotation marks', 'BUDI "CONTOH"', 'name-chars'],
    ['a NUL', 'BUDI\0CONTOH', 'name-chars'],
    ['a bell', 'BUDI\u0007', 'name-chars'],
    ['a lone surrogate', 'BUDI\ud800', 'name-chars'],
    ['an emoji', 'BUDI 🙂', 'name-chars'],
    ['marks without a letter', ". , - / '", 'name-chars'],
    ['a combining mark without a letter', '\u0301', 'name-chars'],
    ['101 letters', 'A'.repeat(101), 'name-long'],
    ['a hundred thousand letters', 'AB '.repeat(33_334), 'name-long'],
    ['a hundred thousand marks', `A${'\u0301'.repeat(100_000)}`, 'name-long'],
    ['a hundred thousand slashes', '/'.repeat(100_000), 'name-chars'],
  ];
  for (const [what, text, refusal] of refused) {
    it(`refuses ${what}`, () => {
      expect(parseName(text)).to.deep.equal({ ok: false, refusal });
    });
  }
});
