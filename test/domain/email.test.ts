import { expect } from 'chai';
import { emailKey, parseEmail, suggestEmail, type Email } from '../../src/domain/email.ts';

const parsed = (text: string): Email => {
  const result = parseEmail(text);
  if (!result.ok) throw new Error(`${text}: ${result.refusal}`);
  return result.value;
};

const LONGEST = `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(56)}.test`;

describe('E-mail: reading what was typed', () => {
  const accepted: [string, string, string][] = [
    ['a plain address', 'budi@contoh.test', 'budi@contoh.test'],
    ['blanks around', '  budi@contoh.test\n', 'budi@contoh.test'],
    ['capitals: the domain in small letters, the rest as typed', 'Budi.S@Contoh.TEST', 'Budi.S@contoh.test'],
    ['a plus tag and dots', 'budi.s+kerja@contoh.test', 'budi.s+kerja@contoh.test'],
    ['an apostrophe', "nur'aini@contoh.test", "nur'aini@contoh.test"],
    ['many labels', 'budi@mail.naker.contoh.test', 'budi@mail.naker.contoh.test'],
    ['a domain that begins with a digit', 'budi@123.test', 'budi@123.test'],
    ['a decomposed letter', 'rene\u0301@contoh.test', 'rené@contoh.test'],
    ['a domain in punycode', 'budi@xn--bcher-kva.test', 'budi@xn--bcher-kva.test'],
    ['invisible characters of a messenger', '\u200bbudi@contoh.test\ufeff', 'budi@contoh.test'],
    ['254 characters', LONGEST, LONGEST],
  ];
  for (const [what, text, email] of accepted) {
    it(`takes ${what}`, () => {
      expect(parseEmail(text)).to.deep.equal({ ok: true, value: email });
    });
  }

  for (const text of ['', '  ', '\u200b']) {
    it(`asks for the address where nothing stands in ${JSON.stringify(text)}`, () => {
      expect(parseEmail(text)).to.deep.equal({ ok: false, refusal: 'email-empty' });
    });
  }

  const refused: Record<string, string> = {
    'no @': 'budi.contoh.test',
    'two @': 'budi@contoh@contoh.test',
    'no local part': '@contoh.test',
    'no domain': 'budi@',
    'a domain without a dot': 'budi@localhost',
    'a comma for a dot': 'budi@contoh,test',
    'two dots in the domain': 'budi@contoh..test',
    'a dot at the end': 'budi@contoh.test.',
    'a dot before the @': 'budi.@contoh.test',
    'a dot at the start': '.budi@contoh.test',
    'two dots in the local part': 'bu..di@contoh.test',
    'a hyphen at the end of a label': 'budi@contoh-.test',
    'a numeric end': 'budi@192.168.0.1',
    'an address literal': 'budi@[192.0.2.1]',
    'a blank inside': 'bu di@contoh.test',
    'a no-break space inside': 'budi@con\u00a0toh.test',
    'a line break and a header': 'budi@contoh.test\r\nBcc: x@contoh.test',
    'a NUL': 'budi\0@contoh.test',
    'a lone surrogate': 'bu\ud800di@contoh.test',
    'a display name': 'Budi <budi@contoh.test>',
    'a link': 'mailto:budi@contoh.test',
    quotes: '"budi"@contoh.test',
    'two addresses': 'budi@contoh.test,siti@contoh.test',
    'a percent sign in the domain': 'budi@con%74oh.test',
    'a path': 'budi@contoh.test/x',
    'a local part of 65 characters': `${'a'.repeat(65)}@contoh.test`,
    'a label of 64 characters': `budi@${'a'.repeat(64)}.test`,
    '255 characters': LONGEST.replace('ddd', 'dddd'),
    'a hundred thousand dots': `a${'.'.repeat(100_000)}@contoh.test`,
    'a hundred thousand blanks inside': `a${' '.repeat(100_000)}b@contoh.test`,
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(parseEmail(text)).to.deep.equal({ ok: false, refusal: 'email-form' });
    });
  }
});

describe('E-mail: comparing addresses', () => {
  it('overlooks capitals in both halves', () => {
    expect(emailKey(parsed('Budi.S@CONTOH.test'))).to.equal(emailKey(parsed('budi.s@contoh.test')));
  });

  it('finds a domain in its own script and in ASCII the same', () => {
    expect(emailKey(parsed('budi@bücher.test'))).to.equal(emailKey(parsed('budi@xn--bcher-kva.test')));
  });

  for (const other of ['budis@contoh.test', 'budi.s+kerja@contoh.test', 'budi.s@contoh.id']) {
    it(`keeps budi.s@contoh.test apart from ${other}`, () => {
      expect(emailKey(parsed('budi.s@contoh.test'))).not.to.equal(emailKey(parsed(other)));
    });
  }
});

describe('E-mail: a likely slip', () => {
  const slips: Record<string, string> = {
    'gmail.con': 'gmail.com',
    'gmial.com': 'gmail.com',
    'gamil.com': 'gmail.com',
    'gmail.co': 'gmail.com',
    'gmail.co.id': 'gmail.com',
    'gmail.comm': 'gmail.com',
    'gmai.com': 'gmail.com',
    'gnail.com': 'gmail.com',
    'gmaill.cm': 'gmail.com',
    'yaho.com': 'yahoo.com',
    'yahoo.co.od': 'yahoo.co.id',
    'yahoo.coid': 'yahoo.co.id',
    'yahooo.co.id': 'yahoo.co.id',
    'yahoo.co': 'yahoo.com',
    'hotmial.com': 'hotmail.com',
    'homail.com': 'hotmail.com',
    'outlok.com': 'outlook.com',
    'oultook.co.id': 'outlook.co.id',
    'iclod.com': 'icloud.com',
  };
  for (const [typed, meant] of Object.entries(slips)) {
    it(`asks whether ${typed} means ${meant}`, () => {
      expect(suggestEmail(parsed(`Budi@${typed}`))).to.equal(`Budi@${meant}`);
    });
  }

  const right = [
    'gmail.com',
    'yahoo.com',
    'yahoo.co.id',
    'ymail.com',
    'rocketmail.com',
    'hotmail.com',
    'outlook.co.id',
    'outlook.fr',
    'icloud.com',
    'mail.com',
    'email.com',
    'contoh.test',
    'kemnaker.go.id',
    'ui.ac.id',
    'proton.me',
    `${'gmail'.repeat(12)}.com`,
  ];
  for (const domain of right) {
    it(`has nothing to say about ${domain}`, () => {
      expect(suggestEmail(parsed(`budi@${domain}`))).to.equal(undefined);
    });
  }
});
