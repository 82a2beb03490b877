import { expect } from 'chai';
import { createClientService } from '../../src/admin/clients/service.ts';
import { parseClientMetadata } from '../../src/admin/clients/forms.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { todayIn, daysLater } from '../../src/domain/day.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { startOperator } from '../support/console.ts';
import { signIn } from '../support/journeys.ts';
import { obtainCode } from '../oidc/exchange.ts';
import { createRelyingParty, visit, type RelyingParty } from '../support/relying-party.ts';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}
type Person = Readonly<Record<string, unknown>> & { readonly profile: Readonly<Record<string, unknown>> };

describe('The bridge: the former interface', () => {
  let app: TestApp;
  let citizen: Citizen;
  let accountId: AccountId;
  let today: string;
  let old: RelyingParty;
  let nameless: RelyingParty;

  before(async () => {
    app = await startTestApp();
    today = todayIn(app.config.identity.timeZone, app.clock.now());
    const bridge = { until: daysLater(today, 30) };
    old = await createRelyingParty(app, {
      name: 'Gajihub (contoh)',
      scope: 'openid profile email phone nik',
      further: { bridge, grant_types: ['authorization_code', 'refresh_token'] },
    });
    nameless = await createRelyingParty(app, {
      scope: 'openid profile email',
      further: { bridge: { ...bridge, state_required: true }, token_endpoint_auth_method: 'client_secret_post' },
    });
  });
  after(() => app.close());
  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
  });

  /** As their programs build it: no PKCE, no openid. */
  const addressOf = (
    { id, origin }: RelyingParty,
    further: Readonly<Record<string, string>> = { state: 'xyz' },
  ): string =>
    `${app.url}/auth?${new URLSearchParams({ response_type: 'code', client_id: id, redirect_uri: `${origin}/cb`, scope: 'basic email', ...further }).toString()}`;
  async function codeOf(service: RelyingParty, browser = new Browser()): Promise<string> {
    const page = await browser.open(addressOf(service));
    const home = page.url.pathname.endsWith('/login')
      ? await signIn(browser, page, citizen.nik, citizen.password)
      : page;
    const code = home.url.searchParams.get('code');
    if (code === null) throw new Error(`no code at ${home.url.href}: ${home.text.slice(0, 300)}`);
    expect(home.url.searchParams.get('state')).to.equal('xyz');
    return code;
  }
  async function post(
    fields: Readonly<Record<string, unknown>>,
    { as = 'json', headers = {} }: { as?: 'json' | 'form'; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const body = as === 'json' ? JSON.stringify(fields) : new URLSearchParams(fields as Record<string, string>);
    const answer = await fetch(`${app.url}/api/v1/tokens`, {
      method: 'POST',
      body,
      headers: { ...(as === 'json' ? { 'content-type': 'application/json' } : {}), ...headers },
    });
    expect(answer.headers.get('content-type')).to.include('application/json');
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  }
  const credentials = ({ id, secret }: { id: string; secret: string }) => ({ client_id: id, client_secret: secret });
  const redeem = (service: RelyingParty, code: string, as: 'json' | 'form' = 'json'): Promise<Answer> =>
    post(
      { ...credentials(service), grant_type: 'authorization_code', code, redirect_uri: `${service.origin}/cb` },
      { as },
    );
  async function me(token?: unknown, query = ''): Promise<Answer> {
    const answer = await fetch(`${app.url}/api/v1/users/me${query}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token as string}` },
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  }
  const change = async ({ id }: RelyingParty, bridge: object | undefined): Promise<void> => {
    const client = await app.store.clients.find(id);
    await app.store.clients.update(id, { metadata: { ...client!.metadata, bridge } as never }, app.clock.now());
    app.clock.advance({ seconds: 3 });
  };

  it('is walked as its clients do: sign-in, tokens by JSON, the person, the refresh', async () => {
    await app.store.legacyIds.set(accountId, 'b2f6c1de-0000-4000-8000-000000000001');
    const { status, body } = await redeem(old, await codeOf(old));
    expect(status, JSON.stringify(body)).to.equal(200);
    const data = body.data as Answer['body'];
    expect(Object.keys(data).sort()).to.deep.equal(['access_token', 'expires_in', 'refresh_token', 'token_type']);
    expect(body).to.include({
      access_token: data.access_token,
      token_type: 'Bearer',
      refresh_token: data.refresh_token,
    });

    const person = await me(data.access_token);
    expect(person.status).to.equal(200);
    expect(person.body.meta).to.deep.equal({ version: '1', hostname: 'sso', client_ip: '0.0.0.0' });
    const known = person.body.data as Person;
    const phone = citizen.phone.replace(/^\+62/, '0');
    expect(known).to.deep.include({
      id: 'b2f6c1de-0000-4000-8000-000000000001',
      username: citizen.nik,
      name: citizen.name,
      email: citizen.email,
      phone_number: phone,
      status: 'active',
      roles: [{ id: 1, name: 'public', label: 'Masyarakat' }],
    });
    expect(known.profile).to.deep.include({
      identity_number: citizen.nik,
      phone,
      pob: null,
      user: { name: citizen.name, email: citizen.email },
    });
    expect(known.profile.bod).to.match(/^\d{4}-\d\d-\d\d$/);
    expect(known.profile.gender).to.equal(Number(citizen.nik.slice(6, 8)) > 40 ? 20 : 10);
    expect(known.updated_at).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

    const refreshed = await post({
      ...credentials(old),
      grant_type: 'refresh_token',
      refresh_token: data.refresh_token,
    });
    expect(refreshed.status).to.equal(200);
    expect((await me((refreshed.body.data as Answer['body']).access_token)).status).to.equal(200);
    expect(
      (await post({ ...credentials(old), grant_type: 'refresh_token', refresh_token: data.refresh_token })).body.error,
      'each once',
    ).to.equal('invalid_grant');
  });

  it('takes a form as well, and proves by the body whatever way the client is registered for', async () => {
    expect((await redeem(old, await codeOf(old), 'form')).status).to.equal(200);
    expect((await redeem(nameless, await codeOf(nameless), 'form')).status).to.equal(200);
    const code = await codeOf(old);
    const inHeader = await post(
      { grant_type: 'authorization_code', code, redirect_uri: `${old.origin}/cb` },
      { headers: { authorization: `Basic ${Buffer.from(`${old.id}:${old.secret}`).toString('base64')}` } },
    );
    expect(inHeader).to.deep.include({ status: 401 });
  });

  it('gives no NIK, birth date or sex to who is not registered for the NIK, and the id as username', async () => {
    const { body } = await redeem(nameless, await codeOf(nameless));
    expect(body.data, 'no refresh token either').not.to.have.property('refresh_token');
    const person = (await me(body.access_token)).body.data as Person;
    expect(person).to.include({ id: accountId, username: accountId, phone_number: null });
    expect(person.profile).to.deep.include({ identity_number: null, bod: null, gender: null, phone: null });
    expect(JSON.stringify(person)).not.to.include(citizen.nik);
  });

  it('leaves the same traces as any sign-in: consent, receipt, audit', async () => {
    const guest = await createRelyingParty(app, {
      scope: 'openid profile',
      further: { first_party: false, bridge: { until: daysLater(today, 30) } },
    });
    const browser = new Browser();
    const question = await signIn(browser, await browser.open(addressOf(guest)), citizen.nik, citizen.password);
    expect(question.url.pathname).to.match(/\/consent$/);
    const home = await browser.submit(question, 'sharing');
    expect((await redeem(guest, home.url.searchParams.get('code') ?? '')).status).to.equal(200);
    expect(await app.store.consents.standing(accountId, guest.id)).to.have.length(1);
    expect(
      (await app.store.audit.list({ type: 'sign-in.succeeded' })).some(({ clientId }) => clientId === guest.id),
    ).to.equal(true);
  });

  it('gives a machine its token by the scope "client"', async () => {
    const machine = { id: 'mesin-lama', secret: 'rahasia-mesin-lama-pengujian' };
    await app.addClient({
      type: 'machine',
      secret: machine.secret,
      metadata: {
        client_id: machine.id,
        client_name: 'Mesin',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic',
        bridge: { until: daysLater(today, 1) },
      },
    });
    const { status, body } = await post({ ...credentials(machine), grant_type: 'client_credentials', scope: 'client' });
    expect(status).to.equal(200);
    expect(body.data).to.have.keys('access_token', 'token_type', 'expires_in');
    expect((await me(body.access_token)).status, 'there is no person in it').to.equal(401);
  });

  it('asks for state where the client has got so far, at its own address and at no other', async () => {
    const page = await new Browser().open(addressOf(nameless, {}));
    expect(page.url.href).to.match(new RegExp(`^${nameless.origin}/cb\\?error=invalid_request`));
    expect(page.url.searchParams.get('error_description')).to.match(
      /^state is required \(help code [A-Z0-9]{4}-[A-Z0-9]{2}\)$/,
    );
    const foreign = await new Browser().open(addressOf(nameless, { redirect_uri: 'https://penyerang.test/cb' }));
    expect(foreign.url.origin).to.equal(app.url);
    expect(foreign.status).to.equal(400);
    const without = await new Browser().open(addressOf(old, {}));
    expect(without.url.pathname).to.match(/\/login$/);
  });

  it('takes the redirect URI as registered and as it was in the sign-in', async () => {
    const foreign = await new Browser().open(addressOf(old, { redirect_uri: `${old.origin}/cb/lain` }));
    expect(foreign.status).to.equal(400);
    const other = await post({
      ...credentials(old),
      grant_type: 'authorization_code',
      code: await codeOf(old),
      redirect_uri: `${old.origin}/lain`,
    });
    expect(other).to.deep.nested.include({ status: 400, 'body.error': 'invalid_grant' });
  });

  it('waives PKCE for its own sign-ins alone: the same client in OpenID Connect needs it', async () => {
    const url = new URL((await old.begin()).url);
    for (const name of ['code_challenge', 'code_challenge_method']) url.searchParams.delete(name);
    expect((await new Browser().open(url)).url.searchParams.get('error')).to.equal('invalid_request');
    const { home, request } = await obtainCode(old, citizen);
    expect((await old.receive(home, request)).claims, 'and may use it already').to.include({ nik: citizen.nik });
  });

  describe('refuses, in plain JSON', () => {
    const cases: [string, () => Record<string, unknown>, number, string][] = [
      [
        'an unknown client',
        () => ({ client_id: 'tiada', client_secret: 'x', grant_type: 'authorization_code', code: 'x' }),
        401,
        'invalid_client',
      ],
      [
        'a wrong secret',
        () => ({
          ...credentials(old),
          client_secret: 'salah',
          grant_type: 'authorization_code',
          code: 'x',
          redirect_uri: `${old.origin}/cb`,
        }),
        401,
        'invalid_client',
      ],
      ['no secret', () => ({ client_id: old.id, grant_type: 'authorization_code', code: 'x' }), 401, 'invalid_client'],
      [
        'a code that nobody made',
        () => ({ ...credentials(old), grant_type: 'authorization_code', code: 'x', redirect_uri: `${old.origin}/cb` }),
        400,
        'invalid_grant',
      ],
      [
        'no code',
        () => ({ ...credentials(old), grant_type: 'authorization_code', redirect_uri: `${old.origin}/cb` }),
        400,
        'invalid_request',
      ],
      [
        'a password',
        () => ({ ...credentials(old), grant_type: 'password', username: 'a', password: 'b' }),
        400,
        'unsupported_grant_type',
      ],
      [
        'a grant of the prototype',
        () => ({ ...credentials(old), grant_type: 'constructor' }),
        400,
        'unsupported_grant_type',
      ],
      [
        'a grant that the client does not have',
        () => ({ ...credentials(nameless), grant_type: 'refresh_token', refresh_token: 'x' }),
        400,
        'invalid_request',
      ],
      ['what is no text', () => ({ ...credentials(old), grant_type: ['authorization_code'] }), 400, 'invalid_request'],
    ];
    for (const [what, fields, status, error] of cases) {
      it(what, async () => {
        const answer = await post(fields());
        expect(answer.status, JSON.stringify(answer.body)).to.equal(status);
        expect(answer.body.error).to.equal(error);
        expect(answer.body.message).to.be.a('string');
        expect(
          app.logLines.some((line) => line.includes(String(answer.body.help_code))),
          'the log knows the code',
        ).to.equal(true);
      });
    }

    it('bodies that are no JSON, of another kind, or without end', async () => {
      for (const [body, type] of [
        ['{', 'application/json'],
        ['[]', 'application/json'],
        ['null', 'application/json'],
        ['x', 'text/plain'],
        [`{"a":"${'x'.repeat(100_000)}"}`, 'application/json'],
        ['a=%ff', 'application/x-www-form-urlencoded'],
      ] as const) {
        const answer = await fetch(`${app.url}/api/v1/tokens`, {
          method: 'POST',
          body,
          headers: { 'content-type': type },
        });
        expect(answer.status, body.slice(0, 10)).to.equal(400);
        expect(((await answer.json()) as Answer['body']).error).to.equal('invalid_request');
      }
    });

    it('a person without a token, with a wrong one, with one in the address, or after the suspension', async () => {
      for (const token of [undefined, 'salah']) expect((await me(token)).status).to.equal(401);
      const { body } = await redeem(old, await codeOf(old));
      expect((await me(undefined, `?access_token=${String(body.access_token)}`)).status).to.equal(401);
      await app.store.accounts.setStatus(accountId, 'suspended', app.clock.now());
      expect((await me(body.access_token)).status).to.equal(401);
    });
  });

  it('is closed to clients that are not registered for it', async () => {
    const modern = await createRelyingParty(app);
    const page = await new Browser().open(addressOf(modern));
    expect(page.url.searchParams.get('error') ?? page.text, 'PKCE is wanted').to.include('invalid_request');
    expect((await redeem(modern, 'x')).body.error).to.equal('unauthorized_client');
    const { page: door, request } = await visit(new Browser(), modern);
    const browser = new Browser();
    const home: Page = await signIn(browser, await browser.open(request.url), citizen.nik, citizen.password);
    expect(door.status).to.equal(200);
    const { accessToken } = await modern.receive(home, request);
    expect((await me(accessToken)).status).to.equal(404);
  });

  it('ends after its day, and says whom to ask', async () => {
    const ending = await createRelyingParty(app, { name: 'Lama (contoh)', further: { bridge: { until: today } } });
    const { body } = await redeem(ending, await codeOf(ending));
    expect((await me(body.access_token)).status, 'on the last day').to.equal(200);
    await change(ending, { until: daysLater(today, -1) });

    const page = await new Browser().open(addressOf(ending));
    expect(page.status).to.equal(400);
    expect(page.text)
      .to.include('Lama (contoh)')
      .and.include('cara masuk lama')
      .and.match(/Kode bantuan/i);
    for (const answer of [await redeem(ending, 'x'), await me(body.access_token)]) {
      expect(answer.body.error).to.equal('bridge_ended');
      expect(answer.body.message).to.include(app.config.help.email);
      const line = app.logLines.find((one) => one.includes(String(answer.body.help_code)));
      expect(line, 'the log knows the code').to.include(ending.id);
    }
    expect((await visit(new Browser(), ending)).page.status, 'OpenID Connect goes on').to.equal(200);
  });

  it('is counted, by client and day, so that the operator sees who still has to move', async () => {
    const counted = await createRelyingParty(app, {
      scope: 'openid profile',
      further: { bridge: { until: daysLater(today, 30) } },
    });
    const { body } = await redeem(counted, await codeOf(counted));
    await me(body.access_token);
    await me(body.access_token);
    const uses = await app.store.bridgeUses.since(today, counted.id);
    expect(uses.map(({ call, uses: count, last }) => [call, count, last])).to.deep.equal([
      ['sign-in', 1, today],
      ['tokens', 1, today],
      ['users-me', 2, today],
    ]);
    expect(await app.store.bridgeUses.since(daysLater(today, 1), counted.id)).to.deep.equal([]);

    const reader = await startOperator(app, ['support']);
    const page = await reader.open(`/clients/${counted.id}`);
    expect(page.text)
      .to.include('Pemakaian antarmuka lama')
      .and.include(`2 kali, terakhir ${today}`)
      .and.include(`boleh dipakai sampai ${daysLater(today, 30)}`);
  });

  it('counts by itself what it refuses, also after its day, so that nobody is overlooked who still tries', async () => {
    const ending = await createRelyingParty(app, {
      scope: 'openid profile',
      further: { bridge: { until: today, state_required: true } },
    });
    const { body } = await redeem(ending, await codeOf(ending));
    const refused = async (): Promise<number> =>
      (await app.store.bridgeUses.since(today, ending.id)).find(({ call }) => call === 'refused')?.uses ?? 0;
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => new Browser().open(addressOf(ending, {})),
      () => redeem(ending, 'x'),
      () => redeem({ ...ending, secret: 'salah' }, 'x'),
      () => post({ ...credentials(ending), grant_type: 'password' }),
      () => post({ client_id: ending.id, grant_type: 'refresh_token' }),
    ];
    for (const attempt of attempts) await attempt();
    expect(await refused()).to.equal(attempts.length);
    await change(ending, { until: daysLater(today, -1) });
    await new Browser().open(addressOf(ending));
    await redeem(ending, 'x');
    await me(body.access_token);
    expect(await refused()).to.equal(attempts.length + 3);
    expect(
      (await app.store.bridgeUses.since(today, ending.id)).find(({ call }) => call === 'tokens')?.uses,
      'what it served',
    ).to.equal(1);
  });

  it('takes so many wrong secrets of one client from one network, and the right one no more until the hour is over', async () => {
    const guessed = await createRelyingParty(app, { further: { bridge: { until: daysLater(today, 30) } } });
    const { points } = app.container.limits.bridge.secrets;
    const before = await app.container.knex('counters').select('key');
    expect((await redeem({ ...guessed, secret: 'salah' }, 'x')).status).to.equal(401);
    const keys = (await app.container.knex('counters').select('key')).filter(
      ({ key }: { key: string }) => !before.some((one: { key: string }) => one.key === key) && key.includes('bridge'),
    );
    expect(keys).to.have.length(1);
    await app.container
      .knex('counters')
      .whereIn(
        'key',
        keys.map(({ key }: { key: string }) => key),
      )
      .update({ points });
    const late = await redeem(guessed, 'x');
    expect(late).to.deep.include({ status: 429 });
    expect(late.body.error).to.equal('slow_down');
    expect((await redeem(old, 'x')).body.error, 'another client').to.equal('invalid_grant');
    app.clock.advance({ hours: 2 });
    expect((await redeem(guessed, 'x')).body.error).to.equal('invalid_grant');
  });

  it('begins on no day that has gone by; a registration whose day has come can still be changed', async () => {
    const clients = createClientService({ ...app.container, check: () => undefined });
    const wish = (until: string) => ({
      document: { client_name: 'Uji', type: 'web', redirect_uris: ['https://rp.test/cb'], bridge: { until } },
    });
    const [yesterday, now] = [
      daysLater(todayIn(app.config.identity.timeZone, app.clock.now()), -1),
      todayIn(app.config.identity.timeZone, app.clock.now()),
    ];
    expect(await clients.create([wish(yesterday)])).to.deep.equal({
      ok: false,
      refusal: { reason: 'client-metadata', problems: [{ field: 'bridge.until', what: 'must not lie in the past' }] },
    });
    const made = await clients.create([wish(now)]);
    const id = made.ok ? made.value[0]!.client.id : '';
    expect((await clients.update(id, { bridge: { until: yesterday } })).ok).to.equal(false);
    app.clock.advance({ days: 3 });
    expect((await clients.update(id, { contacts: ['tim@rp.test'] })).ok).to.equal(true);
  });

  describe('in a registration', () => {
    const of = (document: object): string[] => {
      const parsed = parseClientMetadata({
        client_name: 'Uji',
        type: 'web',
        redirect_uris: ['https://rp.test/cb'],
        bridge: { until: '2027-06-30' },
        ...document,
      });
      return parsed.ok ? [] : [...new Set(parsed.refusal.map(({ field }) => field))];
    };
    const cases: [string, object, string[]][] = [
      ['a day and no more', {}, []],
      ['a day that does not exist', { bridge: { until: '2027-02-30' } }, ['bridge.until']],
      ['no day', { bridge: {} }, ['bridge.until']],
      ['a public client', { type: 'spa' }, ['bridge']],
      [
        'a client that proves itself by a key',
        { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://rp.test/jwks' },
        ['bridge'],
      ],
      ['DPoP beside it', { dpop_bound_access_tokens: true }, ['dpop_bound_access_tokens']],
      [
        'pushed requests beside it',
        { require_pushed_authorization_requests: true },
        ['require_pushed_authorization_requests'],
      ],
    ];
    for (const [what, document, fields] of cases) {
      it(`${fields.length === 0 ? 'takes' : 'refuses'} ${what}`, () => {
        expect(of(document)).to.deep.equal(fields);
      });
    }
  });
});
