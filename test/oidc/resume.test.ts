import { expect } from 'chai';
import type { ProtocolRewrite, ProtocolWrite } from '../../src/store/protocol-state.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

describe('The way back to the service', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app, { further: { first_party: true } });
  });
  after(() => app.close());

  /** From now on the disk is full for what is written of this kind; @returns what makes room again. */
  async function fillDisk(model: string): Promise<() => Promise<void>> {
    const { knex } = app.database;
    await knex.raw(
      `create function full_disk() returns trigger language plpgsql as 'begin raise exception ''no space left on device'' using errcode = ''53100''; end'`,
    );
    await knex.raw(
      `create trigger full_disk before insert or update on protocol_state for each row when (new.model = '${model}') execute function full_disk()`,
    );
    return async () => {
      await knex.raw('drop function full_disk() cascade');
    };
  }

  for (const model of ['Session', 'Grant', 'AuthorizationCode']) {
    it(`asks nobody to type the password again where the ${model} could not be written: the page is loaded again`, async () => {
      const citizen = somebody();
      await addAccount(app, citizen);
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      const makeRoom = await fillDisk(model);
      const full = await signIn(browser, page, citizen.nik, citizen.password).finally(makeRoom);
      expect(
        [full.status, full.url.pathname.split('/')[1], full.headers.get('retry-after')],
        full.text.slice(0, 300),
      ).to.deep.equal([503, 'auth', '5']);

      const home = await browser.open(full.url);
      expect(isHome(home, karirhub), `${home.status} ${home.url.href}`).to.equal(true);
      expect((await karirhub.receive(home, request)).claims.name).to.equal(citizen.name);
      // And there it ends: whoever goes back in the browser begins anew.
      expect((await browser.open(full.url)).status).to.equal(410);
    });
  }

  async function signedIn(): Promise<{ readonly citizen: Citizen; readonly browser: Browser }> {
    const citizen = somebody();
    await addAccount(app, citizen);
    const browser = new Browser();
    await signIn(browser, (await visit(browser, karirhub)).page, citizen.nik, citizen.password);
    return { citizen, browser };
  }

  /** The store does not do this for as long as the work takes. */
  async function without<T>(
    missing: (model: string) => boolean,
    kinds: readonly ('write' | 'destroy')[],
    work: () => Promise<T>,
  ): Promise<T> {
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    const away = Object.assign(new Error('Redis is away'), { code: 'REDIS_AWAY' });
    if (kinds.includes('write')) {
      Object.assign(protocolState, {
        upsert: (write: ProtocolWrite) => (missing(write.model) ? Promise.reject(away) : usual.upsert(write)),
        renew: (write: ProtocolWrite, former: Buffer, read?: Buffer) =>
          missing(write.model) ? Promise.reject(away) : usual.renew(write, former, read),
      });
    }
    if (kinds.includes('destroy'))
      Object.assign(protocolState, {
        destroy: (model: string, id: Buffer) => (missing(model) ? Promise.reject(away) : usual.destroy(model, id)),
      });
    try {
      return await work();
    } finally {
      Object.assign(protocolState, usual);
    }
  }

  it('leaves whoever was signed in with the session they had, where the store is away', async () => {
    const { citizen, browser } = await signedIn();
    const { page, request } = await visit(browser, karirhub, { prompt: 'login' });
    const before = browser.cookie('session');
    const lost = await without(
      (model) => model !== 'Interaction',
      ['write', 'destroy'],
      () => signIn(browser, page, citizen.nik, citizen.password),
    );
    expect([lost.status, lost.url.pathname.split('/')[1]]).to.deep.equal([503, 'auth']);
    expect(browser.cookie('session'), 'that of one which was never written').to.equal(before);

    const home = await browser.open(lost.url);
    expect(isHome(home, karirhub), `${home.status} ${home.url.href}`).to.equal(true);
    await karirhub.receive(home, request);
  });

  it('leaves it too where there is no room for the one that would take its place', async () => {
    const { citizen, browser } = await signedIn();
    const before = browser.cookie('session');
    const { page, request } = await visit(browser, karirhub, { prompt: 'login' });
    const makeRoom = await fillDisk('Session');
    const full = await signIn(browser, page, citizen.nik, citizen.password).finally(makeRoom);
    expect([full.status, browser.cookie('session')]).to.deep.equal([503, before]);

    expect(isHome(await browser.open((await karirhub.begin()).url), karirhub), 'signed in as before').to.equal(true);
    const home = await browser.open(full.url);
    expect(isHome(home, karirhub), `${home.status} ${home.url.href}`).to.equal(true);
    await karirhub.receive(home, request);
    expect(browser.cookie('session'), 'another id for what was proved anew').not.to.equal(before);
  });

  it('makes no second id of a session good: what was proved anew takes the place of the first in one step', async () => {
    const { citizen, browser } = await signedIn();
    const { page, request } = await visit(browser, karirhub, { prompt: 'login' });
    const count = async (): Promise<number> =>
      (await app.database.knex('protocol_state').where('model', 'Session')).length;
    const [before, sessions] = [browser.cookie('session'), await count()];
    const home = await without(
      (model) => model === 'Session',
      ['destroy'],
      () => signIn(browser, page, citizen.nik, citizen.password),
    );
    await karirhub.receive(home, request);
    expect([browser.cookie('session') === before, await count()]).to.deep.equal([false, sessions]);
  });

  it('hands out no code with an error, where only the end could not be written', async () => {
    const citizen = somebody();
    await addAccount(app, citizen);
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    const lost = await without(
      (model) => model === 'Interaction',
      ['destroy'],
      () => signIn(browser, page, citizen.nik, citizen.password),
    );
    expect([lost.status, lost.headers.get('location')]).to.deep.equal([503, null]);
    const home = await browser.open(lost.url);
    expect(isHome(home, karirhub)).to.equal(true);
    await karirhub.receive(home, request);
  });

  it('writes the code and the session side by side, and answers when both are there', async () => {
    const citizen = somebody();
    await addAccount(app, citizen);
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    const hasBegun = Promise.withResolvers<undefined>();
    Object.assign(protocolState, {
      async upsert(write: ProtocolWrite) {
        if (write.model === 'Session') hasBegun.resolve(undefined);
        if (write.model === 'AuthorizationCode') await hasBegun.promise;
        return usual.upsert(write);
      },
    });
    const home = await signIn(browser, page, citizen.nik, citizen.password).finally(() =>
      Object.assign(protocolState, usual),
    );
    await karirhub.receive(home, request);
  });

  describe('at once, with the answer to the last form', () => {
    it('leads to the service with the code and the cookie of the session, and its own address has nothing to tell any more', async () => {
      const citizen = somebody();
      await addAccount(app, citizen);
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      const answer = await browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
      expect(answer.status).to.equal(303);
      expect(answer.headers.get('location')).to.match(/^https:\/\/rp-\d+\.test\/cb\?code=/);
      expect(answer.headers.get('cache-control')).to.include('no-store');
      expect(answer.headers.getSetCookie().some((cookie) => cookie.startsWith('session='))).to.equal(true);
      const home = await browser.follow(answer);
      expect((await karirhub.receive(home, request)).claims.name).to.equal(citizen.name);
      expect((await browser.open(`${app.url}/auth/${page.url.pathname.split('/')[2] ?? ''}`)).status).to.equal(410);
    });

    it('brings a refusal home too', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      const answer = await browser.request(page.url.href.replace(/login$/, 'cancel'));
      expect(answer.status).to.equal(303);
      expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).to.equal('access_denied');
    });

    it('is not had by whoever brings the cookie of the way back alone, or a form of another browser', async () => {
      const citizen = somebody();
      await addAccount(app, citizen);
      const { page } = await visit(new Browser(), karirhub);
      const stranger = new Browser();
      await stranger.open(app.url);
      const fields = new URLSearchParams({
        ...page.form('identifier').fields,
        identifier: citizen.nik,
        password: citizen.password,
      });
      const answer = await stranger.request(page.url.href, { method: 'POST', body: fields });
      expect(answer.status).to.equal(403);
      expect(answer.headers.getSetCookie().some((cookie) => cookie.startsWith('session='))).to.equal(false);
    });

    /** At the sign-in page, with what presses its button. */
    async function atButton() {
      const citizen = somebody();
      await addAccount(app, citizen);
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      return {
        citizen,
        browser,
        page,
        request,
        press: () => browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password }),
      };
    }

    /** Presses twice: all of the first press happens before or after the second one writes how the sign-in ended. */
    async function overtaken(press: () => ReturnType<Browser['post']>, when: 'before' | 'after') {
      const { protocolState } = app.container.store;
      const usual = { ...protocolState };
      let first: ReturnType<typeof press> | undefined;
      const overtake = async (): Promise<void> => {
        if (first === undefined) await (first = press());
      };
      Object.assign(protocolState, {
        async replace(write: ProtocolRewrite) {
          if (when === 'before') await overtake();
          const answer = await usual.replace(write);
          if (when === 'after') await overtake();
          return answer;
        },
      });
      const second = await press().finally(() => Object.assign(protocolState, usual));
      const faster = await first!;
      expect([faster.status, second.status]).to.deep.equal([303, 303]);
      expect(second.headers.get('location')).to.match(/\/resume$/);
      return { faster, second };
    }

    it('leads the second press of the button to the same end where the first was faster by a trip to the store', async () => {
      const { browser, request, press } = await atButton();
      const { second } = await overtaken(press, 'after');
      const home = await browser.follow(second);
      expect(isHome(home, karirhub), home.url.href).to.equal(true);
      await karirhub.receive(home, request);
    });

    it('leaves a sign-in ended that another press has ended, whatever is still under way', async () => {
      const { browser, page, request, press } = await atButton();
      const open = async (): Promise<number> =>
        (await app.database.knex('protocol_state').where('model', 'Interaction')).length;
      const before = await open();
      const { faster, second } = await overtaken(press, 'before');
      expect(await open(), 'this one is over').to.equal(before - 1);
      await karirhub.receive(await browser.follow(faster), request);
      expect(isHome(await browser.follow(second), karirhub)).to.equal(true);
      expect((await browser.open(page.url)).status, 'the back button').to.equal(410);
    });

    it('signs in once where the form comes twice at the same moment', async () => {
      const { citizen, browser, request, press } = await atButton();
      const answers = await Promise.all([press(), press()]);
      expect(answers.map(({ status }) => status)).to.deep.equal([303, 303]);
      const homes = await Promise.all(answers.map((answer) => browser.follow(answer)));
      const home = homes.find((one) => isHome(one, karirhub));
      expect(home, homes.map(({ url }) => url.href).join(' ')).to.not.equal(undefined);
      expect((await karirhub.receive(home!, request)).claims.name).to.equal(citizen.name);
    });
  });
});
