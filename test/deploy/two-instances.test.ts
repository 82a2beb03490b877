import { expect } from 'chai';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { addAccount } from '../support/accounts.ts';
import { addClient } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { citizens, somebody } from '../support/citizens.ts';
import { createInstances, type Instances } from '../support/instances.ts';
import { enterCode, giveContact, goOn, proveIdentity, signIn } from '../support/journeys.ts';
import { hasNginx, startNginx, type Proxy } from '../support/nginx.ts';
import { hasRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

/** Of a province that does not exist, like those that begin with 99, which production refuses. */
const dewi = { ...citizens.ratna, nik: '9801014101900002', name: 'Dewi Contoh Ratna', email: 'dewi@contoh.id' };
/** How many ask at the same time. */
const ASKING = 3;
const someone = somebody({ email: 'warga@contoh.id' });

(hasRedis() && hasNginx() ? describe : describe.skip)(
  'Two instances in production, behind nginx as deploy/ has it',
  function () {
    this.timeout(120_000);
    const trusted = getCACertificates('default');
    let instances: Instances;
    let proxy: Proxy;
    let karirhub: RelyingParty;

    before(async () => {
      instances = await createInstances(dewi);
      const { all, authority, certificate, core, issuer, port } = instances;
      setDefaultCACertificates([...trusted, authority.cert]);
      await Promise.all(all.map((instance) => instance.start()));
      proxy = await startNginx({ port, instances: all.map((instance) => instance.port), certificate });
      karirhub = await createRelyingParty(
        { url: issuer, addClient: (client) => addClient(core, client) },
        { further: { first_party: true } },
      );
      await addAccount({ container: core }, someone);
    });
    after(async () => {
      setDefaultCACertificates(trusted);
      await proxy.close();
      await instances.close();
    });

    /** Asks without pause until told to stop. @returns how often each status came. */
    function askingOn(request: () => Promise<Response>): () => Promise<ReadonlyMap<number, number>> {
      const seen = new Map<number, number>();
      let goes = true;
      const asking = Array.from({ length: ASKING }, async () => {
        while (goes) {
          const { status } = await request();
          seen.set(status, (seen.get(status) ?? 0) + 1);
        }
      });
      return async () => {
        goes = false;
        await Promise.all(asking);
        return seen;
      };
    }
    const wrongCode = (): Promise<Response> =>
      fetch(`${instances.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${karirhub.id}:${karirhub.secret}`)}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: 'c'.repeat(43),
          redirect_uri: `${karirhub.origin}/cb`,
          code_verifier: 'v'.repeat(43),
        }),
      });
    const signInOf = async (browser = new Browser()): Promise<Page> => {
      const { page, request } = await visit(browser, karirhub);
      const home = await signIn(browser, page, someone.email, someone.password);
      expect(isHome(home, karirhub), home.text.slice(0, 200)).to.equal(true);
      await karirhub.receive(home, request);
      return home;
    };

    it('register a citizen by turns, and one of them stops in the middle without dropping a request', async () => {
      const [first, second] = instances.all;
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub, { prompt: 'create' });
      const contact = await proveIdentity(browser, page, dewi);
      expect(contact.url.pathname).to.match(/register\/contact$/);

      const stopAsking = askingOn(wrongCode);
      const stopped = first.stop();
      const code = await giveContact(browser, contact, dewi);
      expect(await stopped, first.output.slice(-500)).to.equal(0);
      const answers = await stopAsking();
      // Both are there again for whatever comes, also where this one fails.
      await first.start();
      const other = [...answers].reduce((sum, [status, count]) => sum + (status === 400 ? 0 : count), 0);
      // nginx repeats no POST that it has sent already: each connection has to end with an answer.
      expect(
        other,
        `other answers than to a wrong code: ${JSON.stringify([...answers])}\n${(await proxy.accessLog()).filter((line) => / 50\d$/.test(line)).join('\n')}`,
      ).to.equal(0);

      const finished = await enterCode(browser, code, await instances.codeFor(dewi.phone));
      const home = await goOn(browser, finished);
      expect((await karirhub.receive(home, request)).claims.name).to.equal(dewi.name);

      const before = (await proxy.accessLog()).length;
      await until('the proxy sends requests to both again', async () => {
        await wrongCode();
        const served = (await proxy.accessLog()).slice(before);
        return [first, second].every(({ port }) => served.some((line) => line.endsWith(` 127.0.0.1:${port} 400`)));
      });
    });

    it('stop as they should from the moment at which they say that they are ready', async () => {
      const [first] = instances.all;
      expect(await first.stop()).to.equal(0);
      await first.start();
      expect(await first.stop()).to.equal(0);
      const seconds = [...first.output.matchAll(/"seconds":(\d+),"msg":"stopped"/g)].map(([, number]) =>
        Number(number),
      );
      expect(seconds.at(-1), 'others are told first, for DRAIN_DELAY_SECONDS').to.be.at.least(1);
      await first.start();
    });

    it('go on when one is killed: whoever was signed in, stays', async () => {
      const [first, second] = instances.all;
      const browser = new Browser();
      await signInOf(browser);
      // A service that verifies tokens has asked for the keys some time.
      await fetch(`${instances.issuer}/jwks`);
      await second.kill();
      const { page } = await visit(browser, karirhub);
      expect(isHome(page, karirhub), 'single sign-on').to.equal(true);
      await signInOf();
      await first.kill();
    });

    describe('while none is there', () => {
      it('a person reads what to do, in two languages', async () => {
        const { status, headers, text } = await new Browser().open(`${instances.issuer}/interaction/somewhere?state=1`);
        expect([status, headers.get('retry-after'), headers.get('cache-control')]).to.deep.equal([
          503,
          '10',
          'no-store',
        ]);
        expect(text).to.include('SIAPkerja ID sedang terganggu').and.include('out of order');
      });

      it('a service gets a word that its library knows', async () => {
        const answer = await wrongCode();
        expect([
          answer.status,
          answer.headers.get('retry-after'),
          ((await answer.json()) as { error: string }).error,
        ]).to.deep.equal([503, '10', 'temporarily_unavailable']);
      });

      it('services go on verifying tokens: discovery and keys are kept', async () => {
        const discovery = await fetch(`${instances.issuer}/.well-known/openid-configuration`);
        expect([discovery.status, ((await discovery.json()) as { issuer: string }).issuer]).to.deep.equal([
          200,
          instances.issuer,
        ]);
        const keys = await fetch(`${instances.issuer}/jwks`);
        expect([keys.status, keys.headers.get('cache-control')]).to.deep.equal([200, 'public, max-age=300']);
        expect(
          (await fetch(`${instances.issuer}/jwks`, { headers: { 'accept-encoding': 'identity' } })).status,
          'a library that unpacks nothing',
        ).to.equal(200);
      });

      it('and everything is as it was when they are back', async () => {
        await Promise.all(instances.all.map((instance) => instance.start()));
        // For two seconds nginx takes them for gone.
        await until('the proxy sends requests again', async () => (await wrongCode()).status === 400);
        await signInOf();
      });
    });

    describe('after all of this', () => {
      it('write no query and no secret into any log', async () => {
        const written = `${await proxy.everything()}${instances.all.map(({ output }) => output).join('')}`;
        expect(written)
          .to.include('GET /auth')
          .and.not.match(/state=|code_challenge|login_hint|rahasia|postgres:\/\//);
        for (const { nik, email, phone } of [dewi, someone])
          for (const personal of [nik, email, phone.slice(1)]) expect(written).not.to.include(personal);
      });
    });
  },
);
