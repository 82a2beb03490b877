import { expect } from 'chai';
import type { AccountId } from '../../src/domain/account.ts';
import type { ProtocolWrite } from '../../src/store/protocol-state.ts';
import { pointIndex } from '../../src/store/redis/session-scripts.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { carriers, type Carrier } from '../support/carriers.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange, postAs, userinfo } from './exchange.ts';

for (const [name, openStore] of carriers) {
  describe(`A sign-out while a request is under way, on ${name}`, () => {
    let store: Carrier;
    let app: TestApp;
    let services: readonly RelyingParty[];
    let citizen: Citizen;
    let browser: Browser;
    before(async () => {
      store = await openStore();
      app = await startTestApp(store.settings);
      services = await Promise.all(
        Array.from({ length: 6 }, () =>
          createRelyingParty(app, {
            scope: 'openid profile',
            further: { grant_types: ['authorization_code', 'refresh_token'] },
          }),
        ),
      );
    });
    after(async () => {
      await app.close();
      await store.close();
    });
    beforeEach(async () => {
      citizen = somebody();
      await addAccount(app, citizen);
      browser = new Browser();
      const { page, request } = await visit(browser, services[0]!);
      await services[0]!.receive(await signIn(browser, page, citizen.nik, citizen.password), request);
    });

    const isAsked = ({ url, status, text }: Page): boolean =>
      status === 200 && url.pathname.endsWith('/login') && text.includes('Masuk ke akun');
    const question = (): Promise<Page> => browser.open(`${app.url}/session/end`);
    const confirm = async (asked: Page): Promise<void> => {
      expect((await browser.submit(asked, 'xsrf')).text).to.include('Anda sudah keluar');
    };

    type State = TestApp['container']['store']['protocolState'];

    /** What happens right before the store does this to a session for the first time, while the work is done. */
    async function rightBefore<T>(
      what: 'renew' | 'end',
      happens: () => Promise<unknown>,
      work: () => Promise<T>,
    ): Promise<T> {
      const { protocolState } = app.container.store;
      const usual: State = { ...protocolState };
      let hasHappened = false;
      const once = async (): Promise<void> => {
        if (hasHappened) return;
        hasHappened = true;
        await happens();
      };
      Object.assign(protocolState, {
        async renew(write: ProtocolWrite, former: Buffer, read?: Buffer) {
          if (what === 'renew') await once();
          return usual.renew(write, former, read);
        },
        async end(model: string, id: Buffer, uid: Buffer) {
          if (what === 'end') await once();
          return usual.end(model, id, uid);
        },
      });
      try {
        return await work();
      } finally {
        Object.assign(protocolState, usual);
        expect(hasHappened, 'it came to that').to.equal(true);
      }
    }

    async function isSignedInNowhere(): Promise<void> {
      expect((await browser.open(app.url)).text).not.to.include(citizen.name);
      for (const service of services.slice(0, 2)) expect(isAsked((await visit(browser, service)).page)).to.equal(true);
    }

    it('asks to sign in who was just led to a service for the first time, and the session stays ended', async () => {
      const asked = await question();
      const { page } = await rightBefore(
        'renew',
        () => confirm(asked),
        () => visit(browser, services[1]!),
      );
      expect(isAsked(page), `${page.status} ${page.url.href}`).to.equal(true);
      await isSignedInNowhere();
    });

    it('asks to sign in who has just proved anew who they are, whichever of the two comes first', async () => {
      const { page } = await visit(browser, services[0]!, { prompt: 'login' });
      const asked = await question();
      const prove = (): Promise<Page> => signIn(browser, page, citizen.nik, citizen.password);
      const after = await rightBefore('renew', () => confirm(asked), prove);
      expect(isAsked(after), `${after.status} ${after.url.href}`).to.equal(true);
      await isSignedInNowhere();

      const again = await visit(browser, services[0]!);
      await signIn(browser, again.page, citizen.nik, citizen.password);
      const { page: anew } = await visit(browser, services[0]!, { prompt: 'login' });
      const asks = await question();
      // The new proof gives the session another id after the sign-out has read the former.
      await rightBefore(
        'end',
        () => browser.post(anew, 'identifier', { identifier: citizen.nik, password: citizen.password }),
        () => confirm(asks),
      );
      await isSignedInNowhere();
    });

    it('leads from the question whether to sign out to the answer, where another tab has said yes', async () => {
      const asked = await question();
      const service = services[0]!;
      const gone = await rightBefore(
        'renew',
        () => confirm(asked),
        async () => browser.open(await service.signOutUrl()),
      );
      expect([gone.status, gone.url.href]).to.deep.equal([0, `${service.origin}/bye`]);
      await isSignedInNowhere();
    });

    it('asks to sign in who comes with a request that its service pushed, though that is good once; with prompt=none the service hears so', async () => {
      const [, first, second] = services as [RelyingParty, RelyingParty, RelyingParty];
      const come = async (
        service: RelyingParty,
        parameters: Readonly<Record<string, string>> = {},
      ): Promise<{ page: Page; request: Awaited<ReturnType<RelyingParty['begin']>> }> => {
        const request = await service.begin(parameters);
        const { body } = await postAs(app, '/request', Object.fromEntries(new URL(request.url).searchParams), service);
        const asked = await question();
        const page = await rightBefore(
          'renew',
          () => confirm(asked),
          () =>
            browser.open(
              `${app.url}/auth?${new URLSearchParams({ client_id: service.id, request_uri: String(body.request_uri) }).toString()}`,
            ),
        );
        return { page, request };
      };
      const { page, request } = await come(first);
      expect(isAsked(page), `${page.status} ${page.url.href}`).to.equal(true);
      await isSignedInNowhere();
      await first.receive(await signIn(browser, page, citizen.nik, citizen.password), request);

      const silent = await come(second, { prompt: 'none' });
      expect(isHome(silent.page, second), silent.page.text).to.equal(true);
      expect(['error', 'state', 'code'].map((name) => silent.page.url.searchParams.get(name))).to.deep.equal([
        'login_required',
        silent.request.state,
        null,
      ]);
      await isSignedInNowhere();
    });

    it('leaves a session that has just got another id good for a request that came with the former', async () => {
      const { page } = await visit(browser, services[0]!, { prompt: 'login' });
      const prove = (): Promise<Page> => signIn(browser, page, citizen.nik, citizen.password);
      const { page: home, request } = await rightBefore(
        'renew',
        () => prove(),
        () => visit(browser, services[1]!),
      );
      expect(isHome(home, services[1]!), `${home.status} ${home.url.href}`).to.equal(true);
      await services[1]!.receive(home, request);
      expect((await browser.open(app.url)).text).to.include(citizen.name);
    });

    /** Another tab opens a service for the first time at the moment of the race, while this one proves anew. */
    async function openedWhileProving(
      race: (open: () => Promise<unknown>, prove: () => Promise<Page>) => Promise<Page>,
    ): Promise<void> {
      const { page, request } = await visit(browser, services[0]!, { prompt: 'login' });
      let opened: Awaited<ReturnType<typeof visit>> | undefined;
      const home = await race(
        async () => {
          opened = await visit(browser, services[1]!);
        },
        () => signIn(browser, page, citizen.nik, citizen.password),
      );
      await services[0]!.receive(home, request);
      await services[1]!.receive(opened!.page, opened!.request);
      expect((await browser.open(app.url)).text).to.include(citizen.name);
    }

    it('loses nothing that another tab opens for the first time while this one proves anew', async () => {
      await openedWhileProving((open, prove) => rightBefore('renew', open, prove));
    });

    if (name.includes('Cluster')) {
      it('loses nothing that another tab opens between the look at the session and its move', async () => {
        const redis = app.container.redis!;
        const usual = { ...redis };
        let hasMoved = false;
        await openedWhileProving((open, prove) => {
          redis.run = async (script, keys, args) => {
            if (script === pointIndex && !hasMoved) {
              hasMoved = true;
              await open();
            }
            return usual.run(script, keys, args);
          };
          return prove();
        }).finally(() => Object.assign(redis, usual));
        expect(hasMoved).to.equal(true);
      });
    }

    it('leads both of two presses home that prove anew at the same moment, into one session', async () => {
      const { page, request } = await visit(browser, services[0]!, { prompt: 'login' });
      const press = (): Promise<Page> =>
        browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
      let first: Page | undefined;
      const second = await rightBefore(
        'renew',
        async () => {
          first = await press();
        },
        press,
      );
      for (const answer of [second, first!]) {
        const home = await browser.follow(answer);
        expect(isHome(home, services[0]!), `${home.status} ${home.url.href}`).to.equal(true);
        if (answer === second) await services[0]!.receive(home, request);
      }
      expect((await browser.open(app.url)).text).to.include(citizen.name);
    });

    /** Twenty requests under way at once, one of them ends it all; then what came of them. */
    async function crowd(end: () => Promise<unknown>, at: number): Promise<void> {
      const authorize = async (
        count: number,
      ): Promise<{ service: RelyingParty; request: Awaited<ReturnType<RelyingParty['begin']>>; page: Page }> => {
        const service = services[count % services.length]!;
        const request = await service.begin(count % 5 === 4 ? { prompt: 'none' } : {});
        return { service, request, page: await browser.open(request.url) };
      };
      const before = Array.from({ length: at }, (_, count) => authorize(count));
      const ending = end();
      const after = Array.from({ length: 20 - at }, (_, count) => authorize(at + count));
      const came = await Promise.all([...before, ...after]);
      await ending;
      for (const { service, request, page } of came) {
        if (!isHome(page, service)) {
          expect(isAsked(page), `${page.status} ${page.url.href} ${page.text.slice(0, 200)}`).to.equal(true);
          continue;
        }
        const code = page.url.searchParams.get('code');
        if (code === null) {
          expect(page.url.searchParams.get('error')).to.equal('login_required');
          continue;
        }
        // A code from before the end is worth nothing after it, nor is what somebody would have got for it.
        const { status, body } = await exchange(app, service, { code, code_verifier: request.verifier });
        expect([status, body.error], JSON.stringify(body)).to.deep.equal([400, 'invalid_grant']);
      }
      await isSignedInNowhere();
    }

    for (const at of [0, 4, 10, 19]) {
      it(`ends it for each of twenty requests of the moment, ${at} of them begun before`, async () => {
        const asked = await question();
        await crowd(() => confirm(asked), at);
      });
    }

    for (const [who, end] of [
      [
        'an operator who ends all sessions',
        (tx: TestApp['store'], id: string) =>
          tx.sessionEnds.endAll(id as AccountId, 'ended-by-operator', app.clock.now()),
      ],
      [
        'an operator who suspends the account',
        (tx: TestApp['store'], id: string) =>
          tx.sessionEnds.changeStatus(id as AccountId, 'suspended', app.clock.now()).then(() => undefined),
      ],
    ] as const) {
      it(`holds against ${who}, too`, async () => {
        const account = (await app.store.audit.list({ type: 'sign-in.succeeded' })).at(-1)!.accountId!;
        await crowd(() => app.store.transaction((tx) => end(tx as TestApp['store'], account)), 8);
      });
    }

    it('takes the tokens with it that are given for a code at the same moment', async () => {
      const homes = await Promise.all(
        Array.from({ length: 8 }, async (_, count) => ({
          service: services[count % services.length]!,
          ...(await visit(browser, services[count % services.length]!)),
        })),
      );
      const asked = await question();
      const exchanges = homes.map(({ service, page, request }) =>
        exchange(app, service, { code: page.url.searchParams.get('code') ?? '', code_verifier: request.verifier }),
      );
      const [, ...answers] = await Promise.all([confirm(asked), ...exchanges]);
      for (const [count, { status, body }] of answers.entries()) {
        if (status !== 200) continue;
        expect((await userinfo(app, body.access_token)).status).to.equal(401);
        if (body.refresh_token === undefined) continue;
        const again = await postAs(
          app,
          '/token',
          { grant_type: 'refresh_token', refresh_token: body.refresh_token as string },
          homes[count]!.service,
        );
        expect(again.body.error, JSON.stringify(again.body)).to.equal('invalid_grant');
      }
      await isSignedInNowhere();
    });
  });
}
