import { expect } from 'chai';
import { birthDateHint, parseNik, type Nik, type NikRules } from '../../src/domain/nik.ts';

const rules: NikRules = {
  provinces: ['11-19', '21', '31-36', '51-54', '61-65', '71-76', '81', '82', '91-96'],
  allowTestRange: true,
  minAge: 15,
  today: new Date('2026-11-23T03:00:00Z'),
};
const GOOD = '9901010101900001';

const refusalOf = (text: string, changes: Partial<NikRules> = {}): unknown => {
  const result = parseNik(text, { ...rules, ...changes });
  return result.ok ? 'accepted' : result.refusal;
};

describe('NIK: reading what was typed', () => {
  const spellings: Record<string, string> = {
    'plain digits': GOOD,
    'spaces in groups of four': ' 9901 0101 0190 0001 ',
    'dots and dashes': '99.01.01-010190-0001',
    'dashes of a word processor': '990101–010190—0001',
    'full-width digits': '９９０１０１０１０１９００００１',
    'full-width digits and blanks': '９９０１　０１０１　０１９０　０００１',
    'tabs and line breaks': '990101\t010190\r\n0001',
    'a no-break space': '99010101\u00a001900001',
    'invisible characters of a messenger': '\u200b99010101\u202a01900001\ufeff',
  };
  for (const [what, text] of Object.entries(spellings)) {
    it(`takes ${what}`, () => {
      expect(parseNik(text, rules)).to.deep.equal({ ok: true, value: GOOD });
    });
  }

  for (const text of ['', '   ', '--', '\u200b']) {
    it(`asks for the NIK where nothing stands in ${JSON.stringify(text)}`, () => {
      expect(refusalOf(text)).to.deep.equal({ reason: 'nik-empty' });
    });
  }

  const lengths: [string, string, number][] = [
    ['fifteen digits', GOOD.slice(1), 15],
    ['seventeen digits', `${GOOD}1`, 17],
    ['fifteen full-width digits', '９９０１０１０１０１９０００１', 15],
    ['a letter O for a zero', '99010101019O0001', 15],
    ['nothing but letters', 'BUDI CONTOH', 0],
    ['a hundred thousand digits', '9'.repeat(100_000), 100_000],
  ];
  for (const [what, text, digits] of lengths) {
    it(`says how many digits were typed: ${what}`, () => {
      expect(refusalOf(text)).to.deep.equal({ reason: 'nik-length', digits });
    });
  }
});

describe('NIK: its form', () => {
  const accepted: Record<string, string> = {
    'a woman, 40 added to the day': '9901014101900002',
    'a woman born on the 31st': '9901017101900002',
    '29 February of a leap year': '9903012902000004',
    '29 February where only 19YY was a leap year': '9903012902960004',
    'a woman born on 29 February': '9903016902960004',
    'the last serial': '9901010101909999',
    'a district nobody has heard of': '3199990101900001',
    'the last province of the list': '9601010101900001',
    'the historical province 54': '5401010101900001',
    'a single code of the list': '2101010101900001',
  };
  for (const [what, nik] of Object.entries(accepted)) {
    it(`accepts ${what}`, () => {
      expect(refusalOf(nik)).to.equal('accepted');
    });
  }

  const refused: Record<string, string> = {
    'sixteen digits and a letter': `${GOOD}X`,
    'sixteen digits and a label': `NIK ${GOOD}`,
    'sixteen digits and a NUL': `${GOOD}\0`,
    'sixteen digits and a lone surrogate': `${GOOD}\ud800`,
    markup: `<b>${GOOD}</b>`,
    'digits of another script': '٩٩٠١٠١٠١٠١٩٠٠٠٠١9901010101900001',
    'an unknown province': '2001010101900001',
    'province 00': '0001010101900001',
    'province 97': '9701010101900001',
    'regency 00': '9900010101900001',
    'district 00': '9901000101900001',
    'day 00': '9901010001900001',
    'day 32': '9901013201900001',
    'day 40': '9901014001900001',
    'day 72': '9901017201900001',
    'day 99': '9901019901900001',
    'month 00': '9901010100900001',
    'month 13': '9901010113900001',
    '31 February': '9901013102900001',
    '31 February of a woman': '9901017102900001',
    '30 February': '9901013002000001',
    '31 April': '9901013104900001',
    '29 February in no leap year of either century': '9901012902900001',
    'serial 0000': '9901010101900000',
  };
  for (const [what, nik] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(refusalOf(nik)).to.deep.equal({ reason: 'nik-form' });
    });
  }

  it('refuses the test range unless it is allowed, even where the province list holds it', () => {
    expect(refusalOf(GOOD, { allowTestRange: false })).to.deep.equal({ reason: 'nik-form' });
    expect(refusalOf(GOOD, { allowTestRange: false, provinces: ['11-99'] })).to.deep.equal({ reason: 'nik-form' });
    expect(refusalOf('3101010101900001', { allowTestRange: false })).to.equal('accepted');
  });

  it('follows the configured list of provinces', () => {
    expect(refusalOf('3101010101900001', { provinces: ['32'] })).to.deep.equal({ reason: 'nik-form' });
    expect(refusalOf('9701010101900001', { provinces: ['11', '91 - 97'] })).to.equal('accepted');
  });
});

describe('NIK: the age hint', () => {
  const tooYoung = { reason: 'too-young', minAge: 15 };
  const cases: [string, string, unknown][] = [
    ['fifteen today', '9901012311110001', 'accepted'],
    ['fifteen tomorrow', '9901012411110001', tooYoung],
    ['a woman fifteen tomorrow', '9901016411110001', tooYoung],
    ['eleven, for nobody is a hundred and eleven', '9901010101150001', tooYoung],
    ['six or a hundred and six', '9901010101200001', 'accepted'],
    ['ninety-nine, since this century has not come so far', '9901012411270001', 'accepted'],
  ];
  for (const [what, nik, expected] of cases) {
    it(`judges ${what}`, () => {
      expect(refusalOf(nik)).to.deep.equal(expected);
    });
  }

  it('counts only centuries in which the day exists', () => {
    expect(refusalOf('9903012902000004', { today: new Date('2010-01-01T00:00:00Z') })).to.deep.equal(tooYoung);
  });

  it('follows the configured age', () => {
    expect(refusalOf('9901010101100001', { minAge: 18 })).to.deep.equal({ reason: 'too-young', minAge: 18 });
    expect(refusalOf('9901010101150001', { minAge: 0 })).to.equal('accepted');
  });

  it('looks at the form before the age', () => {
    expect(refusalOf('9901010101150000')).to.deep.equal({ reason: 'nik-form' });
  });
});

describe('NIK: what it tells of the birth date', () => {
  const cases: [string, string][] = [
    ['9901010101900001', '1990-01-01'],
    ['9901014101900002', '1990-01-01'],
    ['9903012902000004', '2000-02-29'],
    ['9903012902960004', '1996-02-29'],
    ['9901012311260001', '2026-11-23'],
    ['9901012411260001', '1926-11-24'],
  ];
  for (const [nik, date] of cases) {
    it(`reads ${date} from ${nik}`, () => {
      expect(
        birthDateHint(nik as Nik, rules.today)
          ?.toISOString()
          .slice(0, 10),
      ).to.equal(date);
    });
  }
});
