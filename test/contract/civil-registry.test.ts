import { expect } from 'chai';
import type { Config } from '../../src/config.ts';
import type { RegistryCall } from '../../src/ports/civil-registry/dukcapil.ts';
import { faultNik, faults } from '../../src/ports/civil-registry/faults.ts';
import { fixtures, furtherFixtures } from '../../src/ports/civil-registry/residents.ts';
import type { Simulator } from '../../src/ports/civil-registry/simulator.ts';
import {
  answerWell,
  bodyOf,
  budi,
  claimOf,
  closeAll,
  connect,
  goodAnswer,
  outcomeOf,
  serve,
  simulate,
} from '../support/registry.ts';

describe('Civil registry: verify by element', () => {
  let simulator: Simulator;

  beforeEach(async () => {
    simulator = await simulate();
  });
  afterEach(closeAll);

  for (const { nik, name, mother } of [...fixtures, ...furtherFixtures]) {
    it(`verifies ${name}`, async () => {
      const answer = await connect(simulator.url).verify(
        claimOf({ nik, name: name.toLowerCase(), mother: mother.toLowerCase() }),
      );
      expect(answer.verdict).to.equal('verified');
      expect(answer.reference).to.match(/^[0-9a-f-]{36}$/);
      expect(answer.responseCode).to.equal(undefined);
    });
  }

  const claims: readonly (readonly [title: string, claim: Partial<typeof budi>, outcome: string])[] = [
    ['verifies a slip of one letter in a long name', { name: 'BUDI CONTOH SANTOSA' }, 'verified'],
    ['refuses another name', { name: 'AGUS CONTOH WIJAYA' }, 'mismatch'],
    ["refuses another mother's name", { mother: 'DEWI CONTOH LESTARI' }, 'mismatch'],
    ['does not find a NIK that nobody has', { nik: '9901010101909999' }, 'not-found'],
    [
      'does not find a NIK in the region of the faults with an ending of no meaning',
      { nik: '9999010101900001' },
      'not-found',
    ],
  ];
  for (const [title, changes, outcome] of claims) {
    it(title, async () => {
      expect(await outcomeOf(connect(simulator.url).verify(claimOf({ ...budi, ...changes })))).to.equal(outcome);
    });
  }

  for (const { ending, behaviour, outcome } of faults) {
    it(`calls ${ending} (${behaviour}) ${outcome}`, async () => {
      const calls: RegistryCall[] = [];
      const registry = connect(
        simulator.url,
        { timeoutMs: ending === '9504' ? 50 : 5000 },
        { onAnswer: (call) => calls.push(call) },
      );
      expect(await outcomeOf(registry.verify(claimOf({ ...budi, nik: faultNik(ending) })))).to.equal(outcome);
      expect(calls.map((call) => call.outcome)).to.deep.equal([outcome]);
      if (/^90|9206/.test(ending)) expect(calls[0]?.responseCode).to.equal(ending === '9206' ? '11' : ending.slice(2));
      else expect(calls[0]?.responseCode).to.equal(undefined);
    });
  }

  for (const [setting, code] of [
    ['userId', '03'],
    ['password', '03'],
    ['ip', '04'],
    ['institution', '16'],
  ] as const) {
    it(`calls a wrong ${setting} a matter of configuration`, async () => {
      const calls: RegistryCall[] = [];
      const registry = connect(simulator.url, { [setting]: 'wrong' }, { onAnswer: (call) => calls.push(call) });
      expect(await outcomeOf(registry.verify(claimOf(budi)))).to.equal('config');
      expect(calls[0]?.responseCode).to.equal(code);
    });
  }

  it('calls a used-up quota quota', async () => {
    const small = await simulate({ quota: 1 });
    const registry = connect(small.url);
    expect(await outcomeOf(registry.verify(claimOf(budi)))).to.equal('verified');
    expect(await outcomeOf(registry.verify(claimOf(budi)))).to.equal('quota');
  });

  it('hands on outcome, code, duration and quota, and decides nothing by the quota', async () => {
    const calls: RegistryCall[] = [];
    let now = new Date(1000);
    const clock = { now: () => now };
    const url = await serve((request, response) => {
      request.resume();
      now = new Date(1250);
      response.end(goodAnswer.replace('48210', '-1'));
    });
    const answer = await connect(url, {}, { clock, onAnswer: (call) => calls.push(call) }).verify(claimOf(budi));
    expect(calls).to.deep.equal([
      {
        outcome: 'verified',
        responseCode: undefined,
        reason: undefined,
        reference: answer.reference,
        durationMs: 250,
        quotaLimiter: -1,
      },
    ]);
    expect(answer.durationMs).to.equal(250);
  });
});

describe('Civil registry: the request', () => {
  afterEach(closeAll);

  async function requestWith(
    changes: Partial<Config['dukcapil']>,
    base = '',
  ): Promise<{ path: string | undefined; headers: NodeJS.Dict<string | string[]>; body: Record<string, unknown> }> {
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof requestWith>>>();
    const url = await serve((request, response) => {
      void bodyOf(request).then((body) => {
        resolve({ path: request.url, headers: request.headers, body });
        response.end(goodAnswer);
      });
    });
    await connect(url + base, changes).verify(claimOf({ ...budi, name: ' Nur’aini  contoh ' }));
    return promise;
  }

  it('asks for the NIK and the two names alone, with the lower threshold, as text in upper case', async () => {
    const { path, headers, body } = await requestWith({ nameMin: 95, motherMin: 85 });
    expect(path).to.equal('/dukcapil/get_json/KEMNAKER/CALL_VERIFY_BY_ELEMEN');
    expect(headers).to.include({ 'content-type': 'application/json', accept: 'application/json' });
    expect(body).to.deep.equal({
      USER_ID: 'SIM-USER-01',
      PASSWORD: 'sim-password',
      IP_USER: '127.0.0.1',
      TRESHOLD: '85',
      NIK: budi.nik,
      NAMA_LGKP: "NUR'AINI CONTOH",
      NAMA_LGKP_IBU: 'SITI CONTOH AMINAH',
    });
  });

  it('spells the keys of the credentials as configured', async () => {
    const { body } = await requestWith({ keyStyle: 'mixed' });
    expect(Object.keys(body)).to.deep.equal([
      'user_id',
      'password',
      'IP_USER',
      'TRESHOLD',
      'NIK',
      'NAMA_LGKP',
      'NAMA_LGKP_IBU',
    ]);
  });

  it('adds the configured headers', async () => {
    const { headers } = await requestWith({ headers: { Authorization: 'Basic c2ltOnNpbQ==', 'X-Gateway': 'a' } });
    expect(headers).to.include({
      authorization: 'Basic c2ltOnNpbQ==',
      'x-gateway': 'a',
      'content-type': 'application/json',
    });
  });

  it('keeps the path of the base address and takes the institution as it is', async () => {
    expect((await requestWith({ institution: 'A/B 1' }, '/gateway/')).path).to.equal(
      '/gateway/dukcapil/get_json/A%2FB%201/CALL_VERIFY_BY_ELEMEN',
    );
  });

  it('is understood by the simulator in either spelling of the keys', async () => {
    const { url } = await simulate();
    for (const keyStyle of ['upper', 'mixed'] as const)
      expect(await outcomeOf(connect(url, { keyStyle }).verify(claimOf(budi)))).to.equal('verified');
  });

  it('leaves plain http for loopback alone', async () => {
    for (const url of [
      'http://10.20.30.40:8000',
      'http://dukcapil.sim.test',
      'ftp://127.0.0.1',
      'http://127.0.0.1.sim.test',
      'http://localhost.sim.test',
    ]) {
      expect(() => connect(url), url).to.throw('DUKCAPIL_URL');
    }
    expect(await outcomeOf(connect(await serve(answerWell)).verify(claimOf(budi)))).to.equal('verified');
  });

  it('needs certificates that can be read for https, and headers that can be sent', () => {
    expect(() => connect('https://127.0.0.1')).to.throw('DUKCAPIL_CA');
    expect(() => connect('https://127.0.0.1', { ca: '/nowhere/ca.pem' })).to.throw('DUKCAPIL_CA');
    expect(() => connect('https://127.0.0.1', { ca: new URL(import.meta.url).pathname })).to.throw('DUKCAPIL_CA');
    expect(() => connect('http://127.0.0.1', { headers: { 'X-Key': 'secret\nvalue' } }))
      .to.throw('DUKCAPIL_HEADERS')
      .with.property('message')
      .that.does.not.include('secret');
  });
});
