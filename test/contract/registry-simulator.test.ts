import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { normaliseForRegistry } from '../../src/domain/identity.ts';
import { parseNik } from '../../src/domain/nik.ts';
import { faultNik, faults, findFault } from '../../src/ports/civil-registry/faults.ts';
import { fixtures, furtherFixtures } from '../../src/ports/civil-registry/residents.ts';
import { similarity } from '../../src/ports/civil-registry/similarity.ts';
import { budi, claimOf, closeAll, connect, outcomeOf, simulate } from '../support/registry.ts';

interface Answer {
  readonly content: readonly Readonly<Record<string, string>>[];
  readonly quotaLimiter: number;
}

const body = {
  USER_ID: 'SIM-USER-01',
  PASSWORD: 'sim-password',
  IP_USER: '127.0.0.1',
  TRESHOLD: '90',
  NIK: budi.nik,
  NAMA_LGKP: 'BUDI CONTOH SANTOSO',
  NAMA_LGKP_IBU: 'SITI CONTOH AMINAH',
};
const PATH = '/dukcapil/get_json/KEMNAKER/CALL_VERIFY_BY_ELEMEN';

const post = (url: string, sent: unknown, path = PATH): Promise<Response> =>
  fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof sent === 'string' ? sent : JSON.stringify(sent),
  });
const ask = async (url: string, changes: Readonly<Record<string, unknown>> = {}, path = PATH): Promise<Answer> =>
  (await post(url, { ...body, ...changes }, path)).json() as Promise<Answer>;
const codeOf = ({ content }: Answer): string | undefined => content[0]?.RESPONSE_CODE;

describe('Simulated registry: similarity', () => {
  const vectors: readonly (readonly [registered: string, sent: string, score: number])[] = [
    ['BUDI CONTOH SANTOSO', 'Budi Contoh Santoso', 100],
    ['MUHAMMAD CONTOH RIZKI', 'MUHAMAD CONTOH RIZKI', 95],
    ['MUHAMMAD CONTOH RIZKI', 'MUH. CONTOH RIZKI', 76],
    ['MUHAMMAD CONTOH RIZKI', 'M. CONTOH RIZKI', 66],
    ['SITI NUR CONTOH', 'SITI NURCONTOH', 93],
    ["NUR'AINI CONTOH", 'NURAINI CONTOH', 100],
    ['NUR’AINI CONTOH', 'NUR AINI CONTOH', 93],
    ['SRI CONTOH WAHYUNI', 'HJ. SRI CONTOH WAHYUNI', 85],
    ['DEWI CONTOH', 'DEWI CONTOH BINTI AHMAD', 47],
    ['SUPARMIN', 'SUPARMEN', 87],
    ['SITI-NUR CONTOH', 'SITI NUR/CONTOH', 100],
    ['SUPARMIN', '', 0],
    ['', '', 0],
  ];
  for (const [registered, sent, score] of vectors) {
    it(`gives “${registered}” and “${sent}” ${score}`, () => {
      expect(similarity(registered, sent)).to.equal(score);
      expect(similarity(sent, registered)).to.equal(score);
    });
  }
});

describe('Simulated registry: its people and numbers', () => {
  const everybody = [...fixtures, ...furtherFixtures];
  const rules = { provinces: [], allowTestRange: true, minAge: 15, today: new Date('2026-01-05T00:00:00Z') };

  it('are valid NIKs of nobody, of people old enough, each once', () => {
    for (const { nik } of everybody) {
      expect(nik).to.match(/^99/).and.not.match(/^9999/);
      expect(parseNik(nik, rules), nik).to.deep.equal({ ok: true, value: nik });
    }
    expect(new Set(everybody.map(({ nik }) => nik)).size).to.equal(everybody.length);
  });

  it('make faults by valid NIKs', () => {
    expect(faultNik('9504')).to.equal('9999010101909504');
    for (const fault of faults) {
      expect(parseNik(faultNik(fault.ending), rules).ok, fault.ending).to.equal(true);
      expect(findFault(faultNik(fault.ending))).to.equal(fault);
    }
    expect(findFault('9901010101909504')).to.equal(undefined);
    expect(new Set(faults.map(({ ending }) => ending)).size).to.equal(faults.length);
  });

  it('have names as the registry spells them, single ones and one of 60 characters among them', () => {
    for (const { name, mother } of everybody)
      expect([name, mother]).to.deep.equal([name, mother].map(normaliseForRegistry));
    expect(everybody.filter(({ name }) => !name.includes(' '))).to.have.length.of.at.least(2);
    expect(everybody.some(({ name }) => name.length === 60)).to.equal(true);
  });
});

describe('Simulated registry: its answers', () => {
  afterEach(closeAll);

  it('answers in the envelope of the real one', async () => {
    const { url } = await simulate({ quota: 10 });
    expect(await ask(url)).to.deep.equal({
      content: [{ NIK: 'Sesuai', NAMA_LGKP: 'Sesuai (100)', NAMA_LGKP_IBU: 'Sesuai (100)' }],
      lastPage: true,
      numberOfElements: 1,
      sort: null,
      totalElements: 1,
      firstPage: true,
      number: 0,
      size: 1,
      quotaLimiter: 9,
    });
  });

  it('answers what was asked and no more', async () => {
    const { url } = await simulate();
    expect((await ask(url, { NAMA_LGKP_IBU: undefined })).content).to.deep.equal([
      { NIK: 'Sesuai', NAMA_LGKP: 'Sesuai (100)' },
    ]);
    expect((await ask(url, { NAMA_LGKP: ' ' })).content[0]?.NAMA_LGKP).to.equal('Tidak Sesuai (0)');
  });

  it('measures by the threshold of the call, text or number', async () => {
    const { url } = await simulate();
    const near = { NAMA_LGKP: 'BUDI CONTOH SANTOSA' };
    expect((await ask(url, { ...near, TRESHOLD: '94' })).content[0]?.NAMA_LGKP).to.equal('Sesuai (94)');
    expect((await ask(url, { ...near, TRESHOLD: 95 })).content[0]?.NAMA_LGKP).to.equal('Tidak Sesuai (94)');
  });

  const refused: readonly (readonly [title: string, changes: Readonly<Record<string, unknown>>, code: string])[] = [
    ['an empty user', { USER_ID: '' }, '09'],
    ['no password', { PASSWORD: undefined }, '09'],
    ['no address', { IP_USER: undefined }, '09'],
    ['another user', { USER_ID: 'X' }, '03'],
    ['another password', { PASSWORD: 'X' }, '03'],
    ['another address', { IP_USER: '192.0.2.9' }, '04'],
    ['no NIK', { NIK: undefined }, '07'],
    ['no threshold', { TRESHOLD: undefined }, '07'],
    ['a threshold beyond 100', { TRESHOLD: '101' }, '07'],
    ['a NIK of 15 digits', { NIK: '990101010190000' }, '15'],
    ['a NIK nobody has', { NIK: '9901010101909999' }, '13'],
    ['a wrong password even for the number of a fault', { NIK: faultNik('9500'), PASSWORD: 'X' }, '03'],
  ];
  for (const [title, changes, code] of refused) {
    it(`refuses ${title} with ${code}`, async () => {
      const answer = await ask((await simulate()).url, changes);
      expect(codeOf(answer)).to.equal(code);
      expect(answer.content[0]?.RESPON).to.be.a('string').that.is.not.empty;
    });
  }

  it('refuses another institution with 16, other paths and methods by status', async () => {
    const { url } = await simulate();
    expect(codeOf(await ask(url, {}, PATH.replace('KEMNAKER', 'LAIN')))).to.equal('16');
    expect((await post(url, body, '/dukcapil/get_json/KEMNAKER/CALL_NIK')).status).to.equal(404);
    expect((await post(url, body, PATH.replace('KEMNAKER', '%'))).status).to.equal(404);
    expect((await fetch(url + PATH)).status).to.equal(405);
    expect((await post(url, 'x'.repeat(70_000))).status).to.equal(413);
    expect(codeOf((await (await post(url, '{"NIK":')).json()) as Answer)).to.equal('09');
  });

  it('counts the calls of a day in Jakarta and begins anew at midnight', async () => {
    let now = new Date('2026-01-05T16:59:59Z');
    const { url } = await simulate({ quota: 2, clock: { now: () => now } });
    expect((await ask(url)).quotaLimiter).to.equal(1);
    expect((await ask(url, { PASSWORD: 'X' })).quotaLimiter).to.equal(1);
    expect((await ask(url)).quotaLimiter).to.equal(0);
    const refusal = await ask(url);
    expect([codeOf(refusal), refusal.quotaLimiter]).to.deep.equal(['05', 0]);
    now = new Date('2026-01-05T17:00:00Z');
    expect((await ask(url)).quotaLimiter).to.equal(1);
  });

  it('logs nothing of the person', async () => {
    const lines: unknown[] = [];
    const { url } = await simulate({ log: { info: (...line) => lines.push(line) } });
    await ask(url);
    expect(lines).to.have.length(1);
    for (const secret of [budi.nik, 'BUDI', 'AMINAH', 'sim-password'])
      expect(inspect(lines, { depth: Infinity })).not.to.include(secret);
  });

  it('does not wait for hanging callers when it stops', async () => {
    const simulator = await simulate();
    const hanging = outcomeOf(connect(simulator.url).verify(claimOf({ ...budi, nik: faultNik('9504') })));
    await simulator.close();
    expect(await hanging).to.equal('network');
  });
});

describe('Simulated registry: starting', () => {
  const directory = mkdtempSync(join(tmpdir(), 'residents-'));
  const fileOf = (content: string): string => {
    const file = join(directory, 'residents.json');
    writeFileSync(file, content);
    return file;
  };
  const messageOf = async (start: Promise<unknown>): Promise<string> => {
    try {
      await start;
      return 'started';
    } catch (error) {
      return (error as Error).message;
    }
  };
  afterEach(closeAll);
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it('refuses to in production', async () => {
    expect(await messageOf(simulate({ environment: 'production' }))).to.include('production');
  });

  it('says when its port is taken', async () => {
    const { port } = await simulate();
    expect(await messageOf(simulate({ port }))).to.include('EADDRINUSE');
  });

  it('knows further residents of a file, which may replace the built-in ones', async () => {
    const newcomer = { nik: '9901010202920101', name: 'WAYAN CONTOH', mother: 'MADE CONTOH' };
    const renamed = { ...budi, name: 'BUDI CONTOH BARU', mother: 'SITI CONTOH BARU' };
    const simulator = await simulate({ residentsFile: fileOf(JSON.stringify([newcomer, renamed])) });
    const { url } = simulator;
    for (const claim of [newcomer, renamed])
      expect(await outcomeOf(connect(url).verify(claimOf(claim)))).to.equal('verified');
    expect(await outcomeOf(connect(url).verify(claimOf(budi)))).to.equal('mismatch');
    expect(simulator.residents()).to.deep.include(newcomer);
    expect(simulator.residents()).to.have.length(fixtures.length + furtherFixtures.length + 1);
  });

  it('knows residents of the fault region with an ending of no meaning', async () => {
    const resident = { nik: '9999010202920101', name: 'WAYAN CONTOH', mother: 'MADE CONTOH' };
    const { url } = await simulate({ residentsFile: fileOf(JSON.stringify([resident])) });
    expect(await outcomeOf(connect(url).verify(claimOf(resident)))).to.equal('verified');
  });

  const bad: readonly (readonly [title: string, content: string, complaint: string])[] = [
    ['is not JSON', '[{"nik": 1', 'not JSON'],
    ['is no list', '{}', 'the file'],
    ['has a NIK that is a number', '[{"nik":9901010101900001,"name":"A","mother":"B"}]', 'entry 0.nik'],
    [
      'has a NIK of 15 digits',
      '[{"nik":"990101010190000","name":"A","mother":"B"}]',
      'entry 0.nik: must be a string of 16 digits',
    ],
    [
      'lacks a mother',
      '[{"nik":"9901010101900001","name":"A","mother":"B"},{"nik":"9901010101900002","name":"KENARI"}]',
      'entry 1.mother',
    ],
  ];
  for (const [title, content, complaint] of bad) {
    it(`refuses a file that ${title}, and says where`, async () => {
      const message = await messageOf(simulate({ residentsFile: fileOf(content) }));
      expect(message).to.include('DUKCAPIL_SIMULATOR_RESIDENTS').and.include(complaint).and.not.include('KENARI');
    });
  }

  it('says so when the file is not there', async () => {
    expect(await messageOf(simulate({ residentsFile: join(directory, 'nowhere.json') }))).to.include('ENOENT');
  });

  it('shortens a long list of mistakes', async () => {
    const message = await messageOf(
      simulate({
        residentsFile: fileOf(
          JSON.stringify(Array.from({ length: 100 }, () => ({ nik: '1', name: 'A', mother: 'B' }))),
        ),
      }),
    );
    expect(message.split('\n')).to.have.length(13);
    expect(message).to.include('and 90 more');
  });
});
