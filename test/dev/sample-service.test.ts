import { expect } from 'chai';
import { startSampleService, type SampleService } from '../../src/dev/sample-service/server.ts';
import { karirhub, registered, scope, skillhub } from './sample-clients.ts';
import { SmallBrowser, type Page } from './small-browser.ts';
import { person, startSmallSignOn, type SmallSignOn } from './small-sign-on.ts';

describe('Sample service', () => {
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
    signOn.answerWith();
  });

  const at = (path: string): string => `${service.url}${path}`;
  const claim = (page: Page, name: string): string | undefined =>
    new RegExp(`data-claim="${name}">([^<]*)`).exec(page.text)?.[1];
  const isSignedIn = async (who = browser, path = '/'): Promise<boolean> =>
    (await who.ask(at(path))).text.includes('data-claim="sub"');
  /** A sign-in up to the moment at which the browser would go back to the service. */
  const signInUpToCallback = async (path = '/sign-in', who = browser): Promise<URL> =>
    (await who.open(at(path), { stop: ({ pathname }) => pathname.endsWith('/callback') })).url;

  it('says politely that the sign-on is not up, and needs no restart once it is', async () => {
    const late = await startSmallSignOn();
    const early = await startSampleService({ issuer: late.issuer, port: 0, clients: [karirhub] });
    const page = await browser.open(`${early.url}/sign-in`);
    expect(page.status).to.equal(503);
    expect(page.text).to.include('SIAPkerja belum dapat dihubungi').and.to.include('href="/sign-in"');
    late.open(registered(early));
    expect((await browser.open(`${early.url}/sign-in`)).text).to.include('data-claim="sub"');
    await early.close();
    await late.close();
  });

  describe('front page', () => {
    it('offers to sign in and to register, marked as a sample', async () => {
      const page = await browser.ask(at('/'));
      expect(page.text)
        .to.include('Masuk dengan SIAPkerja')
        .and.to.include('Daftar lewat SIAPkerja')
        .and.to.include('Situs contoh');
    });

    it('is Indonesian first, whatever language the browser was sold in', async () => {
      expect((await new SmallBrowser('en-US,en;q=0.9').ask(at('/'))).text).to.include('Masuk dengan SIAPkerja');
    });

    it('allows neither script nor frame and is kept by nobody', async () => {
      const { headers, text } = await browser.ask(at('/'));
      expect(headers.get('content-security-policy'))
        .to.include("default-src 'none'")
        .and.to.include("frame-ancestors 'none'")
        .and.not.to.include('unsafe');
      expect(headers.get('cache-control')).to.equal('no-store');
      expect(text).not.to.match(/<script|style=/);
    });

    it('speaks the language chosen, and asks the sign-on for it', async () => {
      const page = await browser.open(at('/skillhub?lang=en'));
      expect(page.text).to.include('Sign in with SIAPkerja').and.to.include('<html lang="en">');
      const { headers } = await browser.ask(at('/sign-in'));
      expect(new URL(headers.get('location')!).searchParams.get('ui_locales')).to.equal('en');
    });

    it('leads whoever asks by another host name to its own', async () => {
      const { status, headers } = await browser.ask(at('/skillhub?lang=id').replace('localhost', '127.0.0.1'));
      expect(status).to.equal(302);
      expect(headers.get('location')).to.equal(at('/skillhub?lang=id'));
    });

    it('has a page for addresses that lead nowhere', async () => {
      const page = await browser.ask(at('/skillhub/nothing'));
      expect(page.status).to.equal(404);
      expect(page.text).to.include('Skillhub (contoh)');
    });
  });

  describe('signing in', () => {
    it('asks for a code with PKCE, state and nonce, new each time', async () => {
      const [first, second] = [await browser.ask(at('/sign-in')), await browser.ask(at('/sign-in'))].map(
        ({ headers }) => new URL(headers.get('location')!).searchParams,
      );
      expect(Object.fromEntries(first!)).to.include({
        response_type: 'code',
        code_challenge_method: 'S256',
        client_id: 'karirhub',
        redirect_uri: at('/callback'),
        scope,
      });
      for (const name of ['state', 'nonce', 'code_challenge'])
        expect(first!.get(name), name)
          .to.match(/^[\w-]{43}$/)
          .and.not.to.equal(second!.get(name));
    });

    it('asks for registration where that was chosen', async () => {
      const { headers } = await browser.ask(at('/register'));
      expect(new URL(headers.get('location')!).searchParams.get('prompt')).to.equal('create');
    });

    it('ends at the front page with every claim received, escaped', async () => {
      const page = await browser.open(at('/sign-in'));
      expect(page.url.href).to.equal(at('/'));
      expect(claim(page, 'sub')).to.equal(person.sub);
      expect(claim(page, 'email')).to.equal(person.email);
      expect(claim(page, 'phone_number')).to.equal(person.phone_number);
      expect(claim(page, 'acr')).to.equal('urn:contoh:1');
      expect(page.text).to.include('SITI &lt;b&gt;CONTOH&lt;/b&gt;').and.not.to.include('<b>CONTOH');
    });

    it('keeps the two services apart, each with a sign-in of its own', async () => {
      await browser.open(at('/sign-in'));
      expect(await isSignedIn(browser, '/skillhub')).to.equal(false);
      expect((await browser.open(at('/skillhub/sign-in'))).url.href).to.equal(at('/skillhub'));
      expect(await isSignedIn(browser, '/skillhub')).to.equal(true);
    });

    it('brings two tabs home that finish in the other order', async () => {
      await browser.ask(at('/'));
      const [first, second] = [await browser.ask(at('/sign-in')), await browser.ask(at('/sign-in'))].map(
        ({ headers }) => headers.get('location')!,
      );
      const stop = ({ pathname }: URL): boolean => pathname === '/callback';
      for (const tab of [second!, first!]) {
        const callback = (await browser.open(tab, { stop })).url;
        expect((await browser.ask(callback)).status).to.equal(303);
      }
      expect(await isSignedIn()).to.equal(true);
    });

    it('lets two tabs begin at the same moment', async () => {
      await browser.ask(at('/'));
      const callbacks = (await Promise.all([browser.ask(at('/sign-in')), browser.ask(at('/sign-in'))])).map(
        ({ headers }) => headers.get('location')!,
      );
      for (const tab of callbacks) expect((await browser.open(tab)).text).to.include('data-claim="sub"');
    });

    it('never takes over a session id that the browser brought along', async () => {
      browser.plant('karirhub_session', 'chosen-by-somebody-else');
      await browser.open(at('/sign-in'));
      const first = browser.cookie('karirhub_session');
      await browser.open(at('/sign-in'));
      const mallory = new SmallBrowser();
      for (const id of ['chosen-by-somebody-else', first!]) {
        mallory.plant('karirhub_session', id);
        expect(await isSignedIn(mallory)).to.equal(false);
      }
    });
  });

  describe('answers that are not accepted', () => {
    it('leads whoever is signed in on when the same answer comes again, and takes nothing of it', async () => {
      const callback = await signInUpToCallback();
      expect((await browser.ask(callback)).status).to.equal(303);
      const before = browser.cookie('karirhub_session');
      for (const state of [callback.searchParams.get('state')!, 'A'.repeat(43)]) {
        callback.searchParams.set('state', state);
        const again = await browser.ask(callback);
        expect([again.status, again.headers.get('location')]).to.deep.equal([303, '/']);
      }
      expect(await isSignedIn()).to.equal(true);
      expect(browser.cookie('karirhub_session')).to.equal(before);
    });

    it('refuses a state that nobody gave out', async () => {
      const callback = await signInUpToCallback();
      callback.searchParams.set('state', 'A'.repeat(43));
      const page = await browser.ask(callback);
      expect(page.status).to.equal(400);
      expect(page.text).to.include('tidak berlaku lagi').and.to.include('Coba lagi');
      expect(await isSignedIn()).to.equal(false);
    });

    it('refuses the state of another browser, which can still be used there', async () => {
      const callback = await signInUpToCallback();
      const victim = new SmallBrowser();
      await victim.ask(at('/'));
      expect((await victim.ask(callback)).status).to.equal(400);
      expect(await isSignedIn(victim)).to.equal(false);
      expect((await browser.ask(callback)).status).to.equal(303);
    });

    it('refuses the state of the other service', async () => {
      const callback = await signInUpToCallback();
      callback.pathname = '/skillhub/callback';
      expect((await browser.ask(callback)).status).to.equal(400);
    });

    const changes: Record<string, (query: URLSearchParams) => void> = {
      'another issuer': (query) => {
        query.set('iss', 'https://issuer.contoh.test');
      },
      'no issuer': (query) => {
        query.delete('iss');
      },
      'neither code nor error': (query) => {
        query.delete('code');
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      it(`refuses an answer with ${what}`, async () => {
        const callback = await signInUpToCallback();
        change(callback.searchParams);
        const page = await browser.ask(callback);
        expect(page.status).to.equal(400);
        expect(page.text).to.include('tidak dapat memastikan');
        expect(await isSignedIn()).to.equal(false);
      });
    }

    it('refuses the code of another sign-in', async () => {
      const [mine, other] = [await signInUpToCallback(), await signInUpToCallback()];
      mine.searchParams.set('code', other.searchParams.get('code')!);
      const page = await browser.ask(mine);
      expect(page.status).to.equal(400);
      expect(page.text).to.include('<code>invalid_grant</code>');
    });
  });

  describe('a sign-in that ends without a person', () => {
    it('says that it was cancelled and offers to try again', async () => {
      signOn.answerWith('access_denied');
      const page = await browser.open(at('/skillhub/sign-in'));
      expect(page.status).to.equal(403);
      expect(page.text).to.include('Proses masuk dibatalkan').and.to.include('href="/skillhub/sign-in"');
    });

    it('shows the code of any other error', async () => {
      signOn.answerWith('login_required');
      const page = await browser.open(at('/sign-in'));
      expect(page.status).to.equal(400);
      expect(page.text).to.include('<code>login_required</code>');
    });
  });

  it('forgets an unfinished sign-in after a day and a session after eight hours', async () => {
    let hours = 0;
    const clock = { now: () => new Date(Date.UTC(2026, 0, 1, hours)) };
    const another = await startSmallSignOn();
    const forgetful = await startSampleService({ issuer: another.issuer, port: 0, clients: [karirhub], clock });
    another.open(registered(forgetful));
    const stop = ({ pathname }: URL): boolean => pathname === '/callback';
    const [late, inTime] = [
      (await browser.open(`${forgetful.url}/sign-in`, { stop })).url,
      await browser.open(`${forgetful.url}/sign-in`),
    ];
    expect(inTime.text).to.include('data-claim="sub"');
    hours = 8;
    expect((await browser.ask(forgetful.url)).text).not.to.include('data-claim="sub"');
    hours = 24;
    expect((await browser.ask(late)).status).to.equal(400);
    await forgetful.close();
    await another.close();
  });

  it('does not start in production', async () => {
    const started = await startSampleService({
      issuer: signOn.issuer,
      port: 0,
      clients: [karirhub],
      environment: 'production',
    }).catch((error: unknown) => error);
    expect(started).to.be.an('error').with.property('message').that.includes('production');
  });
});
