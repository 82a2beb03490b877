import { expect } from 'chai';
import { toStored } from '../../src/admin/clients/logo/service.ts';
import { purge } from '../../src/jobs/purge.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { png } from '../support/pictures.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';

describe('Logos of services', () => {
  let app: TestApp;
  let shade = 1;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  async function put(): Promise<string> {
    const stored = toStored(png({ shade: (shade += 1) }));
    if (!stored.ok) throw new Error(stored.refusal);
    await app.store.clientLogos.put(stored.value, app.clock.now());
    return stored.value.name;
  }
  const get = (name: string, options?: RequestInit): Promise<Response> => fetch(`${app.url}/logos/${name}`, options);

  it('are served once a registration in effect names them, for ever, as pictures and nothing else', async () => {
    const logo = await put();
    expect((await get(logo)).status, 'named by nobody').to.equal(404);
    await createRelyingParty(app, { further: { logo } });
    const answer = await get(logo, { headers: { accept: 'text/html' } });
    expect(answer.status).to.equal(200);
    expect(Object.fromEntries(answer.headers)).to.include({
      'content-type': 'image/png',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
    });
    expect(answer.headers.getSetCookie(), 'a shared cache would keep them').to.deep.equal([]);
    expect(Buffer.from(await answer.arrayBuffer()).equals(png({ shade }))).to.equal(true);
    expect((await get(logo, { method: 'HEAD' })).status).to.equal(200);
  });

  it('of a draft, or of a proposal that nobody has approved, are nobody’s to see', async () => {
    const [draft, proposed] = [await put(), await put()];
    const at = app.clock.now();
    const metadata = { client_id: 'draf', client_name: 'Draf', logo: draft };
    await app.store.clients.insert({
      id: 'draf',
      status: 'draft',
      type: 'web',
      metadata,
      listing: { url: 'https://draf.test/', id: 'x', en: 'x' },
      createdAt: at,
      updatedAt: at,
    });
    await app.store.clientVersions.insert({
      clientId: 'draf',
      number: 1,
      state: 'proposed',
      base: undefined,
      edition: 1,
      metadata: { ...metadata, logo: proposed },
      listing: undefined,
      widens: ['logo'],
      proposedBy: 'operator',
      involved: [],
      reason: undefined,
      proposedAt: at,
      decided: undefined,
      waiver: undefined,
    });
    for (const logo of [draft, proposed]) expect((await get(logo)).status).to.equal(404);
    expect((await new Browser().open(app.url)).html).not.to.include(draft);
  });

  it('that are taken down are gone within a minute', async () => {
    const logo = await put();
    const service = await createRelyingParty(app, { further: { logo } });
    expect((await get(logo)).status).to.equal(200);
    const { logo: _gone, ...metadata } = (await app.store.clients.find(service.id))!.metadata;
    await app.store.clients.update(service.id, { metadata }, app.clock.now());
    for (const seconds of [30, 31]) {
      expect((await get(logo)).status).to.equal(200);
      app.clock.advance({ seconds });
    }
    expect((await get(logo)).status).to.equal(404);
  });

  it('have no other addresses and no other ways', async () => {
    for (const name of [
      '',
      'x.png',
      '..%2ficon.png',
      `${'a'.repeat(64)}.svg`,
      `${'a'.repeat(64)}.png/x`,
      `${'a'.repeat(64)}.png%00`,
      'x'.repeat(5000),
    ])
      expect((await get(name)).status, name.slice(0, 80)).to.be.oneOf([404, 414, 431]);
    expect((await get(`${'a'.repeat(64)}.png`, { method: 'POST' })).status).to.equal(405);
  });

  it('stand beside the name where people sign in, agree, and see what they are connected to', async () => {
    const logo = await put();
    const service = await createRelyingParty(app, {
      name: 'Berlogo',
      further: { logo, first_party: false, logo_uri: 'https://lain.test/mata-mata.png' },
    });
    await app.store.clients.update(
      service.id,
      { listing: { url: 'https://berlogo.test/', id: 'Uji', en: 'Test' } },
      app.clock.now(),
    );
    const plain = await createRelyingParty(app, {
      name: 'Tanpa',
      further: { logo_uri: 'https://lain.test/mata-mata.png' },
    });
    await app.store.clients.update(
      plain.id,
      { listing: { url: 'https://tanpa.test/', id: 'Uji', en: 'Test' } },
      app.clock.now(),
    );
    const image = `<img src="/logos/${logo}" alt=""`;

    const citizen = somebody();
    await addAccount(app, citizen);
    const browser = new Browser();
    const { page: login } = await visit(browser, service);
    expect(login.html).to.include(image);
    const consent = await signIn(browser, login, citizen.nik, citizen.password);
    expect(consent.form('sharing')).to.be.an('object');
    expect(consent.html).to.include(image);
    await browser.submit(consent, 'sharing');
    const portal = await browser.open(app.url);
    const connected = await browser.open(`${app.url}/account/services`);
    for (const page of [portal, connected]) expect(page.html).to.include(image);
    expect(portal.text).to.include('Tanpa');
    for (const page of [login, consent, portal, connected, (await visit(new Browser(), plain)).page]) {
      expect(page.html, 'what another host serves').not.to.include('mata-mata');
      expect(page.html).not.to.match(/<img src="(?!\/(?!\/))/);
    }
  });

  it('that no registration names, nor ever named, go after a day', async () => {
    const [unused, named] = [await put(), await put()];
    const service = await createRelyingParty(app, { further: { logo: named } });
    const run = (): ReturnType<typeof purge> =>
      purge({
        store: app.store,
        clock: app.clock,
        deviceSeconds: 86_400,
        formerAccountDays: 2,
        recoveryRequestDays: 90,
        purgeCounters: () => Promise.resolve(0),
      });
    await run();
    expect(await app.store.clientLogos.find(unused), 'at once').to.be.an('object');
    app.clock.advance({ hours: 25 });
    await run();
    expect(await app.store.clientLogos.find(unused)).to.equal(undefined);
    expect((await app.store.clientLogos.find(named))?.name).to.equal(named);
    expect(service.id).to.be.a('string');
  });
});
