import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { chromium, type Browser, type Page } from 'playwright-core';
import { startTestApp, type TestApp } from '../support/app.ts';
import { CHROMIUM, describeInChromium } from '../support/chromium.ts';

/**
 * What a browser does by itself, and our own that reads pages does not: it holds the forms to the policy of the page.
 */
describeInChromium('A sign-in at the sandbox, by hand in a browser', function () {
  this.timeout(60_000);
  let app: TestApp;
  let service: Server;
  let home: string;
  let browser: Browser;
  before(async () => {
    app = await startTestApp();
    service = createServer((_request, response) => response.end('Halo'));
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    home = `http://localhost:${(service.address() as AddressInfo).port}/cb`;
    await app.addClient({
      type: 'spa',
      metadata: {
        client_id: 'rp',
        client_name: 'Layanan Uji',
        redirect_uris: ['https://rp.test/cb'],
        test_redirect_uris: [home],
        scope: 'openid profile',
        token_endpoint_auth_method: 'none',
      },
    });
    browser = await chromium.launch(CHROMIUM);
  });
  after(async () => {
    await browser.close();
    await new Promise((resolve) => service.close(resolve));
    await app.close();
  });

  async function begin(): Promise<{ page: Page; complaints: string[] }> {
    const page = await (
      await browser.newContext({ viewport: { width: 360, height: 740 }, locale: 'id-ID', reducedMotion: 'reduce' })
    ).newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text());
    });
    const query = new URLSearchParams({
      client_id: 'rp',
      redirect_uri: home,
      response_type: 'code',
      scope: 'openid profile',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
      state: 'keadaan',
    });
    await page.goto(`${app.url}/sandbox/auth?${query.toString()}`);
    return { page, complaints };
  }
  const ways: readonly [string, (page: Page) => Promise<void>, string][] = [
    [
      'allows it',
      async (page) => {
        await page.click('button[value=ordinary]');
        await page.click('button[value=allow]');
      },
      'code',
    ],
    [
      'refuses it',
      async (page) => {
        await page.click('button[value=ordinary]');
        await page.click('button[value=deny]');
      },
      'error',
    ],
    [
      'goes back without it',
      async (page) => {
        await page.click('form[action$="/cancel"] button');
      },
      'error',
    ],
  ];
  it('keeps name and tagline apart on a desktop, also where both ribbons stand above them', async () => {
    const { page } = await begin();
    await page.setViewportSize({ width: 1280, height: 800 });
    const gap = await page.evaluate(() => {
      const development = document.createElement('p');
      development.className = 'ribbon';
      development.textContent = 'Lingkungan pengembangan. Semua data di sini rekaan.';
      document.querySelector('.ribbon--sandbox')!.after(development);
      return (
        document.querySelector('.tagline')!.getBoundingClientRect().top -
        document.querySelector('.focus__top .bar')!.getBoundingClientRect().bottom
      );
    });
    expect(gap).to.be.at.least(0);
  });

  for (const [what, go, parameter] of ways) {
    it(`comes home to the service whoever ${what}`, async () => {
      const { page, complaints } = await begin();
      await go(page);
      await page.waitForURL((url) => url.href.startsWith(`${home}?`), { timeout: 10_000 });
      expect(new URL(page.url()).searchParams.has(parameter), page.url()).to.equal(true);
      expect(complaints).to.deep.equal([]);
    });
  }
});
