import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { compactDecrypt, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { createActivationMail } from '../../../src/admin/accounts/activation-mail.ts';
import { createAccountService } from '../../../src/admin/accounts/service.ts';
import { createSupport } from '../../../src/admin/accounts/support.ts';
import type { AccountId } from '../../../src/domain/account.ts';
import type { Reason } from '../../../src/domain/operator.ts';
import { createDeliver, type Delivery } from '../../../src/oidc/logout/deliver.ts';
import { createLogoutSender, type LogoutSender } from '../../../src/oidc/logout/sender.ts';
import { createOutboundFetch } from '../../../src/ports/outbound/outbound.ts';
import type { NoticeStatus } from '../../../src/store/logouts.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { startLogoutReceiver, withStatus, type LogoutReceiver } from '../../support/logout-receiver.ts';
import { atFinished } from '../../interaction/recovery/steps.ts';
import { createRelyingParty, visit, type RelyingParty } from '../../support/relying-party.ts';
import { exchange, obtainCode } from '../exchange.ts';

const reason = 'Perangkat hilang di terminal' as Reason;

describe('Logout notices', () => {
  let app: TestApp;
  let karir: LogoutReceiver;
  let skill: LogoutReceiver;
  let karirhub: RelyingParty;
  let skillhub: RelyingParty;
  let silent: RelyingParty;
  let citizen: Citizen;
  let accountId: AccountId;

  before(async () => {
    app = await startTestApp();
    [karir, skill] = await Promise.all([startLogoutReceiver(), startLogoutReceiver()]);
    karirhub = await createRelyingParty(app, {
      further: { backchannel_logout_uri: karir.uri, backchannel_logout_session_required: true },
    });
    skillhub = await createRelyingParty(app, {
      name: 'Skillhub (contoh)',
      further: { backchannel_logout_uri: skill.uri },
    });
    silent = await createRelyingParty(app, { name: 'Tanpa Alamat (contoh)' });
  });
  after(async () => {
    await app.close();
    await Promise.all([karir.close(), skill.close()]);
  });

  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
    for (const receiver of [karir, skill]) {
      receiver.tokens.length = 0;
      receiver.answer = withStatus(200);
    }
  });

  /** Signed in at all three services. */
  async function signedIn(): Promise<{ browser: Browser; idToken: string }> {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    const { idToken } = await karirhub.receive(await signIn(browser, page, citizen.nik, citizen.password), request);
    for (const service of [skillhub, silent]) await visit(browser, service);
    return { browser, idToken };
  }

  async function signOut(browser: Browser, idToken: string): Promise<Page> {
    const url = new URL(await karirhub.signOutUrl(idToken));
    url.searchParams.delete('post_logout_redirect_uri');
    return browser.submit(await browser.open(url), 'xsrf');
  }

  const notices = async (): Promise<readonly NoticeStatus[]> =>
    (await app.store.logouts.newest({ limit: 1000 })).filter((notice) => notice.accountId === accountId);
  const noticeTo = async ({ id }: RelyingParty): Promise<NoticeStatus | undefined> =>
    (await notices()).find(({ clientId }) => clientId === id);
  const announce = (): Promise<void> => app.store.logouts.announce(accountId, 'ended-by-operator', app.clock.now());
  const verify = async (token: string, { id }: RelyingParty) =>
    jwtVerify(token, createRemoteJWKSet(new URL('/jwks', app.url)), {
      issuer: app.url,
      audience: id,
      typ: 'logout+jwt',
      requiredClaims: ['iat', 'exp', 'jti'],
    });
  const sender = (): LogoutSender => {
    const { provider, signingKeys, store, audit, clock, random, log } = app.container;
    return createLogoutSender({
      deliver: createDeliver({
        signingKeys,
        provider,
        fetch: createOutboundFetch({ allow: [], loopback: true }),
        random,
      }),
      store,
      audit,
      clock,
      random,
      log,
    });
  };

  describe('of a sign-out', () => {
    it('reach each service that registered an address, signed, with the session it knows', async () => {
      const { browser, idToken } = await signedIn();
      await signOut(browser, idToken);
      await app.container.logouts.drain();

      expect(karir.tokens).to.have.length(1);
      const { payload } = await verify(karir.tokens[0]!, karirhub);
      expect(payload).to.deep.include({
        sub: accountId,
        sid: decodeJwt(idToken).sid,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      });
      expect(payload.exp! - payload.iat!).to.be.at.most(120);
      expect(payload).not.to.have.property('nonce');
      expect(decodeProtectedHeader(karir.tokens[0]!).alg).to.equal('ES256');
      expect((await verify(skill.tokens[0]!, skillhub)).payload, 'it never saw one').not.to.have.property('sid');
      expect((await notices()).map(({ state, reason }) => `${reason} ${state}`)).to.deep.equal([
        'sign-out delivered',
        'sign-out delivered',
      ]);
    });

    it('hold nobody up whose services are slow, and the page says who has not answered', async () => {
      let hanging: ServerResponse | undefined;
      skill.answer = (response) => {
        hanging = response;
      };
      const { browser, idToken } = await signedIn();
      const told = [karir.next(), skill.next()];
      const gone = await signOut(browser, idToken);
      expect(gone.status).to.equal(200);
      expect((await noticeTo(skillhub))?.state, 'still under way').to.equal('pending');
      await Promise.all(told);
      skill.answer = withStatus(204);
      hanging?.destroy();
      await app.container.logouts.drain();

      const partial = await browser.open(gone.link('Periksa lagi'));
      expect(partial.text).to.include(
        'Anda sudah keluar dari SIAPkerja, tetapi Skillhub (contoh) belum menjawab. Tutup jendela layanan itu.',
      );
      expect(partial.text).to.match(/Karirhub \(contoh\) · sudah keluar/);

      app.clock.advance({ seconds: 5 });
      await app.container.logouts.drain();
      const done = await browser.open(partial.link('Periksa lagi'));
      expect(done.text).not.to.include('belum menjawab');
      expect(done.text).to.match(/Skillhub \(contoh\) · sudah keluar/);
    });

    it('are told of to nobody but the browser that signed out, and not for long', async () => {
      const { browser, idToken } = await signedIn();
      const gone = await signOut(browser, idToken);
      expect(gone.text).to.include(skillhub.name);
      expect(gone.html).not.to.include(accountId);

      const address = `${app.url}/session/end/success`;
      const receipt = browser.cookie('signed-out')!;
      for (const cookie of [
        '',
        'signed-out=',
        'signed-out=AAAA',
        `signed-out=${receipt.slice(0, -2)}AA`,
        `signed-out=${app.container.random.uuid()}`,
      ]) {
        const answer = await fetch(address, { headers: { cookie } });
        expect(answer.status, cookie).to.equal(200);
        expect(await answer.text(), cookie).not.to.include(skillhub.name);
      }
      app.clock.advance({ minutes: 5 });
      expect((await browser.open(address)).text).not.to.include(skillhub.name);
    });

    it('are signed, sealed and about whom the service knows, as it registered', async () => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const further = {
        backchannel_logout_uri: skill.uri,
        subject_type: 'pairwise',
        id_token_signed_response_alg: 'EdDSA',
        id_token_encrypted_response_alg: 'ECDH-ES',
        jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'enc', use: 'enc', alg: 'ECDH-ES' }] },
      };
      const service = await createRelyingParty(app, { further });
      const open = async (sealed: unknown): Promise<string> =>
        Buffer.from((await compactDecrypt(String(sealed), privateKey)).plaintext).toString('utf8');

      const { code, request } = await obtainCode(service, citizen);
      const { body } = await exchange(app, service, { code, code_verifier: request.verifier });
      await announce();
      await app.container.logouts.drain();
      const token = await open(skill.tokens[0]);
      const { payload } = await verify(token, service);
      expect(decodeProtectedHeader(token).alg).to.equal('EdDSA');
      expect(payload.sub)
        .to.equal(decodeJwt(await open(body.id_token)).sub)
        .and.not.equal(accountId);
    });

    it('hold the session until they are stored: where one cannot be, the button can be pressed again', async () => {
      const { browser, idToken } = await signedIn();
      const question = await browser.open(await karirhub.signOutUrl(idToken));
      const logouts = app.store.logouts as {
        add: (...notice: Parameters<TestApp['store']['logouts']['add']>) => Promise<void>;
      };
      const add = logouts.add.bind(logouts);
      logouts.add = (notice, ...rest) =>
        notice.clientId === skillhub.id ? Promise.reject(new Error('the pool is exhausted')) : add(notice, ...rest);
      let refused: Page;
      try {
        refused = await browser.submit(question, 'xsrf');
      } finally {
        logouts.add = add;
      }
      expect(refused.status).to.equal(500);
      expect((await browser.open(app.url)).text, 'signed in still').to.include(citizen.name);
      expect((await app.store.audit.list({ accountId, type: 'sign-out.completed' })).length).to.equal(0);

      expect((await browser.submit(question, 'xsrf')).url.href).to.equal(`${karirhub.origin}/bye`);
      await app.container.logouts.drain();
      expect(skill.tokens).to.have.length(1);
      expect(karir.tokens.length, 'one too many is harmless').to.be.within(1, 2);
      expect((await browser.open(app.url)).text).not.to.include(citizen.name);
    });

    it('come about neither by asking nor by a forged confirmation', async () => {
      const { browser, idToken } = await signedIn();
      await browser.open(await karirhub.signOutUrl(idToken));
      await browser.request(`${app.url}/session/end/confirm`, {
        method: 'POST',
        body: new URLSearchParams({ logout: 'yes', xsrf: 'x'.repeat(48) }),
      });
      expect(await notices()).to.deep.equal([]);
    });
  });

  describe('of all sessions', () => {
    it('go without a session to every service the person has signed in to, when an operator suspends or ends them', async () => {
      const accounts = createAccountService(app.container);
      const support = createSupport({
        ...app.container,
        recoveries: { settleOf: () => Promise.resolve() },
        accounts,
        activationMail: createActivationMail(app.container),
      });
      const { browser } = await signedIn();
      await support.endSessions((await accounts.find({ sub: accountId }))!, reason, {
        kind: 'client',
        clientId: 'mesin',
      });
      await app.container.logouts.drain();
      for (const [receiver, service] of [
        [karir, karirhub],
        [skill, skillhub],
      ] as const) {
        const { payload } = await verify(receiver.tokens[0]!, service);
        expect(payload.sub).to.equal(accountId);
        expect(payload).not.to.have.property('sid');
      }
      expect((await browser.open(app.url)).text).not.to.include(citizen.name);

      await accounts.setStatus({ sub: accountId }, 'suspended');
      await accounts.setStatus({ sub: accountId }, 'suspended');
      await app.container.logouts.drain();
      expect(karir.tokens, 'once for each').to.have.length(2);
      expect((await notices()).map(({ reason }) => reason).sort()).to.deep.equal([
        'ended-by-operator',
        'ended-by-operator',
        'suspended',
        'suspended',
      ]);
      expect(await accounts.endSessions({ sub: 'tiada' }, reason)).to.deep.equal({
        ok: false,
        refusal: 'account-unknown',
      });
    });

    it('go out as soon as the password is recovered', async () => {
      await signedIn();
      const told = [karir.next(), skill.next()];
      await atFinished(app, citizen.nik, citizen.phone, 'Perahu-Layar9!');
      for (const token of await Promise.all(told))
        expect(decodeJwt(token)).to.include({ sub: accountId }).and.not.to.have.property('sid');
      expect(new Set((await notices()).map(({ reason }) => reason))).to.deep.equal(new Set(['recovery']));
    });

    it('bring no session back to life when a suspended person is reinstated', async () => {
      const accounts = createAccountService(app.container);
      const { browser } = await signedIn();
      await accounts.setStatus({ sub: accountId }, 'suspended');
      await accounts.setStatus({ sub: accountId }, 'active');
      expect((await browser.open(app.url)).text).not.to.include(citizen.name);
    });

    it('are stored with their change or not at all', async () => {
      await signedIn();
      const broken = createAccountService({
        ...app.container,
        audit: { ...app.container.audit, record: () => Promise.reject(new Error('the process ends here')) },
      });
      await broken.endSessions({ sub: accountId }, reason).catch(() => undefined);
      expect(await notices()).to.deep.equal([]);
    });

    it('go to no service that the person has never signed in to, or that is stopped', async () => {
      await announce();
      expect(await notices()).to.deep.equal([]);

      await signedIn();
      await app.store.clients.update(skillhub.id, { status: 'disabled' }, app.clock.now());
      app.clock.advance({ seconds: 3 });
      await announce();
      expect((await notices()).map(({ clientId }) => clientId)).to.deep.equal([karirhub.id]);
      await app.container.logouts.drain();
      await app.store.clients.update(skillhub.id, { status: 'active' }, app.clock.now());
      app.clock.advance({ seconds: 3 });
    });

    it('are dropped where the service is stopped before it is told', async () => {
      skill.answer = withStatus(503);
      await signedIn();
      await announce();
      await app.container.logouts.drain();
      await app.store.clients.update(skillhub.id, { status: 'disabled' }, app.clock.now());
      app.clock.advance({ seconds: 6 });
      await app.container.logouts.drain();
      expect((await noticeTo(skillhub))?.state).to.equal('dropped');
      expect(skill.tokens).to.have.length(1);
      await app.store.clients.update(skillhub.id, { status: 'active' }, app.clock.now());
      app.clock.advance({ seconds: 3 });
    });
  });

  describe('that do not arrive', () => {
    beforeEach(async () => {
      await signedIn();
    });

    it('are tried again with a fresh token, with growing waits for a day, then given up for everybody to see', async () => {
      skill.answer = withStatus(503);
      await announce();
      await app.container.logouts.drain();
      const waits: number[] = [];
      for (let notice = (await noticeTo(skillhub))!; notice.state === 'pending'; notice = (await noticeTo(skillhub))!) {
        expect(notice.lastError).to.equal('http-503');
        const seconds = Math.ceil((notice.nextAttemptAt.getTime() - app.clock.now().getTime()) / 1000);
        waits.push(seconds);
        app.clock.advance({ seconds });
        await app.container.logouts.drain();
      }
      expect(waits).to.deep.equal([...waits].sort((a, b) => a - b));
      expect(waits.reduce((sum, wait) => sum + wait, 0)).to.be.within(20 * 3600, 24 * 3600);
      expect(new Set(skill.tokens.map((token) => decodeJwt(token).jti)).size).to.equal(waits.length + 1);
      expect(karir.tokens, 'the other was told once').to.have.length(1);
      expect((await noticeTo(skillhub))?.state).to.equal('given-up');
      const [event] = await app.store.audit.list({ accountId, type: 'logout.given-up' });
      expect(event).to.deep.include({
        clientId: skillhub.id,
        details: { reason: 'ended-by-operator', attempts: waits.length + 1, error: 'http-503' },
      });
    });

    it('are given up soon where the service refuses them', async () => {
      skill.answer = withStatus(400);
      await announce();
      for (let round = 0; round < 4; round += 1) {
        await app.container.logouts.drain();
        app.clock.advance({ hours: 1 });
      }
      expect(skill.tokens).to.have.length(3);
      expect(await noticeTo(skillhub)).to.deep.include({ state: 'given-up', lastError: 'http-400', attempts: 3 });
    });

    it('follow no redirect', async () => {
      skill.answer = withStatus(302, { location: karir.uri });
      await announce();
      await app.container.logouts.drain();
      expect(await noticeTo(skillhub)).to.deep.include({ state: 'pending', lastError: 'redirect' });
      expect(karir.tokens.map((token) => decodeJwt(token).aud)).to.deep.equal([karirhub.id]);
    });

    const deliver = ({ loopback = true, signal = AbortSignal.timeout(5000) } = {}): Promise<Delivery> => {
      const { provider, signingKeys, random } = app.container;
      const notice = {
        id: '',
        accountId,
        clientId: skillhub.id,
        sid: undefined,
        reason: 'suspended',
        attempts: 1,
        leaseOwner: '',
      } as const;
      return createDeliver({ signingKeys, provider, fetch: createOutboundFetch({ allow: [], loopback }), random })(
        notice,
        signal,
      );
    };

    it('enter no private address space', async () => {
      expect(await deliver({ loopback: false })).to.deep.equal({ error: 'address-refused', refused: false });
      expect(skill.tokens).to.deep.equal([]);
    });

    it('wait for no answer without end', async () => {
      skill.answer = () => undefined;
      expect(await deliver({ signal: AbortSignal.timeout(100) })).to.deep.equal({ error: 'timeout', refused: false });
    });

    it('read no answer without end: the status is enough', async () => {
      const closed = new Promise((resolve) => {
        skill.answer = (response) => {
          response.writeHead(200);
          const fill = (): void => {
            while (response.write('x'.repeat(65_536)));
          };
          response.on('drain', fill);
          fill();
          resolve(once(response, 'close'));
        };
      });
      expect(await deliver()).to.equal('delivered');
      await closed;
    });
  });

  it('of many instances arrive once', async () => {
    await signedIn();
    const others = [sender(), sender()];
    await announce();
    await Promise.all([app.container.logouts, ...others].map((one) => one.drain()));
    await Promise.all(others.map((one) => one.close()));
    await app.container.logouts.drain();
    expect([karir.tokens.length, skill.tokens.length]).to.deep.equal([1, 1]);
  });

  it('survive the process that has taken them and dies', async () => {
    await signedIn();
    await app.container.logouts.drain();
    await announce();
    // Taken here, if the server was not faster, and never settled.
    const taken = await app.store.logouts.claim({
      now: app.clock.now(),
      leaseSeconds: 60,
      leaseOwner: app.container.random.uuid(),
      limit: 100,
      share: 100,
      single: [],
      without: [],
    });
    await app.container.logouts.drain();
    expect(karir.tokens.length).to.equal(taken.some(({ clientId }) => clientId === karirhub.id) ? 0 : 1);
    // By the clock of the database, which no test moves.
    await app.container.knex.raw("update logout_notices set leased_until = leased_until - interval '60 seconds'");
    await app.container.logouts.drain();
    expect([karir.tokens.length, skill.tokens.length]).to.deep.equal([1, 1]);
  });

  it('are forgotten when they have long been done with', async () => {
    await signedIn();
    await announce();
    await app.container.logouts.drain();
    expect(await app.store.logouts.purge(app.clock.now(), 1000)).to.be.at.least(2);
    expect(await notices()).to.deep.equal([]);
  });

  it('rest on visits that are written once an hour, however often single sign-on repeats them', async () => {
    const visits = () =>
      app.container
        .knex('service_visits')
        .where({ account_id: accountId, client_id: karirhub.id })
        .select<{ last_sign_in_at: Date }[]>('last_sign_in_at');
    const first = app.clock.now();
    await app.store.logouts.visit(accountId, karirhub.id, first);
    const later = (minutes: number): Date => new Date(first.getTime() + minutes * 60_000);
    await app.store.logouts.visit(accountId, karirhub.id, later(59));
    expect(await visits()).to.deep.equal([{ last_sign_in_at: first }]);
    await app.store.logouts.visit(accountId, karirhub.id, later(61));
    expect(await visits()).to.deep.equal([{ last_sign_in_at: later(61) }]);
  });
});
