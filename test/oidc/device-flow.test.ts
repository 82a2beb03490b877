import { expect } from 'chai';
import * as client from 'openid-client';
import { createApiService } from '../../src/admin/apis/service.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { goOn, register, signIn } from '../support/journeys.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const letters = 'https://api.surat.test/';
const jobs = 'https://api.karirhub.test/';

describe('Protocol: a device without a keyboard of its own', () => {
  let app: TestApp;
  let kiosk: client.Configuration;
  let citizen: Citizen;
  let accountId: AccountId;
  let browser: Browser;

  before(async () => {
    app = await startTestApp();
    const resources = { [letters]: ['surat:baca'], [jobs]: ['lamaran:baca'] };
    const means = { id: 'Membaca surat Anda di anjungan', en: 'Reading your letters at the kiosk' };
    for (const [identifier, [name = '']] of Object.entries(resources)) {
      const format = identifier === letters ? 'opaque' : 'jwt';
      const api = { identifier, name: `API ${name}`, scopes: [{ name, means }], token_format: format };
      expect(await createApiService(app.container).create(api)).to.include({ ok: true });
    }
    for (const [clientId, further] of [
      ['kiosk', []],
      ['kiosk-lama', ['refresh_token']],
    ] as const) {
      await app.addClient({
        type: 'native',
        metadata: {
          client_id: clientId,
          client_name: 'Anjungan Disnaker (contoh)',
          application_type: 'native',
          redirect_uris: [],
          response_types: [],
          grant_types: [DEVICE_GRANT, ...further],
          token_endpoint_auth_method: 'none',
          scope: 'openid profile',
          resources,
        },
      });
    }
    kiosk = await discover('kiosk');
  });
  after(() => app.close());
  beforeEach(async () => {
    await app.database.knex('counters').del();
    citizen = somebody();
    accountId = await addAccount(app, citizen);
    browser = new Browser();
  });

  const discover = (clientId: string): Promise<client.Configuration> =>
    client.discovery(new URL(app.url), clientId, { id_token_signed_response_alg: 'ES256' }, client.None(), {
      execute: [client.allowInsecureRequests],
    });
  const ask = async (
    clientId = 'kiosk',
    asked: Readonly<Record<string, string>> = { scope: 'openid profile' },
  ): Promise<client.DeviceAuthorizationResponse> =>
    client.initiateDeviceAuthorization(clientId === 'kiosk' ? kiosk : await discover(clientId), { ...asked });
  const poll = async (
    { device_code }: { device_code: string },
    clientId = 'kiosk',
    asked: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${app.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: DEVICE_GRANT, device_code, client_id: clientId, ...asked }),
    });
    return (await answer.json()) as Record<string, unknown>;
  };
  const type = async (code: string, by = browser): Promise<Page> =>
    by.submit(await by.open(`${app.url}/device`), 'user_code', { user_code: code });
  const press = (page: Page, button: 'confirm' | 'abort', by = browser): Promise<Page> =>
    by.submit(page, 'user_code', { [button]: 'yes' });

  it('signs in on the phone what stands at the kiosk', async () => {
    const device = await ask();
    expect(device.user_code).to.match(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(device.verification_uri).to.equal(`${app.url}/device`);
    expect(await poll(device)).to.deep.include({ error: 'authorization_pending' });

    const compare = await type(device.user_code.toLowerCase().replace('-', ' '));
    expect(compare.text)
      .to.include(device.user_code)
      .and.include('Anjungan Disnaker (contoh)')
      .and.include('Jangan lanjutkan');
    const login = await press(compare, 'confirm');
    expect(login.url.pathname).to.match(/^\/interaction\/[\w-]+\/login$/);
    const linked = await signIn(browser, login, citizen.nik, citizen.password);
    expect(linked.status).to.equal(200);
    expect(linked.text).to.include('Perangkat sudah masuk').and.include('Anjungan Disnaker (contoh)');

    const tokens = await client.pollDeviceAuthorizationGrant(kiosk, { ...device, interval: 0.001 });
    expect(tokens.claims()?.sub).to.equal(accountId);
    expect(await client.fetchUserInfo(kiosk, tokens.access_token, accountId)).to.deep.include({ name: citizen.name });
    expect(await poll(device), 'the device code works once').to.deep.include({ error: 'invalid_grant' });
  });

  it('registers who has no account, on the way', async () => {
    const device = await ask();
    const login = await press(await type(device.user_code), 'confirm');
    const finished = await register(app, browser, await browser.open(login.link('Daftar Sekarang')), somebody());
    expect(finished.text).to.include('Anjungan Disnaker (contoh)');
    const linked = await goOn(browser, finished);
    expect(linked.text).to.include('Perangkat sudah masuk');
    expect(await poll(device)).to.have.property('id_token');
  });

  it('asks nothing more of who has signed in on the phone, except to compare the code', async () => {
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    const device = await ask();
    const filled = await browser.open(device.verification_uri_complete!);
    expect(filled.form('user_code').fields.user_code, 'from the address into the field').to.equal(device.user_code);
    const compare = await browser.submit(filled, 'user_code', {});
    expect(await poll(device), 'nothing happens by the address alone').to.deep.include({
      error: 'authorization_pending',
    });
    expect((await press(compare, 'confirm')).text).to.include('Perangkat sudah masuk');
    expect(await poll(device)).to.have.property('access_token');
  });

  it('leaves behind no session that lives for weeks where somebody merely opens its page; one of a person does', async () => {
    const livesFor = async (): Promise<number> => {
      const { rows } = await app.database.knex.raw<{ rows: { seconds: number }[] }>(
        "select extract(epoch from max(expires_at) - now())::int as seconds from protocol_state where model = 'Session'",
      );
      return rows[0]!.seconds;
    };
    await app.database.knex('protocol_state').where('model', 'Session').del();
    const page = await browser.open(`${app.url}/device`);
    expect(page.form('user_code').fields).to.have.property('xsrf');
    expect(await livesFor()).to.be.within(3000, 3600);
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    expect(await livesFor()).to.be.within(1_209_000, 1_209_600);
    await browser.open(`${app.url}/device`);
    expect(await livesFor(), 'also where they open it').to.be.within(1_209_000, 1_209_600);
  });

  it('tells the device when the person declines, before or at the sign-in', async () => {
    const device = await ask();
    const declined = await press(await type(device.user_code), 'abort');
    expect(declined.text).to.include('Perangkat tidak dihubungkan');
    expect(await poll(device)).to.deep.include({ error: 'access_denied' });

    const other = await ask();
    const login = await press(await type(other.user_code), 'confirm');
    expect((await browser.open(login.link('Kembali ke'))).text).to.include('Perangkat tidak dihubungkan');
    expect(await poll(other)).to.deep.include({ error: 'access_denied' });
  });

  it('tells the device when the person declines at the end of a registration', async () => {
    const device = await ask();
    const login = await press(await type(device.user_code), 'confirm');
    const finished = await register(app, browser, await browser.open(login.link('Daftar Sekarang')), somebody());
    expect((await browser.submit(finished, 'register/decline')).text).to.include('Perangkat tidak dihubungkan');
    expect(await poll(device)).to.deep.include({ error: 'access_denied' });
  });

  it('says what is wrong with a code, and leads on', async () => {
    const device = await ask();
    const problem = async (code: string): Promise<string> => {
      const page = await browser.post(await browser.open(`${app.url}/device`), 'user_code', { user_code: code });
      expect(page.status).to.equal(422);
      expect(page.form('user_code').fields.user_code).to.equal(code);
      return page.text;
    };
    expect(await problem('')).to.include('Isi kode yang tampil');
    expect(await problem('BBBB-BBBB')).to.include('Kode ini tidak dikenal');
    await press(await type(device.user_code), 'confirm');
    browser = new Browser();
    expect(await problem(device.user_code)).to.include('sudah pernah dipakai');
  });

  describe('that was confirmed, and of which nothing came,', () => {
    const FAILS = 'no room for the code of a device';
    async function whileCodesCannotBeWritten<T>(work: () => Promise<T>, model = 'DeviceCode'): Promise<T> {
      const { knex } = app.database;
      await knex.raw(
        `create function refuse_codes() returns trigger language plpgsql as $$ begin raise exception '${FAILS}' using errcode = '53100'; end $$`,
      );
      await knex.raw(
        `create trigger refuse_codes before insert or update on protocol_state for each row when (new.model = '${model}') execute function refuse_codes()`,
      );
      try {
        return await work();
      } finally {
        await knex.raw('drop trigger refuse_codes on protocol_state');
        await knex.raw('drop function refuse_codes()');
      }
    }
    const signedIn = (page: Page): Promise<Page> =>
      page.url.pathname.endsWith('/login')
        ? signIn(browser, page, citizen.nik, citizen.password)
        : Promise.resolve(page);

    it('is confirmed again in the same browser, and in no other', async () => {
      const device = await ask();
      const left = await press(await type(device.user_code), 'confirm');
      expect((await type(device.user_code, new Browser())).text).to.include('sudah pernah dipakai');
      const again = await type(device.user_code);
      expect(again.text).to.include('Cocokkan kode');
      expect((await signedIn(await press(again, 'confirm'))).text).to.include('Perangkat sudah masuk');
      expect((await client.pollDeviceAuthorizationGrant(kiosk, { ...device, interval: 0.001 })).claims()?.sub).to.equal(
        accountId,
      );
      expect(
        (await signIn(browser, await browser.open(left.url), citizen.nik, citizen.password)).text,
        'who finds the page that was left',
      ).to.include('Perangkat sudah masuk');
    });

    it('is declined by who had confirmed it before', async () => {
      const device = await ask();
      await press(await type(device.user_code), 'confirm');
      expect((await press(await type(device.user_code), 'abort')).text).to.include('Perangkat tidak dihubungkan');
      expect(await poll(device)).to.deep.include({ error: 'access_denied' });
      expect((await type(device.user_code)).text).to.include('sudah pernah dipakai');
    });

    it('is not lost where the press could not be written down: the device waits, and the person confirms again', async () => {
      const device = await ask();
      const compare = await type(device.user_code);
      expect((await whileCodesCannotBeWritten(() => press(compare, 'confirm'))).status).to.be.at.least(500);
      expect(await poll(device)).to.deep.include({ error: 'authorization_pending' });
      expect((await signedIn(await press(await type(device.user_code), 'confirm'))).text).to.include(
        'Perangkat sudah masuk',
      );
      expect(await poll(device)).to.have.property('access_token');
    });

    it('is not lost where the sign-in could not be written down', async () => {
      const device = await ask();
      const login = await press(await type(device.user_code), 'confirm');
      expect(
        (await whileCodesCannotBeWritten(() => signIn(browser, login, citizen.nik, citizen.password))).status,
      ).to.be.at.least(500);
      expect(await poll(device)).to.deep.include({ error: 'authorization_pending' });
      expect((await signedIn(await press(await type(device.user_code), 'confirm'))).text).to.include(
        'Perangkat sudah masuk',
      );
      expect(await poll(device)).to.have.property('access_token');
    });

    it('is declined by the next press where the one before could not be written down', async () => {
      const device = await ask();
      await press(await type(device.user_code), 'confirm');
      const compare = await type(device.user_code);
      expect((await whileCodesCannotBeWritten(() => press(compare, 'abort'))).status).to.be.at.least(500);
      expect(await poll(device)).to.deep.include({ error: 'authorization_pending' });
      expect((await press(await type(device.user_code), 'abort')).text).to.include('Perangkat tidak dihubungkan');
      expect(await poll(device)).to.deep.include({ error: 'access_denied' });
    });

    for (const [clientId, kinds] of [
      ['kiosk', ['AccessToken']],
      ['kiosk-lama', ['AccessToken', 'RefreshToken']],
    ] as const) {
      it(`gives its tokens to the device that asks again where they could not be written, once (${clientId})`, async () => {
        const device = await ask(clientId);
        expect((await signedIn(await press(await type(device.user_code), 'confirm'))).text).to.include(
          'Perangkat sudah masuk',
        );
        for (const kind of kinds)
          expect(await whileCodesCannotBeWritten(() => poll(device, clientId), kind), kind)
            .to.include({ error: 'temporarily_unavailable' })
            .and.not.to.have.any.keys('access_token', 'refresh_token');
        expect(await poll(device, clientId)).to.include.keys('access_token', 'id_token');
        expect(await poll(device, clientId), 'the code works once').to.include({ error: 'invalid_grant' });
      });
    }

    it('gives its token for an API to the device that asks again where it could not be written, once', async () => {
      const asked = { scope: 'openid surat:baca', resource: letters };
      const device = await ask('kiosk', asked);
      expect((await signedIn(await press(await type(device.user_code), 'confirm'))).text).to.include(
        'Perangkat sudah masuk',
      );
      const again = (): Promise<Record<string, unknown>> => poll(device, 'kiosk', { resource: letters });
      expect(await whileCodesCannotBeWritten(again, 'AccessToken'))
        .to.include({ error: 'temporarily_unavailable' })
        .and.not.to.have.property('access_token');
      expect(await again()).to.include({ scope: 'surat:baca', token_type: 'Bearer' });
      expect(await again(), 'the code works once').to.include({ error: 'invalid_grant' });
    });

    it('gives one that is written nowhere once, and where its use cannot be written at the next time', async () => {
      const device = await ask('kiosk', { scope: 'openid lamaran:baca', resource: jobs });
      expect((await signedIn(await press(await type(device.user_code), 'confirm'))).text).to.include(
        'Perangkat sudah masuk',
      );
      const again = (): Promise<Record<string, unknown>> => poll(device, 'kiosk', { resource: jobs });
      expect(await whileCodesCannotBeWritten(again))
        .to.include({ error: 'temporarily_unavailable' })
        .and.not.to.have.property('access_token');
      const answers = [await again(), await again()];
      expect(String(answers[0]?.access_token).split('.'), 'a JWT').to.have.length(3);
      expect(answers[1], 'the code works once').to.include({ error: 'invalid_grant' });
    });

    it('gives tokens to one of two who ask at the same moment, and to nobody for long', async () => {
      const device = await ask();
      expect((await signedIn(await press(await type(device.user_code), 'confirm'))).text).to.include(
        'Perangkat sudah masuk',
      );
      const answers = await Promise.all([poll(device), poll(device), poll(device)]);
      expect(answers.filter((answer) => 'access_token' in answer)).to.have.length.at.most(1);
      expect(answers.filter(({ error }) => error === 'invalid_grant')).to.have.length.at.least(2);
    });

    it('is led on to one sign-in by several presses, each of which can be gone on with', async () => {
      const device = await ask();
      const compare = await type(device.user_code);
      const pages = await Promise.all([1, 2, 3].map(() => press(compare, 'confirm')));
      for (const page of pages)
        expect(page.url.pathname.endsWith('/login') || page.text.includes('Lanjut'), page.text.slice(0, 200)).to.equal(
          true,
        );
      expect((await signedIn(await press(await type(device.user_code), 'confirm'))).text).to.include(
        'Perangkat sudah masuk',
      );
      expect(await poll(device)).to.have.property('access_token');
    });
  });

  it('takes a code for ten minutes', async () => {
    const device = await ask();
    expect(device.expires_in).to.equal(600);
    const { knex } = app.database;
    expect(
      await knex('protocol_state')
        .where({ model: 'DeviceCode' })
        .where('expires_at', '>', new Date(Date.now() + 601_000))
        .select('id'),
    ).to.deep.equal([]);
  });

  it('slows down who guesses codes, and nobody who has one', async () => {
    for (let count = 0; count < 12; count += 1) {
      const device = await ask();
      expect((await press(await type(device.user_code), 'abort')).status).to.equal(200);
    }
    for (let count = 0; count < 10; count += 1) await type(`BBBB-BBB${'BCDFGHJKLM'[count]!}`);
    const device = await ask();
    const refused = await type(device.user_code);
    expect(refused.status).to.equal(429);
    expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(0);
    const { xsrf = '' } = (await browser.open(`${app.url}/device`)).form('user_code').fields;
    for (const path of ['/DEVICE', '/device/', '/Device/']) {
      const sideways = await browser.request(`${app.url}${path}`, {
        method: 'POST',
        body: new URLSearchParams({ xsrf, user_code: device.user_code }),
      });
      expect(sideways.status, path).to.equal(404);
    }
    expect((await type(device.user_code, new Browser())).text, 'on another phone').to.include('Cocokkan kode');
  });

  it('takes nothing from another site, nor for another person', async () => {
    const device = await ask();
    const fields = { user_code: device.user_code, confirm: 'yes' };
    const withoutSession = await new Browser().request(`${app.url}/device`, {
      method: 'POST',
      body: new URLSearchParams(fields),
    });
    expect(withoutSession.status).to.equal(403);
    expect(withoutSession.text).to.include('Aktifkan cookie');
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    for (const xsrf of [{}, { xsrf: 'x'.repeat(48) }])
      expect(
        (
          await browser.request(`${app.url}/device`, {
            method: 'POST',
            body: new URLSearchParams({ ...fields, ...xsrf }),
          })
        ).status,
      ).to.equal(422);
    expect(await poll(device)).to.deep.include({ error: 'authorization_pending' });

    const owner = new Browser();
    const login = await press(await type(device.user_code, owner), 'confirm', owner);
    const stranger = new Browser();
    expect((await stranger.open(login.url)).status, 'the sign-in of another browser').to.equal(403);
    expect((await type(device.user_code, stranger)).text).to.include('sudah pernah dipakai');
  });

  it('lets nobody sign in for a device whose code they have not compared: not by a sign-in that a thief began for his own and planted', async () => {
    const [device, thief] = [await ask(), new Browser()];
    const login = await press(await type(device.user_code, thief), 'confirm', thief);
    const person = new Browser();
    await person.open(app.url);
    person.plant(thief);
    const page = await person.open(login.url);
    expect([page.status, page.text.includes('peramban lain')], page.text).to.deep.equal([403, true]);
    const form = await person.post(login, 'identifier', { identifier: citizen.nik, password: citizen.password });
    expect(form.status).to.equal(403);
    expect(await poll(device)).to.deep.include({ error: 'authorization_pending' });
    expect((await signIn(thief, login, citizen.nik, citizen.password)).text, 'who has compared it goes on').to.include(
      'Perangkat sudah masuk',
    );
  });

  it('is linked to one of two people who confirm at the same moment, and nobody else is told that it is theirs', async () => {
    for (let round = 0; round < 6; round += 1) {
      const people = await Promise.all(
        [1, 2, 3].map(async () => {
          const [person, phone] = [somebody(), new Browser()];
          const id = await addAccount(app, person);
          await signIn(phone, await phone.open(`${app.url}/portal/sign-in`), person.nik, person.password);
          return { id, phone };
        }),
      );
      const device = await ask();
      const pages = await Promise.all(people.map(({ phone }) => type(device.user_code, phone)));
      const ends = await Promise.all(people.map(({ phone }, at) => press(pages[at]!, 'confirm', phone)));
      const told = people.filter((_, at) => ends[at]!.text.includes('Perangkat sudah masuk'));
      expect(told, ends.map(({ text }) => text.slice(0, 300)).join('\n')).to.have.length(1);
      for (const end of ends)
        if (!end.text.includes('Perangkat sudah masuk')) expect(end.text).to.include('sudah pernah dipakai');
      const tokens = await client.pollDeviceAuthorizationGrant(kiosk, { ...device, interval: 0.001 });
      expect(tokens.claims()?.sub, `round ${round}`).to.equal(told[0]!.id);
    }
  });

  it('says the same to each press of a button', async () => {
    const device = await ask();
    const compare = await type(device.user_code);
    const refused = await Promise.all([1, 2, 3].map(() => press(compare, 'abort')));
    for (const page of [...refused, await press(compare, 'abort')])
      expect(page.text).to.include('Perangkat tidak dihubungkan');

    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    const other = await ask();
    const again = await type(other.user_code);
    const linked = await Promise.all([1, 2, 3].map(() => press(again, 'confirm')));
    for (const page of [...linked, await type(other.user_code)])
      expect(page.text, page.text.slice(0, 300)).to.include('Perangkat sudah masuk');
    expect(await poll(other)).to.have.property('access_token');
  });

  it('leads a browser that lost its session back to the page that explains', async () => {
    const login = await press(await type((await ask()).user_code), 'confirm');
    const uid = /interaction\/([\w-]+)/.exec(login.url.pathname)![1]!;
    const explained = await new Browser().open(`${app.url}/device/${uid}`);
    expect(explained.url.pathname).to.equal(`/interaction/${uid}`);
    expect(explained.status).to.equal(403);
    expect((await new Browser().open(`${app.url}/device/auth`)).status).to.equal(404);
  });

  it('ends with the session of the person', async () => {
    const device = await ask();
    await signIn(browser, await press(await type(device.user_code), 'confirm'), citizen.nik, citizen.password);
    const { access_token: token } = await poll(device);
    const me = async (): Promise<number> =>
      (await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${String(token)}` } })).status;
    expect(await me()).to.equal(200);
    await browser.submit(await browser.open(`${app.url}/session/end`), 'logout', {});
    expect(await me()).to.equal(401);
  });

  it('is for clients that registered for it', async () => {
    await app.addClient({
      metadata: {
        client_id: 'web-saja',
        client_name: 'Web',
        redirect_uris: ['https://web-saja.test/cb'],
        token_endpoint_auth_method: 'none',
      },
      type: 'spa',
    });
    const answer = await fetch(`${app.url}/device/auth`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'web-saja', scope: 'openid' }),
    });
    expect(answer.status).to.equal(400);
    expect(((await answer.json()) as { error_description: string }).error_description).to.include('not allowed');
  });
});
