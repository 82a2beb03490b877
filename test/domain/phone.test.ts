import { expect } from 'chai';
import { displayPhone, operatorOf, parsePhone, phonePrefix, type Phone } from '../../src/domain/phone.ts';

const PHONE = '+6281234567890';

describe('Mobile number: reading what was typed', () => {
  const spellings = [
    '081234567890',
    '81234567890',
    '6281234567890',
    '+6281234567890',
    '+62 812-3456-7890',
    '+62081234567890',
    '62081234567890',
    '006281234567890',
    '0062 812 3456 7890',
    '0062081234567890',
    '(+62) 812 3456 7890',
    '+62 (0) 812 3456 7890',
    '(0812) 3456.7890',
    '0812–3456–7890',
    '０８１２３４５６７８９０',
    '＋６２８１２３４５６７８９０',
    '\u202a+62 812\u00a03456\u20117890\u202c',
    '  0812\t34567890\n',
  ];
  for (const text of spellings) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(parsePhone(text)).to.deep.equal({ ok: true, value: PHONE });
    });
  }

  it('takes the shortest and the longest number there is', () => {
    expect(parsePhone('0812345678')).to.deep.equal({ ok: true, value: '+62812345678' });
    expect(parsePhone('0812345678901')).to.deep.equal({ ok: true, value: '+62812345678901' });
  });

  const refused: [string, string, string][] = [
    ['nothing', '', 'phone-empty'],
    ['blanks', ' \u00a0 ', 'phone-empty'],
    ['only invisible characters', '\u200b', 'phone-empty'],
    ['nine digits', '081234567', 'phone-form'],
    ['fourteen digits', '08123456789012', 'phone-form'],
    ['the unassigned 084', '084123456789', 'phone-form'],
    ['an emergency number', '112', 'phone-form'],
    ['a number of Malaysia', '+60123456789', 'phone-form'],
    ['a number of Singapore dialled abroad', '006581234567', 'phone-form'],
    ['a number of the United States', '+12125550123', 'phone-form'],
    ['letters between the digits', '08123S567890', 'phone-form'],
    ['an extension', '081234567890 ext 12', 'phone-form'],
    ['two plus signs', '++6281234567890', 'phone-form'],
    ['a plus sign inside', '0812+34567890', 'phone-form'],
    ['two numbers', '081234567890/081234567891', 'phone-form'],
    ['a plus sign alone', '+', 'phone-form'],
    ['a dash alone', '-', 'phone-form'],
    ['the country code alone', '+62', 'phone-form'],
    ['a NUL', '081234567890\0', 'phone-form'],
    ['a lone surrogate', '081234567890\udc00', 'phone-form'],
    ['Arabic digits', '٠٨١٢٣٤٥٦٧٨٩٠', 'phone-form'],
    ['an e-mail address', 'budi@contoh.test', 'phone-form'],
    ['a hundred thousand digits', '8'.repeat(100_000), 'phone-form'],
    ['a fixed line of Jakarta', '021 5551234', 'phone-fixed'],
    ['a fixed line with country code', '+62 22 1234 5678', 'phone-fixed'],
    ['a number at premium rate', '0809 123 4567', 'phone-fixed'],
  ];
  for (const [what, text, refusal] of refused) {
    it(`refuses ${what}`, () => {
      expect(parsePhone(text)).to.deep.equal({ ok: false, refusal });
    });
  }
});

describe('Mobile number: its forms', () => {
  it('is shown with a leading 0', () => {
    expect(displayPhone(PHONE as Phone)).to.equal('081234567890');
  });

  it('shares its prefix with the numbers that differ in the last four digits', () => {
    expect(phonePrefix(PHONE as Phone)).to.equal('+628123456');
  });

  const operators: Record<string, string> = {
    '+6281112345678': 'telkomsel',
    '+6285312345678': 'telkomsel',
    '+6281512345678': 'indosat',
    '+6285812345678': 'indosat',
    '+6281912345678': 'xl',
    '+6287712345678': 'xl',
    '+6283112345678': 'axis',
    '+6289612345678': 'tri',
    '+6288112345678': 'smartfren',
    '+6286812345678': 'other',
  };
  for (const [phone, operator] of Object.entries(operators)) {
    it(`counts ${phone.slice(0, 6)}… for ${operator}`, () => {
      expect(operatorOf(phone as Phone)).to.equal(operator);
    });
  }
});
