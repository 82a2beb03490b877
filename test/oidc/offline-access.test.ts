import { expect } from 'chai';
import { createAccountService } from '../../src/admin/accounts/service.ts';
import { parseClientMetadata } from '../../src/admin/clients/forms.ts';
import type { AccountId } from '../../src/domain/account.ts';
import type { Reason } from '../../src/domain/operator.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { nextSecond } from '../../src/domain/session.ts';
import { holderOf } from '../../src/oidc/state/holder.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange, postAs, userinfo, type Answer } from './exchange.ts';

const scope = 'openid profile offline_access';

describe('Protocol: access while the person is away', () => {
  let app: TestApp;
  let citizen: Citizen;
  let accountId: AccountId;
  let service: RelyingParty;
  let browser: Browser;

  before(async () => {
    app = await startTestApp();
    service = await createRelyingParty(app, {
      scope,
      further: { grant_types: ['authorization_code', 'refresh_token'] },
    });
  });
  after(() => app.close());
  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
    browser = new Browser();
  });

  /** Up to the tokens: the page that asks or tells is always shown. */
  async function tokens(
    by = service,
    parameters: Readonly<Record<string, string>> = { prompt: 'consent' },
  ): Promise<{ body: Answer['body']; question: Page }> {
    const { page, request } = await visit(browser, by, parameters);
    const question = page.url.pathname.endsWith('/login')
      ? await signIn(browser, page, citizen.nik, citizen.password)
      : page;
    const home = question.url.pathname.endsWith('/consent') ? await browser.submit(question, 'sharing') : question;
    const { body } = await exchange(app, by, {
      code: home.url.searchParams.get('code') ?? '',
      code_verifier: request.verifier,
    });
    return { body, question };
  }
  const refresh = (token: unknown, by = service): Promise<Answer> =>
    postAs(app, '/token', { grant_type: 'refresh_token', refresh_token: String(token) }, by);
  const signOut = async (): Promise<void> => {
    await app.database.knex('protocol_state').where('model', 'Session').del();
  };

  it('is told to the person, listed, and goes on when the session has ended', async () => {
    const { body, question } = await tokens();
    expect(question.url.pathname).to.match(/\/consent$/);
    expect(question.text)
      .to.include('saat Anda sedang tidak menggunakan layanan')
      .and.include('Berlaku juga setelah Anda keluar');
    expect(body.scope).to.equal(scope);
    expect((await browser.open(`${app.url}/account/services`)).text).to.include(
      'saat Anda sedang tidak menggunakan layanan',
    );
    await signOut();
    const next = await refresh(body.refresh_token);
    expect(next.status, JSON.stringify(next.body)).to.equal(200);
    expect((await userinfo(app, next.body.access_token)).body).to.include({ name: citizen.name });
    expect((await refresh(body.refresh_token)).body.error, 'once each').to.equal('invalid_grant');
    expect((await refresh(next.body.refresh_token)).body.error, 'and then the whole family ends').to.equal(
      'invalid_grant',
    );
  });

  it('survives the sign-out that the person makes at the service', async () => {
    const { body } = await tokens();
    const page = await browser.open(await service.signOutUrl(String(body.id_token)));
    await browser.submit(page, 'logout');
    expect((await refresh(body.refresh_token)).status).to.equal(200);
  });

  it('is left out without prompt=consent: the refresh token ends with the session', async () => {
    const { body } = await tokens(service, {});
    expect(body.scope).to.equal('openid profile');
    await signOut();
    expect((await refresh(body.refresh_token)).body.error).to.equal('invalid_grant');
  });

  it('is refused to a service that is not registered for it', async () => {
    const plain = await createRelyingParty(app, { further: { grant_types: ['authorization_code', 'refresh_token'] } });
    const { page } = await visit(browser, plain, { scope, prompt: 'consent' });
    expect(page.url.searchParams.get('error')).to.equal('invalid_scope');
  });

  it('is asked for by a service of somebody else, and granted to nobody who presses "not now"', async () => {
    const guest = await createRelyingParty(app, {
      scope,
      further: { first_party: false, grant_types: ['authorization_code', 'refresh_token'] },
    });
    const { page } = await visit(browser, guest, { prompt: 'consent' });
    const question = await signIn(browser, page, citizen.nik, citizen.password);
    expect(question.text).to.include('saat Anda sedang tidak menggunakan layanan');
    const home = await browser.submit(question, 'consent/decline');
    expect(home.url.searchParams.get('error')).to.equal('access_denied');
    expect(await app.store.consents.standing(accountId, guest.id)).to.deep.equal([]);
  });

  it('takes nothing from a service by asking: what it has in this session goes on until the person has agreed', async () => {
    const guest = await createRelyingParty(app, {
      scope,
      further: { first_party: false, grant_types: ['authorization_code', 'refresh_token'] },
    });
    await tokens(guest);
    await signOut();
    const { body: present } = await tokens(guest, { scope: 'openid profile' });
    const { page: question } = await visit(browser, guest, { prompt: 'consent' });
    expect(question.url.pathname).to.match(/\/consent$/);
    expect((await userinfo(app, present.access_token)).status, 'while the question is open').to.equal(200);
    await browser.submit(question, 'consent/decline');
    expect((await refresh(present.refresh_token, guest)).status, 'and after a no').to.equal(200);
  });

  it('leaves the next sign-in of the same session as it was: bound to the session', async () => {
    const { body: away } = await tokens();
    const { body: present } = await tokens(service, { scope: 'openid profile' });
    await signOut();
    expect((await refresh(present.refresh_token)).body.error).to.equal('invalid_grant');
    expect((await refresh(away.refresh_token)).status).to.equal(200);
  });

  it('lives as long as the setting says from the day it was given, however often it rotates', async () => {
    const { body } = await tokens();
    const { body: next } = await refresh(body.refresh_token);
    const seen = (await postAs(app, '/token/introspection', { token: String(next.refresh_token) }, service)).body;
    expect(seen.active).to.equal(true);
    const left = Number(seen.exp) - Date.now() / 1000;
    expect(left).to.be.within(app.config.lifetimes.offlineSeconds - 60, app.config.lifetimes.offlineSeconds);
    const grants = await app.database
      .knex('protocol_state')
      .where('model', 'Grant')
      .max<{ latest: Date }[]>('expires_at as latest');
    expect(grants[0]?.latest.getTime()).to.be.greaterThan(Number(seen.exp) * 1000);
  });

  it('lives as long when it is asked for a moment after a sign-in without it', async () => {
    await tokens(service, { scope: 'openid profile' });
    const { body: away } = await tokens();
    const grants = await app.database
      .knex('protocol_state')
      .where({ model: 'Grant', holder: holderOf(app.container.keyedHash, accountId, service.id) })
      .orderBy('expires_at')
      .select<{ expires_at: Date }[]>('expires_at');
    const daysLeft = grants.map(({ expires_at: end }) => (end.getTime() - Date.now()) / 86_400_000);
    expect(daysLeft.at(-1)).to.be.greaterThan(app.config.lifetimes.offlineSeconds / 86_400);
    expect((await refresh(away.refresh_token)).status).to.equal(200);
  });

  it('and every other token end with their grant, and a grant goes on with the session it is used in', async () => {
    const { provider } = app.container;
    const grantOf = async (token: unknown) =>
      provider.Grant.find((await provider.RefreshToken.find(String(token)))?.grantId ?? '');
    const endOf = async (token: unknown): Promise<number> =>
      Number((await postAs(app, '/token/introspection', { token: String(token) }, service)).body.exp);
    const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

    const { body: first } = await tokens(service, { scope: 'openid profile' });
    const old = await grantOf(first.refresh_token);
    old!.exp = inSeconds(100);
    await old!.save();
    const { body: late } = await refresh(first.refresh_token);
    for (const token of [late.access_token, late.refresh_token]) expect(await endOf(token)).to.be.at.most(old!.exp);
    expect(Number(late.expires_in)).to.be.at.most(100);

    const { body: next } = await tokens(service, { scope: 'openid profile' });
    const same = await grantOf(next.refresh_token);
    expect(same?.jti).to.equal(old!.jti);
    const { sessionSeconds } = app.config.lifetimes;
    expect(await endOf(next.refresh_token)).to.be.within(inSeconds(sessionSeconds - 60), same!.exp!);
    expect(await endOf(next.access_token)).to.be.at.least(inSeconds(800));
  });

  describe('ends', () => {
    let held: Answer['body'];
    beforeEach(async () => {
      held = (await tokens()).body;
      await signOut();
    });
    afterEach(async () => {
      expect((await refresh(held.refresh_token)).body.error, 'refresh').to.equal('invalid_grant');
      expect((await userinfo(app, held.access_token)).status, 'userinfo').to.equal(401);
      expect(
        (await postAs(app, '/token/introspection', { token: String(held.refresh_token) }, service)).body,
        'introspection',
      ).to.deep.equal({ active: false });
    });

    it('when the account is suspended', () => app.store.accounts.setStatus(accountId, 'suspended', app.clock.now()));

    it('when the password is replaced', async () => {
      const now = app.clock.now();
      const passwordHash = await app.container.passwords.hash(sensitive('Perahu-Layar9!'));
      await app.store.accounts.resetPassword(accountId, {
        passwordHash,
        provedAt: now,
        at: now,
        sessionsValidAfter: nextSecond(now),
      });
    });

    it('when an operator ends all sessions', async () => {
      expect(
        await createAccountService(app.container).endSessions(
          { sub: accountId },
          'Permintaan warga lewat telepon' as Reason,
        ),
      ).to.include({ ok: true });
    });

    it('when the person withdraws it', async () => {
      const other = new Browser();
      const { page } = await visit(other, service, { scope: 'openid profile' });
      await signIn(other, page, citizen.nik, citizen.password);
      await other.submit(await other.open(`${app.url}/account/services/withdraw?client=${service.id}`), 'client');
    });
  });

  describe('in a registration', () => {
    const of = (document: object): string[] => {
      const parsed = parseClientMetadata({
        client_name: 'Uji',
        redirect_uris: ['https://rp.test/cb'],
        scope,
        ...document,
      });
      return parsed.ok ? [] : parsed.refusal.map(({ field }) => field);
    };
    it('goes with refresh tokens, for clients that can keep one', () => {
      expect(of({ type: 'web', grant_types: ['authorization_code', 'refresh_token'] })).to.deep.equal([]);
      expect(of({ type: 'web' })).to.deep.equal(['grant_types']);
      expect(of({ type: 'spa', grant_types: ['authorization_code', 'refresh_token'] })).to.deep.equal(['scope']);
    });
  });
});
