import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { startSampleService, type SampleService } from '../../src/dev/sample-service/server.ts';
import { karirhub, registered, skillhub } from './sample-clients.ts';
import { hidden, SmallBrowser, type Page } from './small-browser.ts';
import { startSmallSignOn, type SmallSignOn } from './small-sign-on.ts';

describe('Sample service: the end of a session', () => {
  let signOn: SmallSignOn;
  let service: SampleService;
  let browser: SmallBrowser;

  before(async () => {
    signOn = await startSmallSignOn();
    service = await startSampleService({ issuer: signOn.issuer, port: 0, clients: [karirhub, skillhub] });
    signOn.open(registered(service));
  });

  after(async () => {
    await service.close();
    await signOn.close();
  });

  beforeEach(() => {
    browser = new SmallBrowser();
  });

  const at = (path: string): string => `${service.url}${path}`;
  const claim = (page: Page, name: string): string | undefined =>
    new RegExp(`data-claim="${name}">([^<]*)`).exec(page.text)?.[1];
  const isSignedIn = async (who = browser, path = '/'): Promise<boolean> =>
    (await who.ask(at(path))).text.includes('data-claim="sub"');

  describe('signing out', () => {
    const signOut = (page: Page): Promise<Page> =>
      browser.open(at('/sign-out'), { form: { csrf: hidden(page, 'csrf') } });

    it('ends the session here and at the sign-on, and comes back', async () => {
      const question = await signOut(await browser.open(at('/sign-in')));
      expect(await isSignedIn()).to.equal(false);
      expect(question.url.searchParams.has('id_token_hint')).to.equal(true);
      const home = await browser.open(`${signOn.issuer}/session/end/confirm`, {
        form: { xsrf: hidden(question, 'xsrf'), logout: 'yes' },
      });
      expect(home.url.origin + home.url.pathname).to.equal(at('/'));
      expect(home.text).to.include('Anda sudah keluar');
    });

    it('ends the session of the other service through the back channel', async () => {
      const page = await browser.open(at('/sign-in'));
      await browser.open(at('/skillhub/sign-in'));
      const question = await signOut(page);
      expect(await isSignedIn(browser, '/skillhub')).to.equal(true);
      await browser.open(`${signOn.issuer}/session/end/confirm`, {
        form: { xsrf: hidden(question, 'xsrf'), logout: 'yes' },
      });
      expect(await isSignedIn(browser, '/skillhub')).to.equal(false);
    });

    it('does nothing for a form of another page', async () => {
      await browser.open(at('/sign-in'));
      for (const csrf of ['', 'A'.repeat(43)])
        expect((await browser.ask(at('/sign-out'), { csrf })).status).to.equal(403);
      expect(await isSignedIn()).to.equal(true);
    });

    it('says nothing of a sign-out that did not begin here', async () => {
      expect((await browser.ask(at('/?state=made-up'))).text).not.to.include('Anda sudah keluar');
    });
  });

  describe('back-channel logout', () => {
    const send = (token: string): Promise<Page> =>
      new SmallBrowser().ask(at('/backchannel-logout'), { logout_token: token });
    const sidOf = async (): Promise<string> => claim(await browser.open(at('/sign-in')), 'sid')!;

    it('ends the session that is named and no other', async () => {
      const sid = await sidOf();
      const elsewhere = new SmallBrowser();
      await elsewhere.open(at('/sign-in'));
      const answer = await send(await signOn.logoutToken('karirhub', { payload: { sid } }));
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('cache-control')).to.equal('no-store');
      expect(await isSignedIn()).to.equal(false);
      expect(await isSignedIn(elsewhere)).to.equal(true);
    });

    it('ends every session of a subject where no session is named', async () => {
      await sidOf();
      const elsewhere = new SmallBrowser();
      await elsewhere.open(at('/sign-in'));
      expect((await send(await signOn.logoutToken('karirhub'))).status).to.equal(200);
      expect([await isSignedIn(), await isSignedIn(elsewhere)]).to.deep.equal([false, false]);
    });

    it('takes a token once', async () => {
      const token = await signOn.logoutToken('karirhub', { payload: { sub: 'somebody-else' } });
      expect((await send(token)).status).to.equal(200);
      const again = await send(token);
      expect(again.status).to.equal(400);
      expect(again.headers.get('cache-control')).to.equal('no-store');
    });

    const now = Math.floor(Date.now() / 1000);
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const forged: Record<string, Parameters<SmallSignOn['logoutToken']>[1]> = {
      'signed by a stranger': { key: stranger },
      'of another issuer': { payload: { iss: 'https://issuer.contoh.test' } },
      'for another service': { payload: { aud: 'skillhub' } },
      'of another kind': { typ: 'JWT' },
      'with a nonce': { payload: { nonce: 'n' } },
      'without the event': { payload: { events: { 'https://contoh.test/other': {} } } },
      'with an event that is no object': {
        payload: { events: { 'http://schemas.openid.net/event/backchannel-logout': true } },
      },
      'without an id': { payload: { jti: undefined } },
      'without a time': { payload: { iat: undefined } },
      'made long ago': { payload: { iat: now - 3600 } },
      'of the future': { payload: { iat: now + 3600, exp: now + 7200 } },
      'run out': { payload: { exp: now - 120 } },
      'that names nobody': { payload: { sub: undefined } },
    };
    for (const [what, token] of Object.entries(forged)) {
      it(`refuses a token ${what}`, async () => {
        await browser.open(at('/sign-in'));
        expect((await send(await signOn.logoutToken('karirhub', token))).status).to.equal(400);
        expect(await isSignedIn()).to.equal(true);
      });
    }

    it('refuses what is no token at all', async () => {
      const unsigned = `${Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString('base64url')}.e30.`;
      for (const token of ['', 'x', unsigned]) expect((await send(token)).status, token).to.equal(400);
    });
  });
});
