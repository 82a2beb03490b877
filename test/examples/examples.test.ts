import { expect } from 'chai';
import { chromium } from 'playwright-core';
import { addAccount } from '../support/accounts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { CHROMIUM, describeInChromium } from '../support/chromium.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { readText } from '../support/imports.ts';
import { signIn } from '../support/journeys.ts';
import { startExample, type Example } from './example.ts';
import { registerExample, SECRET } from './registration.ts';

describe('Examples', () => {
  let app: TestApp;
  let citizen: Citizen;
  const running: Example[] = [];

  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());
  beforeEach(async () => {
    citizen = somebody();
    await addAccount(app, citizen);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((example) => example.close()));
  });

  const start = async (path: string, port: number, clientId: string): Promise<Example> => {
    const settings = { ISSUER: app.url, CLIENT_ID: clientId, CLIENT_SECRET: SECRET };
    const example = await startExample({
      command: process.execPath,
      args: [path],
      port,
      settings,
      ready: path === 'device/device.js' ? undefined : /http:\/\/localhost/,
    });
    running.push(example);
    return example;
  };

  it('express signs in, and out when the person signs out elsewhere', async () => {
    const port = await freePort();
    const example = await start(
      'express/server.js',
      port,
      await registerExample(app, 'express', { type: 'web', port }),
    );
    const browser = new Browser();
    const login = await browser.open((await browser.open(example.url)).link('Masuk dengan SIAPkerja'));
    expect(login.text).to.include('Contoh Express');
    const back = await signIn(browser, login, citizen.nik, citizen.password);
    expect(back.url.href).to.equal(`${example.url}/`);
    expect(back.text).to.include(`Halo, ${citizen.name}`).and.include(citizen.email);

    const elsewhere = await browser.open(`${app.url}/session/end`);
    await browser.submit(elsewhere, 'logout');
    await app.container.logouts.drain();
    expect((await browser.open(example.url)).text).to.include('Masuk dengan SIAPkerja');
  });

  it('express takes it in its stride when the person goes back without signing in', async () => {
    const port = await freePort();
    const example = await start(
      'express/server.js',
      port,
      await registerExample(app, 'express', { type: 'web', port }),
    );
    const browser = new Browser();
    const login = await browser.open(`${example.url}/login`);
    const back = await browser.open(login.link('Kembali ke Contoh Express'));
    expect(back.url.href).to.equal(`${example.url}/`);
    expect(back.text).to.include('Masuk dengan SIAPkerja');
  });

  it('express leads whoever is signed in on where the same answer comes again', async () => {
    const port = await freePort();
    const example = await start(
      'express/server.js',
      port,
      await registerExample(app, 'express', { type: 'web', port }),
    );
    const browser = new Browser({ foreign: ({ pathname }) => pathname === '/callback' });
    const answer = (await signIn(browser, await browser.open(`${example.url}/login`), citizen.nik, citizen.password))
      .url;
    for (const _time of [1, 2, 3]) {
      const home = await browser.follow(await browser.request(answer));
      expect([home.status, home.url.href], home.text).to.deep.equal([200, `${example.url}/`]);
      expect(home.text).to.include(`Halo, ${citizen.name}`);
    }
  });

  it('device greets whoever signed in on the phone', async () => {
    const example = await start('device/device.js', 0, await registerExample(app, 'device', { type: 'native' }));
    const [, address = '', code = ''] = await example.prints(/Buka (\S+) di ponsel Anda, lalu isi kode (\S+)/);
    const phone = new Browser();
    const compare = await phone.submit(await phone.open(address), 'user_code', { user_code: code });
    await signIn(phone, await phone.submit(compare, 'user_code', { confirm: 'yes' }), citizen.email, citizen.password);
    await example.prints(new RegExp(`Halo, ${citizen.name}`));
  });

  it('name the versions of the libraries that they are tested with', () => {
    const { devDependencies, dependencies } = JSON.parse(readText('package.json')) as Record<
      string,
      Record<string, string>
    >;
    for (const name of ['express', 'spa', 'device', 'sveltekit']) {
      const own = JSON.parse(readText(`examples/${name}/package.json`)) as Partial<
        Record<'dependencies' | 'devDependencies', Record<string, string>>
      >;
      for (const [library, version] of Object.entries({ ...own.dependencies, ...own.devDependencies }))
        expect({ ...devDependencies, ...dependencies }[library], library).to.equal(version);
    }
  });

  describeInChromium('in a browser', () => {
    it('spa signs in and out, and keeps no token in the browser', async () => {
      const port = await freePort();
      const home = `http://localhost:${port}/`;
      await start('spa/serve.js', port, await registerExample(app, 'spa', { type: 'spa', port }));
      const chrome = await chromium.launch(CHROMIUM);
      try {
        const page = await chrome.newPage();
        await page.goto(home);
        await page.getByRole('button', { name: 'Masuk dengan SIAPkerja' }).click();
        await page.locator('#identifier').fill(citizen.nik);
        await page.locator('#password').fill(citizen.password);
        await page.locator('#password').press('Enter');
        await page.getByText(`Halo, ${citizen.name}`).waitFor();
        expect(page.url()).to.equal(home);
        expect(
          await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])),
        ).not.to.match(/access_token|id_token/);

        await page.getByRole('button', { name: 'Keluar' }).click();
        await page.getByRole('button', { name: 'Ya, keluar' }).click();
        await page.getByRole('button', { name: 'Masuk dengan SIAPkerja' }).waitFor();
      } finally {
        await chrome.close();
      }
    });
  });

  it('let no page but the app itself use its client', async () => {
    const asks = async (origin: string, clientId: string): Promise<string | null> => {
      const body = new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: clientId,
        code: 'x',
        redirect_uri: 'https://spa.test/cb',
        code_verifier: 'x'.repeat(43),
      });
      return (await fetch(`${app.url}/token`, { method: 'POST', headers: { origin }, body })).headers.get(
        'access-control-allow-origin',
      );
    };
    await app.addClient({
      type: 'spa',
      metadata: {
        client_id: 'hanya-spa',
        client_name: 'SPA',
        redirect_uris: ['https://spa.test/cb'],
        token_endpoint_auth_method: 'none',
      },
    });
    expect(await asks('https://spa.test', 'hanya-spa')).to.equal('https://spa.test');
    for (const origin of ['https://evil.test', 'https://spa.test.evil.test', 'http://spa.test', 'null'])
      expect(await asks(origin, 'hanya-spa'), origin).to.equal(null);
  });
});
