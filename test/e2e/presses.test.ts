import { expect } from 'chai';
import type { AccountId } from '../../src/domain/account.ts';
import { acr } from '../../src/domain/assurance.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Authenticator, giveSecondFactor, recoveryCodesOn } from '../support/authenticator.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { enterCode, proveIdentity, signIn, toRegistration } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';
import { answered, beginForm, type Heard } from '../support/slow-form.ts';
import { atFinished } from '../interaction/recovery/steps.ts';

const TIMES = [1, 2, 3, 4, 5];

describe('Buttons pressed many times at the same moment', () => {
  let app: TestApp;
  let service: RelyingParty;
  let citizen: Citizen;
  let browser: Browser;
  before(async () => {
    app = await startTestApp({ limits: { signInPerDevice: 10_000 } });
    service = await createRelyingParty(app);
  });
  after(() => app.close());
  beforeEach(() => {
    citizen = somebody();
    browser = new Browser();
  });

  const pressed = (page: Page, form: string, fields: Readonly<Record<string, string>> = {}): Promise<Page[]> =>
    Promise.all(TIMES.map(() => browser.post(page, form, fields)));
  const followed = async (pages: readonly Page[]): Promise<Page[]> => {
    const ends: Page[] = [];
    for (const page of pages) ends.push(await browser.follow(page));
    return ends;
  };
  const where = (page: Page): string => `${page.status} ${page.url.href} ${page.text.slice(0, 200)}`;

  async function signedIn(): Promise<{ idToken: string }> {
    await addAccount(app, citizen);
    const { page, request } = await visit(browser, service);
    return service.receive(await signIn(browser, page, citizen.nik, citizen.password), request);
  }

  it('"yes, sign out" leads each press to the service, and out', async () => {
    const { idToken } = await signedIn();
    const question = await browser.open(await service.signOutUrl(idToken, 's1'));
    for (const end of await followed(await pressed(question, 'xsrf')))
      expect(end.url.href, where(end)).to.equal(`${service.origin}/bye?state=s1`);
    const late = await browser.submit(question, 'xsrf');
    expect(late.url.href, where(late)).to.equal(`${service.origin}/bye?state=s1`);
    expect((await app.store.audit.list({ type: 'sign-out.completed' })).length).to.be.within(1, TIMES.length);
  });

  it('"yes, sign out" leads each press from the portal to the farewell', async () => {
    await signedIn();
    const question = await browser.open(`${app.url}/session/end`);
    for (const end of await followed(await pressed(question, 'xsrf')))
      expect(end.text, where(end)).to.include('Anda sudah keluar');
    const late = await browser.submit(question, 'xsrf');
    expect(late.text, where(late)).to.include('Anda sudah keluar');
  });

  it('"continue as" leads each press home', async () => {
    await addAccount(app, citizen);
    const { page: waiting, request } = await visit(browser, service);
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    const asked = await browser.open(waiting.url);
    const homes = await followed(await pressed(asked, 'continue'));
    for (const home of homes) expect(isHome(home, service), where(home)).to.equal(true);
    await service.receive(homes.at(-1)!, request);
  });

  it('the last button of a recovery leads each press home', async () => {
    await addAccount(app, citizen);
    const { page } = await atFinished(app, citizen.phone, citizen.phone, 'Perahu-Layar9!', browser);
    for (const home of await followed(await pressed(page, 'recover/finished')))
      expect([home.status, home.url.pathname, home.text.includes(citizen.name)], where(home)).to.deep.equal([
        200,
        '/',
        true,
      ]);
  });

  it('"I have kept the codes" leads each press home, and so it does for the code that enrols', async () => {
    await addAccount(app, citizen);
    const { page, request } = await visit(browser, service, { acr_values: acr.twoFactor });
    const enrol = await signIn(browser, page, citizen.nik, citizen.password);
    const kept = await followed(await pressed(enrol, 'code', { code: Authenticator.from(app, enrol).code() }));
    for (const one of kept) expect(recoveryCodesOn(one), where(one)).to.deep.equal(recoveryCodesOn(kept[0]!));
    const homes = await followed(await pressed(kept[0]!, 'recovery-codes'));
    for (const home of homes) expect(isHome(home, service), where(home)).to.equal(true);
    expect((await service.receive(homes.at(-1)!, request)).claims.acr).to.equal(acr.twoFactor);
  });

  it('a code of the second factor and a recovery code lead each press home', async () => {
    const {
      authenticator,
      recoveryCodes: [spare = ''],
    } = await giveSecondFactor(app, await addAccount(app, citizen));
    for (const by of ['code', 'recovery_code'] as const) {
      const { page } = await visit(browser, service, { prompt: 'login' });
      const asked = await signIn(browser, page, citizen.nik, citizen.password);
      const presses =
        by === 'code'
          ? await pressed(asked, 'code', { code: authenticator.next() })
          : await pressed(await browser.open(asked.link('recovery-code')), 'recovery_code', { recovery_code: spare });
      for (const home of await followed(presses)) expect(isHome(home, service), `${by}: ${where(home)}`).to.equal(true);
    }
  });

  it('a code that steps a session up leads each press home', async () => {
    await signedIn();
    const { authenticator } = await giveSecondFactor(
      app,
      (await app.store.audit.list({ type: 'sign-in.succeeded' })).at(-1)!.accountId as AccountId,
    );
    const { page: asked, request } = await visit(browser, service, { acr_values: acr.twoFactor });
    expect(asked.url.pathname, where(asked)).to.match(/second-factor$/);
    const homes = await followed(await pressed(asked, 'code', { code: authenticator.next() }));
    for (const home of homes) expect(isHome(home, service), where(home)).to.equal(true);
    expect((await service.receive(homes.at(-1)!, request)).claims.acr).to.equal(acr.twoFactor);
  });

  it('a press that began to come before the one that steps a session up undoes nothing of it', async () => {
    await signedIn();
    const { authenticator } = await giveSecondFactor(
      app,
      (await app.store.audit.list({ type: 'sign-in.succeeded' })).at(-1)!.accountId as AccountId,
    );
    const { page: asked, request } = await visit(browser, service, { acr_values: acr.twoFactor });
    const code = authenticator.next();
    const { action, fields } = asked.form('code');
    const looked = answered(app.container.provider.Interaction, 'find');
    const slow = await beginForm(browser, action, fields.csrf!, looked);
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    let writes = 0;
    let late: Promise<Heard> | undefined;
    Object.assign(protocolState, {
      async replace(...asked: Parameters<typeof usual.replace>) {
        const isWritten = await usual.replace(...asked);
        if (asked[0].model === 'Interaction') writes += 1;
        // The mark of the browser is there, and now what was proved as well.
        if (writes === 2) await (late ??= slow.end({ code }));
        return isWritten;
      },
    });
    const first = await browser.post(asked, 'code', { code }).finally(() => Object.assign(protocolState, usual));
    const home = await browser.follow(first);
    expect(isHome(home, service), where(home)).to.equal(true);
    expect((await service.receive(home, request)).claims.acr).to.equal(acr.twoFactor);
    expect(await late).to.include({
      status: 303,
      location: `${asked.url.pathname.replace(/second-factor$/, '')}resume`,
    });
  });

  /** What happens while a press that came before looks whether the session is there with which the sign-in began. */
  async function whileItLooks<T>(late: () => Promise<Page>, meanwhile: () => Promise<T>): Promise<[late: Page, T]> {
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    let goOn = (): void => undefined;
    const looks = new Promise<void>((looked) => {
      Object.assign(protocolState, {
        async findByUid(...asked: Parameters<typeof usual.findByUid>) {
          Object.assign(protocolState, usual);
          await new Promise<void>((resolve) => {
            goOn = resolve;
            looked();
          });
          return usual.findByUid(...asked);
        },
      });
    });
    const coming = late();
    await looks;
    const other = await meanwhile();
    goOn();
    return [await coming, other];
  }
  const signOut = async (): Promise<Page> => browser.submit(await browser.open(`${app.url}/session/end`), 'logout');

  it('the first form of a registration leads each press on, also of somebody who has signed out meanwhile', async () => {
    await signedIn();
    const { page } = await visit(browser, service, { prompt: 'login' });
    const identity = await toRegistration(browser, page);
    await signOut();
    const { nik, name, mother } = somebody();
    const [late, contact] = await whileItLooks(
      () => browser.post(identity, 'nik', { nik, name, mother_name: mother }),
      () => proveIdentity(browser, identity, { nik, name, mother }),
    );
    expect(contact.url.pathname, where(contact)).to.match(/register\/contact$/);
    expect([late.status, late.headers.get('location')], where(late)).to.deep.equal([303, contact.url.pathname]);
  });

  it('a look at the page undoes nothing that a press proves in the same moment', async () => {
    await signedIn();
    const { page } = await visit(browser, service, { prompt: 'login', response_mode: 'form_post' });
    expect((await browser.post(await toRegistration(browser, page), 'nik')).status).to.equal(422);
    await signOut();
    const [, answer] = await whileItLooks(
      () => browser.request(page.url),
      () => browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password }),
    );
    const home = await browser.follow(answer);
    expect(home.forms[0]?.action, where(home)).to.equal(`${service.origin}/cb`);
  });

  /** The second press comes when the first has given the session another id and the sign-in is not over yet. */
  async function whileItEnds(press: () => Promise<Page>): Promise<readonly Page[]> {
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    let second: Promise<Page> | undefined;
    Object.assign(protocolState, {
      async destroy(model: string, id: Buffer) {
        if (model === 'Interaction' && second === undefined) await (second = press());
        await usual.destroy(model, id);
      },
    });
    const first = await press().finally(() => Object.assign(protocolState, usual));
    return [first, (await second)!];
  }

  it('a press that comes while the one before ends the sign-in leads home, too', async () => {
    await signedIn();
    const { authenticator } = await giveSecondFactor(
      app,
      (await app.store.audit.list({ type: 'sign-in.succeeded' })).at(-1)!.accountId as AccountId,
    );
    const { page: asked } = await visit(browser, service, { acr_values: acr.twoFactor });
    const code = authenticator.next();
    for (const home of await followed(await whileItEnds(() => browser.post(asked, 'code', { code }))))
      expect(isHome(home, service), `step up: ${where(home)}`).to.equal(true);

    [citizen, browser] = [somebody(), new Browser()];
    await addAccount(app, citizen);
    const { page: waiting } = await visit(browser, service);
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    const present = await browser.open(waiting.url);
    for (const home of await followed(await whileItEnds(() => browser.post(present, 'continue'))))
      expect(isHome(home, service), `continue: ${where(home)}`).to.equal(true);
  });

  it('new recovery codes are the same on each answer, and good', async () => {
    const id = await addAccount(app, citizen);
    const { authenticator } = await giveSecondFactor(app, id);
    const asked = await enterCode(
      browser,
      await signIn(
        browser,
        await browser.open(`${app.url}/account/security/recovery-codes`),
        citizen.nik,
        citizen.password,
      ),
      authenticator.next(),
    );
    const shown = (await pressed(asked, 'recovery-codes')).map(recoveryCodesOn);
    for (const codes of shown) expect(codes).to.deep.equal(shown[0]).and.have.length(10);
    expect(await app.store.secondFactors.recoveryCodesLeft(id)).to.equal(10);
    expect(
      (await app.store.audit.list({ accountId: id, type: 'second-factor.recovery-codes-renewed' })).length,
    ).to.equal(1);
    const other = new Browser();
    const page = await signIn(other, await other.open(`${app.url}/account/security`), citizen.nik, citizen.password);
    const home = await other.submit(await other.open(page.link('recovery-code')), 'recovery_code', {
      recovery_code: shown[0]![0]!,
    });
    expect(home.url.pathname).to.equal('/account/security');
  });

  it('"switch it off" says so on each answer, once to the person', async () => {
    const id = await addAccount(app, citizen);
    const { authenticator } = await giveSecondFactor(app, id);
    const asked = await enterCode(
      browser,
      await signIn(browser, await browser.open(`${app.url}/account/security/remove`), citizen.nik, citizen.password),
      authenticator.next(),
    );
    for (const end of await followed(await pressed(asked, 'remove')))
      expect(end.text, where(end)).to.include('Verifikasi dua langkah sudah dimatikan');
    expect((await app.store.audit.list({ accountId: id, type: 'second-factor.removed' })).length).to.equal(1);
  });
});
