import { expect } from 'chai';
import Koa, { type Context } from 'koa';
import type { AddressInfo } from 'node:net';
import { request as rawRequest, type Server } from 'node:http';
import type { AccountId } from '../../src/domain/account.ts';
import { epochSeconds } from '../../src/domain/session.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { createSealer } from '../../src/crypto/seal.ts';
import { Refused } from '../../src/web/refused.ts';
import { createSessions, sessionOf, type PresentSession, type Sessions } from '../../src/web/session.ts';
import { Browser, type Page } from '../support/browser.ts';
import { TestClock } from '../support/clock.ts';
import { newKeyring } from '../crypto/keys.ts';

const MINUTE = 60;
const TWO_FACTOR = 'urn:siapkerja:acr:two-factor';
const budi = '00000000-0000-4000-8000-000000000001' as AccountId;

describe('Pages of ours: who is signed in', () => {
  const clock = new TestClock();
  clock.stop();
  let server: Server;
  let url: string;
  let sessions: Sessions;
  let present: PresentSession | undefined;
  const signedIn = ({ ago = 0, acr }: { ago?: number; acr?: string } = {}): PresentSession => ({
    accountId: budi,
    acr,
    provedAt: epochSeconds(clock.now()) - ago,
  });

  before(async () => {
    const app = new Koa();
    app.use(async (ctx: Context, next) => {
      ctx.state.locale = 'id';
      try {
        await next();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        ctx.status = error.status;
        ctx.body = error.key;
      }
    });
    app.use(async (ctx: Context, next) => {
      const home = '/account/services';
      if (ctx.path === '/portal/return') await sessions.back(ctx);
      else if (ctx.path === '/auth') ctx.body = 'sign in';
      else if (ctx.path === '/') ctx.body = 'home';
      else
        await sessions.require(ctx.path === '/admin' ? { home, maxAgeSeconds: 5 * MINUTE, acr: TWO_FACTOR } : { home })(
          ctx,
          next,
        );
    });
    app.use((ctx: Context) => {
      ctx.body = `page of ${sessionOf(ctx).accountId}`;
    });
    server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    sessions = createSessions({
      read: () => Promise.resolve(present),
      sealer: createSealer(newKeyring(), systemRandom),
      random: systemRandom,
      clock,
      config: { http: { issuer: url }, lifetimes: { resumeSeconds: 86_400 } } as Parameters<
        typeof createSessions
      >[0]['config'],
    });
  });
  after(() => {
    server.close();
  });
  beforeEach(() => {
    present = undefined;
  });

  const stateOf = (page: Page): string => page.url.searchParams.get('state') ?? '';
  const comeBack = (state: string, more = ''): Promise<Page> =>
    new Browser().open(`${url}/portal/return?state=${state}${more}`);

  it('lets in who is signed in, and sends everybody else through the front door and back to the very page', async () => {
    const asked = await new Browser().open(`${url}/account/services?halaman=2`);
    expect(asked.url.pathname).to.equal('/auth');
    expect(Object.fromEntries(asked.url.searchParams)).to.include({
      client_id: 'siapkerja-portal',
      scope: 'openid',
      code_challenge_method: 'S256',
      redirect_uri: `${url}/portal/return`,
    });
    present = signedIn();
    const page = await comeBack(stateOf(asked));
    expect(page.url.href).to.equal(`${url}/account/services?halaman=2`);
    expect(page.text).to.equal(`page of ${budi}`);
    expect(page.headers.get('cache-control')).to.equal('no-store');
  });

  it('asks again who signed in too long ago or too weakly, and says what it wants', async () => {
    for (const session of [
      signedIn({ ago: 6 * MINUTE, acr: TWO_FACTOR }),
      signedIn({ acr: 'urn:siapkerja:acr:password' }),
    ]) {
      present = session;
      const asked = await new Browser().open(`${url}/admin`);
      expect(Object.fromEntries(asked.url.searchParams)).to.include({ max_age: '300', acr_values: TWO_FACTOR });
    }
    present = signedIn({ ago: 4 * MINUTE, acr: TWO_FACTOR });
    expect((await new Browser().open(`${url}/admin`)).text).to.include('page of');
  });

  it('ends with a refusal, not in a circle, when the sign-in came back too weak', async () => {
    const asked = await new Browser().open(`${url}/admin`);
    present = signedIn({ acr: 'urn:siapkerja:acr:password' });
    const back = await comeBack(stateOf(asked));
    expect(back.status).to.equal(403);
    expect(back.text).to.equal('errors.sign-in-too-weak');
  });

  it('leads home who turned back, who is not signed in, and whoever brings an address that was not made here', async () => {
    const state = stateOf(await new Browser().open(`${url}/account/services`));
    expect((await comeBack(state)).text, 'nobody').to.equal('home');
    present = signedIn();
    expect((await comeBack(state, '&error=access_denied')).text).to.equal('home');
    for (const forged of ['', 'x', '//evil.test', `${state.slice(0, -4)}AAAA`, `${state}&state=${state}`])
      expect((await comeBack(forged)).text, forged).to.equal('home');
    clock.advance({ days: 2 });
    present = signedIn();
    expect((await comeBack(state)).text, 'after two days').to.equal('home');
  });

  it('begins again at the first page after a form, which cannot be sent twice', async () => {
    const asked = await new Browser().follow(
      await new Browser().request(`${url}/account/services/withdraw`, { method: 'POST', body: 'x=1' }),
    );
    present = signedIn();
    expect((await comeBack(stateOf(asked))).url.pathname).to.equal('/account/services');
  });

  it('seals no address of another host, whatever the request line names', async () => {
    for (const target of ['http://evil.test/account', '//evil.test/account', '/\\evil.test/account']) {
      present = undefined;
      const location = await new Promise<string>((resolve, reject) => {
        rawRequest({ host: '127.0.0.1', port: new URL(url).port, path: target }, (answer) => {
          answer.resume();
          resolve(answer.headers.location ?? '');
        })
          .on('error', reject)
          .end();
      });
      present = signedIn();
      const back = await new Browser().request(
        `${url}/portal/return?state=${new URL(location, url).searchParams.get('state') ?? ''}`,
      );
      expect(new URL(back.headers.get('location') ?? '', url).origin, target).to.equal(url);
    }
  });
});
