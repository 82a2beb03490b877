import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { describeByApache, startApache, type Apache } from '../support/apache.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { CHROMIUM, describeInChromium } from '../support/chromium.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { registerExample, SECRET } from './registration.ts';

const SITE = fileURLToPath(new URL('../../examples/apache/siapkerja.conf', import.meta.url));

/** An application that trusts what Apache says of its visitors, and shows it. */
async function startApplication(): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const headersOn = async (page: Page): Promise<IncomingHttpHeaders> =>
  JSON.parse((await page.locator('pre').textContent()) ?? '') as IncomingHttpHeaders;

// The module asks to sign in only where a browser says that it navigates: it has to be a real one.
describeByApache('Examples: Apache with mod_auth_openidc', () => {
  describeInChromium('in a browser', () => {
    let app: TestApp;
    let application: { server: Server; url: string };
    let apache: Apache;
    let chrome: Browser;
    let citizen: Citizen;
    let accountId: AccountId;

    before(async () => {
      app = await startTestApp();
      application = await startApplication();
      const port = await freePort();
      const clientId = await registerExample(app, 'apache', { type: 'web', port });
      apache = await startApache({
        port,
        site: SITE,
        variables: {
          ISSUER: app.url,
          CLIENT_ID: clientId,
          CLIENT_SECRET: SECRET,
          SESSION_SECRET: 'panjang-dan-acak-untuk-pengujian',
          HOME_URL: `http://localhost:${port}`,
          APPLICATION: application.url,
        },
      });
      chrome = await chromium.launch(CHROMIUM);
    });
    after(async () => {
      await chrome.close();
      await apache.close();
      application.server.close();
      await app.close();
    });
    beforeEach(async () => {
      citizen = somebody();
      accountId = await addAccount(app, citizen);
    });
    afterEach(async () => {
      await Promise.all(chrome.contexts().map((context) => context.close()));
    });

    async function signedIn(): Promise<Page> {
      const page = await (await chrome.newContext()).newPage();
      await page.goto(`${apache.url}/halaman?nomor=7`);
      await page.locator('#identifier').fill(citizen.nik);
      await page.locator('#password').fill(citizen.password);
      await page.locator('#password').press('Enter');
      await page.waitForURL(`${apache.url}/halaman?nomor=7`);
      return page;
    }

    it('leads whoever comes to the sign-in and back to the page they wanted, and tells the application who they are', async () => {
      const page = await signedIn();
      expect(await headersOn(page), await apache.errors()).to.include({
        oidc_claim_sub: accountId,
        oidc_claim_name: citizen.name,
        oidc_claim_email: citizen.email,
      });
    });

    it('leads whoever is signed in on where the same answer comes again', async () => {
      const page = await (await chrome.newContext()).newPage();
      const answers: string[] = [];
      page.on('request', (request) => {
        if (request.url().startsWith(`${apache.url}/oidc/callback?`)) answers.push(request.url());
      });
      await page.goto(`${apache.url}/halaman?nomor=7`);
      await page.locator('#identifier').fill(citizen.nik);
      await page.locator('#password').fill(citizen.password);
      await page.locator('#password').press('Enter');
      await page.waitForURL(`${apache.url}/halaman?nomor=7`);
      await page.goto(answers[0]!);
      expect(page.url()).to.equal(`${apache.url}/halaman?nomor=7`);
      expect(await headersOn(page)).to.include({ oidc_claim_sub: accountId });
    });

    it('lets nobody tell the application that they are somebody', async () => {
      const liar = { oidc_claim_sub: 'seseorang', 'oidc-claim-sub': 'seseorang' };
      expect((await fetch(apache.url, { headers: liar, redirect: 'manual' })).status).to.equal(401);
      const page = await signedIn();
      await page.setExtraHTTPHeaders(liar);
      await page.goto(apache.url);
      const headers = await headersOn(page);
      expect(Object.values(headers)).not.to.include('seseorang');
      expect(headers).to.include({ oidc_claim_sub: accountId });
    });

    it('ends its session when the person signs out elsewhere, and that of no other browser', async () => {
      const [here, other] = [await signedIn(), await signedIn()];
      await here.goto(`${app.url}/session/end`);
      await here.getByRole('button', { name: 'Ya, keluar' }).click();
      await here.waitForURL(/session\/end\/success/);
      await app.container.logouts.drain();
      expect(await app.database.knex('logout_notices').select('state', 'attempts')).to.deep.include({
        state: 'delivered',
        attempts: 1,
      });
      await here.goto(apache.url);
      expect(new URL(here.url()).origin, 'signed out').to.equal(app.url);
      await other.goto(apache.url);
      expect(await headersOn(other), 'signed in').to.include({ oidc_claim_sub: accountId });
    });

    it('signs out at the sign-on, from a link of the application', async () => {
      const page = await signedIn();
      await page.goto(`${apache.url}/oidc/callback?logout=${encodeURIComponent(`${apache.url}/`)}`);
      await page.getByRole('button', { name: 'Ya, keluar' }).click();
      // Home is behind Apache too: whoever comes there is asked to sign in.
      await page.locator('#identifier').waitFor();
    });
  });
});
