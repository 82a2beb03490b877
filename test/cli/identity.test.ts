import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import { identityMark, type Nik } from '../../src/domain/nik.ts';
import { openCommandLine, type CommandLine, type Ran } from '../support/command-line.ts';
import type { TestDatabase } from '../support/database.ts';

const NIK = '9901010101900001' as Nik;
const REASON = 'seen at the counter, ticket 1234';

describe('The command line: tries at registration', function () {
  this.timeout(60_000);
  let commands: CommandLine;
  let database: TestDatabase;
  let core: Core;

  before(async () => {
    commands = await openCommandLine();
    ({ database, core } = commands);
  });
  after(() => commands.close());

  const sso: CommandLine['sso'] = (...given) => commands.sso(...given);
  async function fail(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1)
      for (const limit of [core.limits.identity.calls, core.limits.identity.nik])
        await core.counters.take(limit, identityMark(core.keyedHash, NIK));
  }

  it('shows why a NIK waits, by standard input, which no history keeps', async () => {
    await fail(5);
    for (const [args, input] of [
      [['identity', 'show', NIK, '--json'], ''],
      [['identity', 'show', '-', '--json'], `${NIK}\n`],
    ] as const) {
      const { code, stdout, stderr } = await sso(args, input);
      expect(code, stderr).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.include({ waits: true, can_be_allowed: true });
      expect(stdout + stderr).not.to.include(NIK);
    }
    const { code, stderr } = await sso(['identity', 'show', '-'], '081234567890\n');
    expect([code, stderr.includes('081234567890')]).to.deep.equal([1, false]);
  });

  it('lets it be tried again, once a day, and tells the audit log, without the NIK', async () => {
    const allow = (reason = REASON): Promise<Ran> => sso(['identity', 'allow', '-', '--reason', reason], NIK);
    expect((await allow(`for ${NIK}`)).code).to.equal(1);
    const { code, stdout, stderr } = await allow();
    expect([code, stdout], stderr).to.deep.equal([0, 'The NIK can be tried again.\n']);
    expect((await sso(['identity', 'show', NIK])).stdout)
      .to.match(/waits {2,}no/)
      .and.match(/can be allowed today {2,}no/);
    expect((await allow()).stderr).to.include('nothing holds this NIK up');
    await fail(5);
    expect((await allow()).stderr).to.include('today already');
    const written = (await database.knex('audit_log').where({ type: 'registration.identity.allowed' })) as {
      details: object;
    }[];
    expect(written.map(({ details }) => details)).to.deep.equal([{ by: 'operator', reason: REASON }]);
  });

  it('takes a number for `codes` by standard input as well', async () => {
    const { code, stdout } = await sso(['codes', 'show', '-', '--json'], '0817 1234 5678\n');
    expect([code, (JSON.parse(stdout) as { operator: string }).operator]).to.deep.equal([0, 'xl']);
  });
});
