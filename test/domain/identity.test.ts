import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  judgeAnswer,
  normaliseForRegistry,
  parseElementVerdict,
  readQuota,
  thresholdToSend,
} from '../../src/domain/identity.ts';

const thresholds = { nameMin: 90, motherMin: 90 };
const agreeing = { NIK: 'Sesuai', NAMA_LGKP: 'Sesuai (100)', NAMA_LGKP_IBU: 'Sesuai (95)' };
const judge = (first: unknown, limits = thresholds): string => outcomeOf({ content: [first], quotaLimiter: 7 }, limits);

function outcomeOf(answer: unknown, limits = thresholds): string {
  const judged = judgeAnswer(answer, limits);
  return judged.ok ? judged.value.verdict : judged.refusal.trouble;
}

describe('Identity: what is sent to the registry', () => {
  const cases: readonly (readonly [title: string, typed: string, sent: string])[] = [
    ['upper case, by the root locale', 'Indira i. Contoh', 'INDIRA I. CONTOH'],
    ['blanks at the ends and in a row', '  BUDI \t CONTOH\u00a0\u00a0SANTOSO ', 'BUDI CONTOH SANTOSO'],
    ['a right quotation mark', 'Nur’aini', "NUR'AINI"],
    ['a left quotation mark', 'Nur‘aini', "NUR'AINI"],
    ['a modifier apostrophe', 'Nurʼaini', "NUR'AINI"],
    ['a backtick', 'Nur`aini', "NUR'AINI"],
    ['an acute accent', 'Nur´aini', "NUR'AINI"],
    ['a full-width apostrophe', 'Nur＇aini', "NUR'AINI"],
    ['zero-width characters', 'BU\u200bDI\ufeff \u200dCON\u2060TOH', 'BUDI CONTOH'],
    ['full-width letters', 'ＢＵＤＩ', 'BUDI'],
    ['a letter with its accent apart', 'Andre\u0301', 'ANDRÉ'],
    ['titles, which stay', 'Drs. H. Contoh, S.E.', 'DRS. H. CONTOH, S.E.'],
    ['abbreviations, which stay', 'Muh. Contoh bin Ahmad', 'MUH. CONTOH BIN AHMAD'],
  ];
  for (const [title, typed, sent] of cases) {
    it(`has one spelling for ${title}`, () => {
      expect(normaliseForRegistry(typed)).to.equal(sent);
    });
  }

  it('asks with the lower of the two thresholds', () => {
    expect(thresholdToSend({ nameMin: 95, motherMin: 80 })).to.equal(80);
  });
});

describe('Identity: reading an element verdict', () => {
  const readable: readonly (readonly [text: string, agrees: boolean, score: number])[] = [
    ['Sesuai', true, 100],
    ['Tidak Sesuai', false, 0],
    ['Sesuai (95)', true, 95],
    ['Tidak Sesuai (40)', false, 40],
    ['SESUAI(100)', true, 100],
    [' tidak   sesuai ( 7 ) ', false, 7],
  ];
  for (const [text, agrees, score] of readable) {
    it(`reads “${text}”`, () => {
      expect(parseElementVerdict(text)).to.deep.equal({ ok: true, value: { agrees, score } });
    });
  }

  for (const text of [
    '',
    'Cocok',
    'Sesuai (101)',
    'Sesuai (1000)',
    'Sesuai (9a)',
    'Sesuai 90',
    'Sesuai (-1)',
    'Tidak',
    'TidakSesuai',
    'Sesuai (100) x',
    100,
    true,
    null,
    undefined,
    ['Sesuai'],
  ]) {
    it(`cannot read ${inspect(text)}`, () => {
      expect(parseElementVerdict(text)).to.deep.equal({ ok: false, refusal: 'unreadable' });
    });
  }
});

describe('Identity: judging element verdicts', () => {
  const { NIK: _nik, ...withoutNik } = agreeing;
  const { NAMA_LGKP: _name, ...withoutName } = agreeing;
  const { NAMA_LGKP_IBU: _mother, ...withoutMother } = agreeing;
  const cases: readonly (readonly [title: string, first: unknown, outcome: string])[] = [
    ['verifies when all agree', agreeing, 'verified'],
    ['verifies verdicts without numbers', { NIK: 'Sesuai', NAMA_LGKP: 'Sesuai', NAMA_LGKP_IBU: 'Sesuai' }, 'verified'],
    ['verifies without a verdict on the NIK when both names are there', withoutNik, 'verified'],
    ['verifies beside elements nobody asked for', { ALAMAT: 'Tidak Sesuai (3)', ...agreeing }, 'verified'],
    [
      'verifies whatever the case of the keys',
      { nik: 'Sesuai', nama_lgkp: 'Sesuai', Nama_Lgkp_Ibu: 'Sesuai' },
      'verified',
    ],
    ['verifies with code 01', { ...agreeing, RESPONSE_CODE: '01', RESPON: 'Data Ditemukan' }, 'verified'],
    ['verifies with an empty code and text', { ...agreeing, RESPONSE_CODE: '', RESPON: null }, 'verified'],
    ['refuses another name', { ...agreeing, NAMA_LGKP: 'Tidak Sesuai (40)' }, 'mismatch'],
    ["refuses another mother's name", { ...agreeing, NAMA_LGKP_IBU: 'Tidak Sesuai (40)' }, 'mismatch'],
    [
      'refuses a score below the threshold, although called agreeing',
      { ...agreeing, NAMA_LGKP: 'Sesuai (89)' },
      'mismatch',
    ],
    ['refuses a high score that is called disagreeing', { ...agreeing, NAMA_LGKP: 'Tidak Sesuai (95)' }, 'mismatch'],
    ['does not find a NIK that disagrees', { ...agreeing, NIK: 'Tidak Sesuai' }, 'not-found'],
    ['does not find a NIK that disagrees, with nothing else said', { NIK: 'Tidak Sesuai' }, 'not-found'],
    ['has no answer without a verdict on the name', withoutName, 'protocol'],
    ["has no answer without a verdict on the mother's name", withoutMother, 'protocol'],
    ['has no answer in an unknown verdict', { ...agreeing, NAMA_LGKP: 'Cocok' }, 'protocol'],
    ['has no answer in an unknown verdict on the NIK', { ...agreeing, NIK: '' }, 'protocol'],
    ['has no answer in a verdict that is no text', { ...agreeing, NAMA_LGKP_IBU: 100 }, 'protocol'],
    [
      'has no answer in an unknown verdict, even where the NIK disagrees',
      { ...agreeing, NIK: 'Tidak Sesuai', NAMA_LGKP: '?' },
      'protocol',
    ],
  ];
  for (const [title, first, outcome] of cases) {
    it(title, () => {
      expect(judge(first)).to.equal(outcome);
    });
  }

  it('holds the two names to thresholds of their own', () => {
    const strictOnName = { nameMin: 98, motherMin: 80 };
    expect(judge({ ...agreeing, NAMA_LGKP: 'Sesuai (97)' }, strictOnName)).to.equal('mismatch');
    expect(judge({ ...agreeing, NAMA_LGKP: 'Sesuai (98)', NAMA_LGKP_IBU: 'Sesuai (80)' }, strictOnName)).to.equal(
      'verified',
    );
    expect(judge({ ...agreeing, NAMA_LGKP: 'Sesuai (98)', NAMA_LGKP_IBU: 'Sesuai (79)' }, strictOnName)).to.equal(
      'mismatch',
    );
  });

  for (const answer of [
    undefined,
    null,
    'text',
    7,
    [],
    {},
    { content: null },
    { content: [] },
    { content: {} },
    { content: agreeing },
    { content: [null] },
    { content: ['Sesuai'] },
    { content: [[agreeing]] },
    { content: [{}] },
  ]) {
    it(`has no answer in ${inspect(answer)}`, () => {
      expect(outcomeOf(answer)).to.equal('protocol');
    });
  }

  it('reads the first entry alone', () => {
    expect(outcomeOf({ content: [{ ...agreeing, NAMA_LGKP: 'Tidak Sesuai (1)' }, agreeing] })).to.equal('mismatch');
  });
});

describe('Identity: judging a failure', () => {
  const codes: readonly (readonly [code: string, outcome: string, text?: string])[] = [
    ['03', 'config', 'Login Gagal'],
    ['04', 'config', 'IP Tidak Sesuai'],
    ['05', 'quota', 'Kuota Akses Hari ini telah habis'],
    ['06', 'closed', 'Di luar waktu akses'],
    ['07', 'protocol', 'Parameter yang dikirim tidak lengkap'],
    ['08', 'not-found'],
    ['09', 'config', 'User ID tidak boleh kosong'],
    ['10', 'config', 'IP_USER tidak valid'],
    ['11', 'deceased', 'Data Ditemukan, Meninggal Dunia'],
    ['12', 'duplicate', 'Data Ditemukan, Data Ganda'],
    ['13', 'not-found', 'Data Tidak Ditemukan'],
    ['14', 'inactive', 'Data Ditemukan, Status Tidak Aktif'],
    ['15', 'not-found', 'NIK tidak sesuai format Dukcapil'],
    ['16', 'config', 'Status instansi tidak aktif'],
    ['17', 'config', 'Status user id tidak aktif'],
  ];
  for (const [code, outcome, text] of codes) {
    it(`knows code ${code}: ${outcome}`, () => {
      const judged = judgeAnswer({ content: [{ RESPONSE_CODE: code }] }, thresholds);
      expect(judged.ok ? judged.value : judged.refusal).to.deep.equal(
        judged.ok ? { verdict: outcome, responseCode: code } : { trouble: outcome, responseCode: code },
      );
    });
    it(`lets code ${code} win over good verdicts`, () => {
      expect(judge({ ...agreeing, RESPONSE_CODE: code })).to.equal(outcome);
    });
    if (text === undefined) continue;
    for (const key of ['RESPON', 'RESPONSE', 'RESPONSE_DESC']) {
      it(`knows “${text}” in ${key} without a code: ${outcome}`, () => {
        expect(judge({ [key]: text })).to.equal(outcome);
        expect(judge({ [key]: `  ${text.toUpperCase()} ` })).to.equal(outcome);
        expect(judge({ ...agreeing, [key]: text })).to.equal(outcome);
      });
    }
  }

  const cases: readonly (readonly [title: string, first: unknown, outcome: string])[] = [
    ['pads a code of one digit', { RESPONSE_CODE: '5' }, 'quota'],
    ['reads a code that is a number', { RESPONSE_CODE: 13 }, 'not-found'],
    ['has no answer for a code it does not know', { ...agreeing, RESPONSE_CODE: '99' }, 'protocol'],
    ['has no answer for code 00', { ...agreeing, RESPONSE_CODE: '00' }, 'protocol'],
    ['has no answer for a code of a strange type', { ...agreeing, RESPONSE_CODE: { is: '01' } }, 'protocol'],
    ['has no answer for code 01 without verdicts', { RESPONSE_CODE: '01' }, 'protocol'],
    ['believes the code, not the text beside it', { RESPONSE_CODE: '13', RESPON: 'meninggal' }, 'not-found'],
    [
      'reads the first text that is not empty',
      { RESPON: ' ', RESPONSE: 'Data ganda', RESPONSE_DESC: 'meninggal' },
      'duplicate',
    ],
    ['has no answer for a text it does not know', { RESPON: 'Terjadi kesalahan' }, 'protocol'],
    ['has no answer for a text it does not know beside good verdicts', { ...agreeing, RESPON: 'Almarhum' }, 'protocol'],
    [
      'takes a complaint about the format before “not found”',
      { RESPON: 'Tidak ditemukan: NIK tidak sesuai format' },
      'not-found',
    ],
    ['does not blame the person for an inactive institution', { RESPON: 'Status instansi non aktif' }, 'config'],
    ['does not blame the person for an inactive user', { RESPON: 'Status user tidak aktif' }, 'config'],
    ['finds an address in words, not within one', { RESPON: 'Tipe data tidak valid' }, 'protocol'],
    ['knows an inactive record by its other spelling', { RESPON: 'Data ditemukan, nonaktif' }, 'inactive'],
  ];
  for (const [title, first, outcome] of cases) {
    it(title, () => {
      expect(judge(first)).to.equal(outcome);
    });
  }

  it('hands on no code that is more than two digits', () => {
    expect(judgeAnswer({ content: [{ RESPONSE_CODE: 'SITI CONTOH' }] }, thresholds)).to.deep.equal({
      ok: false,
      refusal: { trouble: 'protocol' },
    });
  });

  it('reads the counter of calls only where it is a whole number', () => {
    expect(readQuota({ quotaLimiter: 48_210 })).to.equal(48_210);
    for (const odd of [undefined, {}, { quotaLimiter: '7' }, { quotaLimiter: 1.5 }, { quotaLimiter: null }])
      expect(readQuota(odd)).to.equal(undefined);
  });
});
