import { expect } from 'chai';
import { createAccountService } from '../../src/admin/accounts/service.ts';
import { createOperatorService } from '../../src/admin/operators/service.ts';
import type { Config } from '../../src/config.ts';
import type { Core } from '../../src/core.ts';
import { seed, seedsIn } from '../../src/dev/seed.ts';
import { demandOwnDatabase, tellSeeds } from '../../src/dev/whose-database.ts';
import { addAccount } from '../support/accounts.ts';
import { citizens as people } from '../support/citizens.ts';
import { createTestCore } from '../support/core.ts';

describe('A start', () => {
  let core: Core;
  let close: () => Promise<void>;
  beforeEach(async () => ({ core, close } = await createTestCore()));
  afterEach(() => close());

  const startAs = (environment: Config['environment'], more: Partial<Config> = {}): Promise<unknown> =>
    demandOwnDatabase({ ...core, config: { ...core.config, ...more, environment } }).then(
      () => 'started',
      (error: unknown) => error,
    );

  it('takes an empty database, whatever it is for', async () => {
    for (const environment of ['test', 'development', 'production'] as const)
      expect(await startAs(environment)).to.equal('started');
  });

  it('in production refuses what development has filled, and says what to do', async () => {
    await seed(core);
    expect(await startAs('development')).to.equal('started');
    expect(await startAs('production'))
      .to.have.property('message')
      .that.matches(
        /of development, whose passwords anybody can read: .*karirhub-contoh.*To do: begin with an empty database/,
      );
  });

  it('in production goes on once nobody can come in by them any more', async () => {
    await seed(core);
    const { citizens, clients } = await seedsIn(core);
    for (const { id } of citizens) await createAccountService(core).setStatus({ sub: id }, 'suspended');
    expect(await tellSeeds(core))
      .to.include('karirhub-contoh')
      .and.not.include(citizens[0]!.id);
    for (const { id } of clients) await core.store.clients.update(id, { status: 'disabled' }, new Date());
    expect(await startAs('production')).to.equal('started');
  });

  it('in development leaves alone what production has filled: somebody has forgotten NODE_ENV', async () => {
    const sub = await addAccount({ container: core }, people.budi);
    expect(await startAs('development'))
      .to.have.property('message')
      .that.matches(/has accounts and nobody of development.*set NODE_ENV=production/);
    await createOperatorService(core).grant((await createAccountService(core).find({ sub }))!, 'administrator', {
      kind: 'command-line',
    });
    expect(await startAs('development'))
      .to.have.property('message')
      .that.matches(/has operators and nobody of development.*set NODE_ENV=production/);
    expect((await seedsIn(core)).citizens).to.deep.equal([]);
    expect(await startAs('production')).to.equal('started');
  });

  it('in development leaves alone what production has begun, also before anybody is in it, and without samples', async () => {
    expect(await startAs('production')).to.equal('started');
    for (const enabled of [true, false]) {
      expect(await startAs('development', { sampleService: { ...core.config.sampleService, enabled } }))
        .to.have.property('message')
        .that.matches(/is one of production.*set NODE_ENV=production/);
    }
    expect(await startAs('production'), 'again').to.equal('started');
  });

  it('in development knows its own again, whoever is in it by now', async () => {
    expect(await startAs('development')).to.equal('started');
    await addAccount({ container: core }, people.budi);
    expect(await startAs('development')).to.equal('started');
    // Cleared of all that stands in the sources, it may go over to production, and not back.
    expect(await startAs('production')).to.equal('started');
    expect(await startAs('development')).to.be.an('error');
  });

  it('in a test asks and says nothing', async () => {
    expect(await startAs('test')).to.equal('started');
    expect(await core.store.environment.find()).to.equal(undefined);
  });
});
