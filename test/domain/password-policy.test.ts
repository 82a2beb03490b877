import { expect } from 'chai';
import type { Email } from '../../src/domain/email.ts';
import type { PersonName } from '../../src/domain/name.ts';
import type { Nik } from '../../src/domain/nik.ts';
import { checkPassword, passwordRules, unmetRules, type PasswordPolicy } from '../../src/domain/password-policy.ts';
import type { PasswordOwner } from '../../src/domain/password-personal.ts';
import type { Phone } from '../../src/domain/phone.ts';

const guide: PasswordPolicy = { profile: 'kemnaker', passphrase: false };
const modern: PasswordPolicy = { profile: 'modern', passphrase: false };
const withPassphrase: PasswordPolicy = { profile: 'kemnaker', passphrase: true };

const refusalsOf = (password: string, policy = guide, owner?: PasswordOwner): readonly string[] => {
  const result = checkPassword(password, policy, owner);
  return result.ok ? [] : result.refusal;
};

describe('Password: the five rules of the guide', () => {
  it('stand in the order of the guide', () => {
    expect(passwordRules('kemnaker')).to.deep.equal(['length', 'lower', 'upper', 'digit', 'symbol']);
  });

  const cases: [string, string[]][] = [
    ['', ['length', 'lower', 'upper', 'digit', 'symbol']],
    ['kopi', ['length', 'upper', 'digit', 'symbol']],
    ['Tk7!abc', ['length']],
    ['TK7!ABCD', ['lower']],
    ['tk7!abcd', ['upper']],
    ['Tkx!abcd', ['digit']],
    ['Tk7xabcd', ['symbol']],
    ['Tk7-abcd', ['symbol']],
    ['Tk7!abcd', []],
    ['Ék7!ÀBçD', []],
    ['Tk７!abcd', ['digit']],
    ['Tk7！abcd', ['symbol']],
    ['Tk7!abc\u0301', ['length']],
    ['Tk7!🙂🙂', ['length']],
    ['kata sandi yang panjang sekali', ['upper', 'digit', 'symbol']],
  ];
  for (const [password, rules] of cases) {
    it(`finds ${rules.join(', ') || 'nothing'} missing in ${JSON.stringify(password)}`, () => {
      expect(unmetRules(password, guide)).to.deep.equal(rules);
    });
  }

  for (const symbol of '!@#$%^&*') {
    it(`counts ${symbol} as a symbol`, () => {
      expect(unmetRules(`Tk7abcd${symbol}`, guide)).to.deep.equal([]);
    });
  }

  it('each have a refusal of their own, all told at once', () => {
    expect(refusalsOf('kopi')).to.deep.equal([
      'password-length',
      'password-upper',
      'password-digit',
      'password-symbol',
    ]);
  });

  it('say nothing of rules where nothing was typed', () => {
    expect(refusalsOf('')).to.deep.equal(['password-empty']);
  });
});

describe('Password: the other profiles', () => {
  it('modern asks for fifteen characters of any kind', () => {
    expect(passwordRules('modern')).to.deep.equal(['length']);
    expect(unmetRules('tujuh lukisan b', modern)).to.deep.equal([]);
    expect(unmetRules('tujuh lukisan ', modern)).to.deep.equal(['length']);
  });

  it('a passphrase of twenty characters satisfies the guide only where that is configured', () => {
    const phrase = 'tujuh lukisan berang';
    expect(unmetRules(phrase, withPassphrase)).to.deep.equal([]);
    expect(unmetRules(phrase, guide)).to.deep.equal(['upper', 'digit', 'symbol']);
    expect(unmetRules(phrase.slice(1), withPassphrase)).to.deep.equal(['upper', 'digit', 'symbol']);
  });
});

describe('Password: its length and characters', () => {
  const long = (length: number): string => 'Tk7!'.padEnd(length, 'qvxjzwkpfy mbrhdtn');

  it('may have 128 characters and not 129', () => {
    expect(refusalsOf(long(128))).to.deep.equal([]);
    expect(refusalsOf(long(129))).to.deep.equal(['password-long']);
  });

  it('counts characters, not the units they are stored in', () => {
    expect(refusalsOf(`Tk7!${'𐐀𐐁𐐂𐐃'.repeat(31)}`)).to.deep.equal([]);
    expect(refusalsOf(`Tk7!${'e\u0301x'.repeat(62)}`)).to.deep.equal([]);
  });

  it('answers at once whatever the length', () => {
    expect(refusalsOf('Aa1!'.repeat(250_000))).to.deep.equal(['password-long']);
    expect(refusalsOf('\u0301'.repeat(100_000))).to.deep.equal(['password-long']);
  });

  it('is handed on composed (NFC) and otherwise untouched', () => {
    expect(checkPassword(' Tk7! cafe\u0301 ', guide)).to.deep.equal({ ok: true, value: ' Tk7! café ' });
    expect(checkPassword('Tk7!\u200b\u2002ﬁ２x', guide)).to.deep.equal({ ok: true, value: 'Tk7!\u200b\u2002ﬁ２x' });
  });

  const untypable: Record<string, string> = {
    'a NUL': 'Tk7!ab\0cd',
    'a line break': 'Tk7!ab\ncd',
    'an escape': 'Tk7!ab\u001bcd',
    'a lone surrogate': 'Tk7!ab\ud800cd',
  };
  for (const [what, password] of Object.entries(untypable)) {
    it(`refuses ${what}`, () => {
      expect(refusalsOf(password)).to.deep.equal(['password-chars']);
    });
  }
});

describe('Password: easy to guess', () => {
  const common = [
    'Password1!',
    'P@ssw0rd1!',
    'P@$$w0rd123',
    'Pa$$w0rd',
    'Qwerty123!',
    'Qwerty!@#123',
    'Asdfgh123!',
    '1qaz@WSX',
    '!QAZ2wsx',
    'Q1w2e3r4!',
    'A1b2c3d4!',
    'Abc12345!',
    'Abcd1234!@#$',
    'Aa123456!',
    'Aa@123456',
    'Welcome1!',
    'Iloveyou1!',
    'Admin123!',
    'Admin@2026',
    'Letmein1!',
    'Indonesia1!',
    'Indonesia#2026',
    'IndonesiaRaya45!',
    'Bismillah1!',
    'Bismillah786!',
    'B1sm1ll4h!',
    'Alhamdulillah1!',
    'Rahasia123!',
    'Sayang123!',
    'S4yang123!',
    'Sayangku99!',
    'Merdeka45!',
    'Merdeka17081945!',
    'Kemnaker1!',
    'Siapkerja1!',
    'S1apkerj4!',
    'SiapKerja2026!',
    'SIAPKERJa1!',
    'Prakerja2024!',
    'Jakarta123!',
    'Jakarta1708!',
    'Bandung2026!',
    'Surabaya1#',
    'Yogyakarta01!',
    'Persija1928!',
    'Persib1933!',
    'Aremania87!',
    'Bonek1927!',
    'Januari2026!',
    'Agustus17!',
    'Desember25!',
    'Akucinta1!',
    'Kementerian1!',
    'Dukcapil123!',
    'Garuda1945!',
    'Pancasila5!',
    '#Jakarta1',
    '123Jakarta!',
    'Jakarta!!!!!!1',
    'JAKARTa_123!',
    'Pássword1!',
    'Pass\u200bword1!',
    'Ｐassword1!',
    'Kamu1234567890!',
    'Mamapapa1!',
    'Persija1!Persija1!',
    'Budi1234!',
    'Siti12345!',
    'Kucing123!',
    'Januari17081945!',
  ];
  for (const password of common) {
    it(`finds ${JSON.stringify(password)} common`, () => {
      expect(refusalsOf(password, withPassphrase)).to.include('password-common');
    });
  }

  const good = [
    'Contoh#2026',
    'Kopi-Hitam7!',
    'Lukisan-Senja48!',
    'Xk7!pQ2m',
    'tR9$wLq3',
    '7#4a!9Kz',
    'Mangkuk3 biru*',
    'Jakarta-ke-Solo naik kereta 5!',
    'vX8#Qm2&Lp',
    'Ombak_Tenang*31',
    'correct horse battery staple Z9!',
    'Gerimis#di#Teras8',
  ];
  for (const password of good) {
    it(`has nothing against ${JSON.stringify(password)}`, () => {
      expect(refusalsOf(password)).to.deep.equal([]);
    });
  }

  for (const password of [
    '123456789012345',
    'aaaaaaaaaaaaaaa',
    'passwordpassword',
    'qwertyuiopasdfghjkl',
    'indonesia merdeka',
    'abcabcabcabcabc',
    'bismillahbismillah',
  ]) {
    it(`finds ${JSON.stringify(password)} common in the modern profile too`, () => {
      expect(refusalsOf(password, modern)).to.deep.equal(['password-common']);
    });
  }

  it('has nothing against a long phrase', () => {
    expect(refusalsOf('tujuh lukisan berjalan pelan', modern)).to.deep.equal([]);
  });

  it('refuses not one in a thousand passwords made by chance', () => {
    // A fixed sequence stands for chance, so that the test says the same every time.
    let seed = 20261123;
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const pick = (from: string): string => from.charAt(next(from.length));
    const lower = 'abcdefghijkmnopqrstuvwxyz';
    const all = `${lower}${lower.toUpperCase()}0123456789!@#$%^&*`;
    const refused = Array.from(
      { length: 2000 },
      () => `${pick(lower)}${pick(lower.toUpperCase())}${Array.from({ length: 6 }, () => pick(all)).join('')}7!`,
    ).filter((password) => refusalsOf(password).includes('password-common'));
    expect(refused.length, refused.join(' ')).to.be.at.most(2);
  });

  it('is not said of a password that is too short anyway', () => {
    expect(refusalsOf('Aa1!')).to.deep.equal(['password-length']);
  });

  it('is judged fast at the greatest length', () => {
    // Of the processor, not of the clock on the wall: others may be busy beside us.
    const started = process.cpuUsage();
    for (const unit of ['a', 'password', '1234', '@', 'Aa1!qwerty']) refusalsOf(unit.repeat(128).slice(0, 128), modern);
    expect(process.cpuUsage(started).user / 1000).to.be.below(2000);
  });
});

describe('Password: personal data', () => {
  const budi: PasswordOwner = {
    nik: '9901010101900001' as Nik,
    name: "BUDI CONTOH NUR'AINI EKA" as PersonName,
    email: 'b.santoso88+kerja@contoh.test' as Email,
    phone: '+6281234562797' as Phone,
  };

  const personal: Record<string, string> = {
    'the NIK': 'Zq!9901010101900001',
    'the NIK with separators': 'Zq!9901.0101.0190.0001',
    'half of the NIK': 'Zq!01019000#x',
    'the phone number as people write it': 'Zq!081234562797',
    'the phone number with country code': 'Zq!6281234562797',
    'the phone number with dashes': 'Zq!0812-3456-2797',
    'the end of the phone number': 'Zq!34562797x',
    'the local part of the address': 'Zq!b.santoso88',
    'the local part without its dot': 'Zq!Bsantoso88',
    'a word of the name': 'Contoh#2026',
    'a word of the name in small letters': 'zQ9!contohx',
    'a word of the name inside another': 'MyContohku9!',
    'a word of the name in l33t': 'Zq!8ud1-xyZ',
    'a word of the name with separators': 'Zq!C-o-n-t-o-h7',
    'a word with an apostrophe, without it': 'Zq!Nuraini7x',
    'a word with an apostrophe, with it': "Zq!Nur'aini7x",
    'a word of the name in wide letters': 'Zq7!ｃｏｎｔｏｈ',
  };
  for (const [what, password] of Object.entries(personal)) {
    it(`refuses ${what}`, () => {
      expect(refusalsOf(password, guide, budi)).to.include('password-personal');
    });
  }

  const innocent: Record<string, string> = {
    'a word of three letters': 'Zq!eka-77xy',
    'only three letters of a word': 'Zq!Con-77xy',
    'seven digits of the phone number': 'Zq!4562797xK',
    'the domain of the address': 'Zq!kerja.test7',
    'a surname that is only in the address': 'Zq!Santosa77',
  };
  for (const [what, password] of Object.entries(innocent)) {
    it(`takes ${what}`, () => {
      expect(refusalsOf(password, guide, budi)).to.deep.equal([]);
    });
  }

  it('is not looked for where nobody is named', () => {
    expect(refusalsOf('Contoh#2026', guide)).to.deep.equal([]);
    expect(refusalsOf('Contoh#2026', guide, {})).to.deep.equal([]);
  });

  it('overlooks an address and a name too short to tell', () => {
    expect(
      refusalsOf('Contoh#2026', guide, { email: 'con@contoh.test' as Email, name: 'A B' as PersonName }),
    ).to.deep.equal([]);
  });
});
