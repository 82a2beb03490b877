import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { createCodes } from '../../src/messages/codes.ts';
import { recipientMark } from '../../src/messages/recipient-mark.ts';
import { openCommandLine, type CommandLine, type Ran } from '../support/command-line.ts';
import type { TestDatabase } from '../support/database.ts';

const TELKOMSEL = ['+6281234567890', '+6281299990002'] as const;
const XL = '+6281712345678';
const REASON = 'outage at the operator, ticket 1234';

describe('The command line: codes', function () {
  this.timeout(60_000);
  let commands: CommandLine;
  let database: TestDatabase;
  let core: Core;

  before(async () => {
    commands = await openCommandLine();
    ({ database, core } = commands);
  });
  after(() => commands.close());
  beforeEach(async () => {
    await database.knex('counters').del();
    for (const number of [...TELKOMSEL, XL]) for (let times = 0; times < 3; times += 1) await undelivered(number);
  });

  const sso = (...args: readonly string[]): Promise<Ran> => commands.sso(args);
  const undelivered = (number: string): Promise<unknown> =>
    core.counters.take(core.limits.code.undelivered, recipientMark(core.keyedHash, sensitive(number)));
  let people = 0;
  /** What comes of asking for a code, by somebody new each time. */
  async function ask(number: string): Promise<string> {
    const nik = sensitive(String(9901010101900000 + (people += 1)) as Nik);
    const permit = await createCodes(core).permit(
      { nik, to: sensitive(number), phone: sensitive(number as Phone) },
      { device: 'device', network: 'network' },
    );
    return permit.ok ? 'sent' : permit.refusal.reason;
  }
  const allowances = async (): Promise<readonly object[]> =>
    (await database.knex('audit_log').where({ type: 'codes.allowed' }).orderBy('at')).map(
      ({ details }: { details: object }) => details,
    );

  it('show why a number gets none, however it is written', async () => {
    await ask(XL);
    for (const written of ['081712345678', '+62 817-1234-5678']) {
      const { code, stdout, stderr } = await sso('codes', 'show', written, '--json');
      expect(code, stderr).to.equal(0);
      const shown = JSON.parse(stdout) as { undelivered: { resets_at: string } };
      expect(shown).to.deep.equal({
        operator: 'xl',
        sends: false,
        sent: { used: 0, left: 5, exhausted: false },
        undelivered: { used: 3, left: 0, exhausted: true, resets_at: shown.undelivered.resets_at },
      });
    }
    expect((await sso('codes', 'show', '081888800009')).stdout).to.match(/codes go there {2}yes/);
    expect((await sso('codes', 'show', '02112345678')).code).to.equal(1);
  });

  it('let one number have them again, and tell the audit log, without the number', async () => {
    expect(await ask(XL)).to.equal('undeliverable');
    const { code, stdout } = await sso('codes', 'allow', '081712345678', '--reason', REASON, '--json');
    expect([code, JSON.parse(stdout)]).to.deep.equal([0, { numbers: 1 }]);
    expect(await ask(XL)).to.equal('sent');
    expect(await ask(TELKOMSEL[0])).to.equal('undeliverable');
    expect((await allowances()).at(-1)).to.deep.equal({ of: 'number', by: 'operator', reason: REASON });
  });

  it('begin the day of sending anew as well: none of those codes came', async () => {
    await sso('codes', 'allow', '081712345678', '--reason', REASON);
    for (let times = 0; times < 5; times += 1) expect(await ask(XL)).to.equal('sent');
    expect(await ask(XL)).to.equal('send-limit');
    expect((await sso('codes', 'allow', '--operator', 'xl', '--reason', REASON)).stdout).to.include('one number');
    expect(await ask(XL)).to.equal('sent');
  });

  it('let all numbers of one telephone operator have them again after an outage, and nobody else’s', async () => {
    const { stdout } = await sso('codes', 'allow', '--operator', 'telkomsel', '--reason', REASON, '--json');
    expect(JSON.parse(stdout)).to.deep.equal({ numbers: 2 });
    for (const number of TELKOMSEL) expect(await ask(number)).to.equal('sent');
    expect(await ask(XL)).to.equal('undeliverable');
    expect((await allowances()).at(-1)).to.include({ of: 'telkomsel' });
  });

  it('let all numbers have them again, where that is asked for by name', async () => {
    for (const args of [[], ['--operator', 'telkomsel', '--all'], ['081712345678', '--all']])
      expect((await sso('codes', 'allow', ...args, '--reason', REASON)).code, args.join(' ')).to.equal(2);
    expect(
      (await sso('codes', 'allow', '--all', '--reason', '081712345678 gets none')).code,
      'the number of somebody',
    ).to.equal(1);
    expect(await ask(XL)).to.equal('undeliverable');
    expect((await sso('codes', 'allow', '--all', '--reason', REASON)).stdout).to.include('3 numbers');
    for (const number of [...TELKOMSEL, XL]) expect(await ask(number)).to.equal('sent');
  });
});
