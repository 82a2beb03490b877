import { expect } from 'chai';
import { createAccountService } from '../../src/admin/accounts/service.ts';
import type { Core } from '../../src/core.ts';
import { createStandaloneCheck } from '../../src/cli/client-check.ts';
import { sampleSecret, seed } from '../../src/dev/seed.ts';
import type { Nik } from '../../src/domain/nik.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { furtherFixtures } from '../../src/ports/civil-registry/residents.ts';
import { createTestCore } from '../support/core.ts';

describe('The seeds', () => {
  let core: Core;
  let close: () => Promise<void>;
  before(async () => ({ core, close } = await createTestCore({ SAMPLE_SERVICE_PORT: '4301' })));
  after(() => close());

  it('are two services that the protocol takes, with secrets of their own, and people of the simulated registry', async () => {
    const { clients, citizens } = await seed(core);
    expect(clients.map(({ id }) => id)).to.deep.equal(['karirhub-contoh', 'skillhub-contoh']);
    const check = await createStandaloneCheck(core);
    for (const client of clients) {
      expect(check(client.metadata)).to.be.undefined;
      expect(client.metadata.redirect_uris?.[0]).to.match(/^http:\/\/localhost:4301\//);
      expect(client.listing?.url).to.match(/^http:\/\/localhost:4301\//);
      expect(client.secrets).to.have.length(1);
    }
    expect(citizens).not.to.be.empty;
    for (const { nik, name } of citizens)
      expect(furtherFixtures.find((resident) => resident.nik === nik)?.name).to.equal(name);
  });

  it('hold one operator, whose roles are given once', async () => {
    const operator = (await seed(core)).citizens.find(({ roles }) => roles.includes('administrator'));
    const account = await core.store.accounts.findByNik(sensitive(operator!.nik as Nik));
    expect(await core.store.operators.rolesOf(account!.id)).to.have.members([...operator!.roles]);
    await core.store.operators.revoke(account!.id, 'auditor', 'operator', new Date());
    await seed(core);
    expect(await core.store.operators.rolesOf(account!.id)).not.to.include('auditor');
  });

  it('come again unchanged', async () => {
    const first = await seed(core);
    const second = await seed(core);
    expect(second.citizens).to.deep.equal(first.citizens);
    expect(second.clients.map(({ secrets }) => secrets)).to.deep.equal(first.clients.map(({ secrets }) => secrets));
    expect(await core.store.clients.list()).to.have.length(2);
    expect(await core.store.audit.list({ type: 'client.updated' })).to.be.empty;
  });

  it('follow the sample service to another port and keep its secret', async () => {
    const { clients: before } = await seed(core);
    const { clients: after } = await seed({
      ...core,
      config: { ...core.config, sampleService: { ...core.config.sampleService, port: 4302 } },
    });
    expect(after.map(({ metadata }) => metadata.redirect_uris)).to.deep.equal([
      ['http://localhost:4302/callback'],
      ['http://localhost:4302/skillhub/callback'],
    ]);
    expect(after.map(({ listing }) => listing?.url)).to.deep.equal([
      'http://localhost:4302/',
      'http://localhost:4302/skillhub',
    ]);
    expect(after[0]?.secrets).to.deep.equal(before[0]?.secrets);
    const [karirhub] = await core.store.clients.list();
    expect(
      (await core.store.clientSecrets.whichFits(karirhub!.id, karirhub!.secrets, sampleSecret(core, karirhub!.id)))
        ?.number,
    ).to.equal(1);
  });

  it('promise no password that somebody has changed since', async () => {
    const [joko] = (await seed(core)).citizens;
    const account = await core.store.accounts.findByNik(sensitive(joko!.nik as Nik));
    await core.store.accounts.rehash(
      account!.id,
      account!.passwordHash,
      await core.passwords.hash(sensitive('Lain#Sandi77')),
    );
    expect((await seed(core)).citizens.map(({ nik }) => nik)).not.to.include(joko!.nik);
    await createAccountService(core).setStatus({ sub: account!.id }, 'suspended');
    expect((await seed(core)).citizens.map(({ nik }) => nik)).not.to.include(joko!.nik);
  });

  it('stay out of production', async () => {
    const refusal = await seed({ ...core, config: { ...core.config, environment: 'production' } }).catch(
      (error: unknown) => error,
    );
    expect(refusal).to.have.property('code', 'SEED_REFUSED');
  });
});
