import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { startOperator, type TestOperator } from '../support/console.ts';

describe('The pages of the integration check', () => {
  let app: TestApp;
  let manager: TestOperator;
  let reader: TestOperator;
  let service: Server;
  let home: string;
  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
    reader = await startOperator(app, ['client-approver']);
    service = createServer((_request, response) => response.end('Halo'));
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    home = `http://localhost:${(service.address() as AddressInfo).port}`;
    const metadata = {
      redirect_uris: ['https://rp.test/cb'],
      test_redirect_uris: [`${home}/cb`],
      scope: 'openid profile',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    } as const;
    for (const id of ['rp', 'lain', 'draf'])
      await app.addClient({ type: 'spa', metadata: { client_id: id, client_name: `Layanan ${id}`, ...metadata } });
    await app.container.knex('clients').where({ id: 'draf' }).update({ status: 'draft' });
    const draft = (await app.store.clients.find('draf'))!;
    const by = 'operator:uji';
    await app.store.clientVersions.insert({
      clientId: 'draf',
      number: 1,
      state: 'proposed',
      base: undefined,
      edition: 1,
      metadata: draft.metadata,
      listing: undefined,
      widens: [],
      proposedBy: by,
      involved: [by],
      reason: undefined,
      proposedAt: app.clock.now(),
      decided: undefined,
      waiver: undefined,
    });
  });
  after(async () => {
    await new Promise((resolve) => service.close(resolve));
    await app.close();
  });

  const authUrl = (id = 'rp', redirect = `${home}/cb`): string =>
    `${app.url}/sandbox/auth?${new URLSearchParams({ client_id: id, redirect_uri: redirect, response_type: 'code', scope: 'openid profile', code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', state: 'keadaan', nonce: 'sekali' }).toString()}`;
  /** A form of the page for one scenario. */
  const choose = (
    browser: Browser,
    page: Page,
    step: 'begin' | 'answer',
    scenario: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Page> => browser.submit(page, `/${step}`, { scenario, ...more });
  const linkFor = async (id: string): Promise<string> => {
    const page = await manager.browser.submit(await manager.open(`/clients/${id}/check`), '/link');
    return /class="revealed" id="once">([^<]+)</.exec(page.html)?.[1] ?? '';
  };
  const standing = (page: Page, scenario: string): string =>
    new RegExp(`id="${scenario}"[^]*?class="badge[^>]*>([^<]*)<`).exec(page.html)?.[1] ?? '';

  it('speak the language that the service asks for, from the first to the last, until the person chooses another', async () => {
    const visitor = new Browser();
    const choice = await visitor.open(`${authUrl()}&ui_locales=en`);
    expect(choice.headers.get('content-language')).to.equal('en');
    const consent = await visitor.submit(choice, '/login', { citizen: 'ordinary' });
    expect(consent.headers.get('content-language')).to.equal('en');
    const chosen = await visitor.open(consent.link('Indonesia'));
    expect(chosen.headers.get('content-language')).to.equal('id');
  });

  it('explain the sandbox to whoever opens its issuer by hand', async () => {
    const guide = await new Browser().open(`${app.url}/sandbox`);
    expect(guide.status).to.equal(200);
    expect(guide.url.pathname).to.equal('/docs/sandbox');
  });

  it('lead an operator through a scenario: begun, seen by the sandbox, judged by the person where it cannot see', async () => {
    const client = await manager.open('/clients/rp');
    const first = await manager.browser.open(client.link('Uji integrasi'));
    expect(first.text).to.include('belum pernah dijalankan').and.include(`${app.url}/sandbox`);
    const started = await manager.browser.submit(first, '/start');
    expect(standing(started, 'plain')).to.equal('Belum dicoba');
    expect(standing(started, 'logout')).to.equal('Tidak berlaku');

    await choose(manager.browser, started, 'begin', 'suspended');
    const visitor = new Browser();
    await visitor.open(await linkFor('rp'));
    const choice = await visitor.open(authUrl());
    expect(choice.text).to.include('Uji integrasi: Akun ditangguhkan').and.include('Rina').and.not.include('Suharti');
    // Whatever a form says: the scenario decides who signs in.
    const back = await visitor.submit(choice, '/login', { citizen: 'ordinary' });
    expect(back.url.searchParams.get('error')).to.equal('access_denied');

    const asked = await manager.open('/clients/rp/check');
    expect(standing(asked, 'suspended')).to.equal('Perlu dilihat orang');
    const judged = await choose(manager.browser, asked, 'answer', 'suspended', { good: 'yes' });
    expect(standing(judged, 'suspended')).to.equal('Lulus');

    await choose(manager.browser, judged, 'begin', 'wrong-state');
    const another = new Browser();
    await another.open(await linkFor('rp'));
    const consent = await another.submit(await another.open(authUrl()), '/login');
    const bent = await another.submit(consent, '/consent', { answer: 'allow' });
    expect(bent.url.searchParams.get('state')).not.to.equal('keadaan');
    expect((await app.store.audit.list({ type: 'client.check-started' })).map(({ details }) => details)).to.deep.equal([
      { by: `operator:${manager.accountId}` },
    ]);
  });

  it('leave a check alone where somebody signs in who has not opened them: anybody can begin a sign-in there', async () => {
    await choose(manager.browser, await manager.open('/clients/rp/check'), 'begin', 'suspended');
    const before = await app.container.knex('client_check_events').count();
    await app.container.checks.start((await app.store.clients.find('draf'))!, 'operator');
    const other = await linkFor('draf');
    for (const [what, opened] of [
      ['nothing', undefined],
      ['another check', other],
    ] as const) {
      const stranger = new Browser();
      if (opened !== undefined) await stranger.open(opened);
      const choice = await stranger.open(authUrl());
      expect(choice.text, what).not.to.include('Uji integrasi:');
      const home = await stranger.submit(await stranger.submit(choice, '/login', { citizen: 'ordinary' }), '/consent', {
        answer: 'allow',
      });
      expect(home.url.searchParams.get('state'), what).to.equal('keadaan');
      expect(
        (await stranger.submit(await stranger.open(authUrl()), '/cancel')).url.searchParams.get('error'),
        what,
      ).to.equal('access_denied');
    }
    expect(await app.container.knex('client_check_events').count(), 'nothing was seen').to.deep.equal(before);
  });

  it('are read by other operators, who begin nothing', async () => {
    const page = await reader.open('/clients/rp/check');
    expect(page.status).to.equal(200);
    expect(page.headers.getSetCookie().filter((line) => line.startsWith('sandbox-check'))).to.deep.equal([]);
    expect(page.forms).to.deep.equal([]);
    for (const step of ['start', 'begin', 'answer', 'link'])
      expect(
        (
          await reader.browser.request(`${app.url}/admin/clients/rp/check/${step}`, {
            method: 'POST',
            body: new URLSearchParams({ scenario: 'plain' }),
          })
        ).status,
        step,
      ).to.equal(403);
    expect((await reader.open('/clients/tiada/check')).status).to.equal(404);
  });

  it('tell a team that its logout address was not reached, and operators alone that its name leads inside', async () => {
    const link = await linkFor('rp');
    const { checks } = app.container;
    const { metadata } = (await app.store.clients.find('rp'))!;
    await app.store.clients.update(
      'rp',
      {
        metadata: {
          ...metadata,
          backchannel_logout_uri: 'https://rp.test/logout',
          test_backchannel_logout_uri: 'http://10.0.0.1/logout',
        },
      },
      app.clock.now(),
    );
    const { id } = await checks.start((await app.store.clients.find('rp'))!, 'team');
    await checks.record({ checkId: id, scenario: 'logout' }, 'begun', {});
    await checks.record({ checkId: id, scenario: 'logout' }, 'notice', { status: 0, error: 'address-refused' });
    expect((await manager.open('/clients/rp/check')).text).to.include('tidak dapat dihubungi. (address-refused)');
    expect((await new Browser().open(link)).text)
      .to.include('tidak dapat dihubungi.')
      .and.not.include('address-refused');
    await app.store.clients.update('rp', { metadata }, app.clock.now());
  });

  it('are open to the team by a personal link: shown once, of one client, ended by a new one and by time', async () => {
    const link = await linkFor('rp');
    expect(link).to.match(/\/sandbox\/check\/[\w-]{43}$/);
    expect((await manager.open('/clients/rp/check')).html).not.to.include(link);
    const rows = (await app.container.knex('client_check_links').select()) as { token: Buffer }[];
    expect(JSON.stringify(rows)).not.to.include(link.slice(-43));

    const team = new Browser();
    const page = await team.open(link);
    expect(page.text).to.include('Layanan rp').and.include('Uji coba: bukan data sungguhan');
    expect(page.headers.get('referrer-policy')).to.equal('no-referrer');
    expect(page.headers.get('cache-control')).to.equal('no-store');
    const started = await team.submit(page, '/start');
    expect(standing(await choose(team, started, 'begin', 'plain'), 'plain')).to.equal('Belum dicoba');
    expect((await app.container.checks.report((await app.store.clients.find('lain'))!)).check).to.equal(undefined);

    // A form of another page, of another site, or for another client's link does nothing.
    expect((await team.post(page, '/start', { csrf: 'x' })).status).to.equal(403);
    expect((await team.post(page, '/start', {}, { headers: { 'sec-fetch-site': 'cross-site' } })).status).to.equal(403);
    const other = await linkFor('lain');
    expect(
      (
        await team.request(`${other}/start`, {
          method: 'POST',
          body: new URLSearchParams({ csrf: page.form('/start').fields.csrf ?? '' }),
        })
      ).status,
    ).to.equal(403);

    expect(app.logLines.filter((line) => line.includes(link.slice(-43)))).to.deep.equal([]);

    const renewed = await linkFor('rp');
    expect((await team.open(link)).status).to.equal(404);
    expect((await team.open(renewed)).status).to.equal(200);
    app.clock.advance({ days: 8 });
    const gone = await team.open(renewed);
    expect(gone.status).to.equal(404);
    expect(gone.text).to.include('sudah berakhir');
    expect((await team.post(page, '/start')).status).to.be.oneOf([403, 404]);
    for (const token of ['', 'x', 'x'.repeat(43), `${'x'.repeat(42)}%00`])
      expect((await team.open(`${app.url}/sandbox/check/${token}`)).status, token).to.be.within(400, 404);
  });

  it('let a draft be tried before it is approved, and no further than its test addresses', async () => {
    expect((await fetch(authUrl('draf').replace('/sandbox/auth', '/auth'))).status).to.equal(400);
    expect((await new Browser().open(authUrl('draf'))).status).to.equal(200);
    for (const redirect of [
      'https://rp.test/cb',
      'https://evil.test/cb',
      `${home}/cb/`,
      `${home}/cb?next=//evil.test`,
      'javascript:alert(1)',
      `${home}@evil.test/cb`,
    ]) {
      const answer = await fetch(authUrl('draf', redirect), { redirect: 'manual' });
      expect(answer.status, redirect).to.equal(400);
      expect(answer.headers.get('location'), redirect).to.equal(null);
    }
  });

  it('count the steps of a check: each leaves something behind', async () => {
    const operator = await startOperator(app, ['client-manager']);
    const client = (await app.store.clients.find('rp'))!;
    const steps = app.container.limits.sandbox.steps;
    const page = await operator.browser.submit(await operator.open('/clients/rp/check'), '/start');
    await choose(operator.browser, page, 'begin', 'rotated-keys');
    for (let count = 0; count < 2; count += 1)
      await choose(operator.browser, await operator.open('/clients/rp/check'), 'begin', 'rotated-keys');
    expect(await app.container.knex('sandbox_keys').whereNotNull('check_id'), 'one key for a check').to.have.length(1);
    await app.container.counters.hold(steps, 'rp', 60);
    const late = await choose(operator.browser, await operator.open('/clients/rp/check'), 'begin', 'plain');
    expect(late.status).to.equal(429);
    expect(late.headers.get('retry-after')).to.match(/^\d+$/);
    await app.container.counters.clear(steps, 'rp');

    const { check } = await app.container.checks.report(client);
    const attempt = { checkId: check!.id, scenario: 'plain' };
    await app.container.knex('client_check_events').insert(
      Array.from({ length: 1200 }, () => ({
        check_id: check!.id,
        scenario: 'plain',
        kind: 'asked',
        details: {},
        at: app.clock.now(),
      })),
    );
    await app.container.checks.record(attempt, 'sent', {});
    const kept = await app.store.clientChecks.events(check!.id);
    expect(kept).to.have.length(1000);
    expect(kept.at(-1)?.kind, 'the newest').to.equal('sent');
  });

  it('end with a draft that is turned down or taken back: it leaves the sandbox with its link and its keys', async () => {
    const approver = await startOperator(app, ['client-approver']);
    const operator = await startOperator(app, ['client-manager']);
    for (const [decision, who] of [
      ['reject', approver],
      ['withdraw', operator],
    ] as const) {
      const made = await operator.browser.submit(await operator.open('/clients/new'), 'client_name', {
        type: 'spa',
        client_name: 'Layanan Draf',
        redirect_uris: 'https://draf.test/cb',
        test_redirect_uris: `${home}/cb`,
        scope: 'openid profile',
        intent: 'save',
      });
      const id = made.url.pathname.split('/').at(-1) ?? '';
      const link =
        /class="revealed" id="once">([^<]+)</.exec(
          (await operator.browser.submit(await operator.open(`/clients/${id}/check`), '/link')).html,
        )?.[1] ?? '';
      const started = await operator.browser.submit(await operator.open(`/clients/${id}/check`), '/start');
      await choose(operator.browser, started, 'begin', 'rotated-keys');
      expect((await new Browser().open(authUrl(id))).status).to.equal(200);
      expect((await new Browser().open(link)).status).to.equal(200);

      await who.browser.submit(await who.open(`/clients/${id}/proposal`), `/proposal/${decision}`, {
        reason: 'bukan layanan dari instansi kami',
      });
      app.clock.advance({ seconds: 3 });
      expect((await new Browser().open(authUrl(id))).status, decision).to.equal(400);
      expect((await new Browser().open(link)).status, decision).to.equal(404);
      expect((await operator.open(`/clients/${id}/check`)).status, decision).to.equal(404);
      expect((await operator.open(`/clients/${id}`)).html, decision).not.to.include(`/clients/${id}/check`);
      expect(await app.container.knex('client_check_links').where({ client_id: id }), decision).to.deep.equal([]);
      expect(
        await app.container
          .knex('sandbox_keys')
          .join('client_checks', 'client_checks.id', 'check_id')
          .where({ client_id: id }),
        decision,
      ).to.deep.equal([]);
      // Proposed anew it can be tried anew, by a new link.
      await operator.browser.submit(await operator.open(`/clients/${id}/edit`), 'client_name', {
        client_name: 'Layanan Draf Lain',
        intent: 'save',
      });
      app.clock.advance({ seconds: 3 });
      expect((await new Browser().open(authUrl(id))).status, decision).to.equal(200);
      expect((await new Browser().open(link)).status, decision).to.equal(404);
    }
  });

  it('end for a client that is stopped', async () => {
    const operator = await startOperator(app, ['client-manager']);
    const link =
      /class="revealed" id="once">([^<]+)</.exec(
        (await operator.browser.submit(await operator.open('/clients/lain/check'), '/link')).html,
      )?.[1] ?? '';
    await app.store.clients.update('lain', { status: 'disabled' }, app.clock.now());
    expect((await new Browser().open(link)).status).to.equal(404);
    const page = await operator.open('/clients/lain/check');
    expect(page.status).to.equal(200);
    expect(page.forms).to.deep.equal([]);
  });

  it('of the console say which test addresses will not do', async () => {
    const operator = await startOperator(app, ['client-manager']);
    const save = async (uris: string): Promise<Page> =>
      operator.browser.submit(await operator.open('/clients/new'), 'client_name', {
        type: 'web',
        client_name: 'Baru',
        redirect_uris: 'https://baru.test/cb',
        scope: 'openid',
        test_redirect_uris: uris,
        intent: 'check',
      });
    for (const good of [
      'https://uji.baru.test/cb',
      'http://localhost:8080/cb',
      'http://10.1.2.3/cb',
      'http://uji.internal/cb',
    ])
      expect((await save(good)).status, good).to.equal(200);
    for (const [bad, words] of [
      ['https://baru.test/cb', 'layanan yang sebenarnya'],
      ['http://uji.contoh.go.id/cb', 'Alamat harus https'],
      ['https://*.baru.test/cb', 'Baris 1:'],
      ['javascript:alert(1)', 'Alamat harus https'],
    ] as const) {
      const page = await save(bad);
      expect(page.status, bad).to.equal(422);
      expect(page.text).to.include(words);
    }
  });
});
