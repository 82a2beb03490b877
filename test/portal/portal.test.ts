import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';

const { budi } = citizens;

describe('The portal', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
    await addAccount(app, budi);
  });
  after(() => app.close());

  it('offers sign-in, registration and help to whoever comes', async () => {
    const browser = new Browser();
    const home = await browser.open(app.url);
    expect(home.status).to.equal(200);
    const login = await browser.open(home.link('Masuk'));
    expect(login.url.pathname).to.match(/^\/interaction\/[\w-]+\/login$/);
    expect(login.text).not.to.include('Kembali ke').and.not.to.include('siapkerja-portal');
    expect((await browser.open(home.link('Daftar'))).url.pathname).to.match(/\/register\/identity$/);
    for (const path of ['/help', '/terms', '/privacy']) {
      expect(home.html).to.include(`href="${path}"`);
      for (const lang of ['id', 'en']) {
        const page = await new Browser().open(`${app.url}${path}?lang=${lang}`);
        expect(page.status).to.equal(200);
        expect(page.headers.get('content-language')).to.equal(lang);
        expect(page.text.length, `${path} has something to say`).to.be.greaterThan(600);
      }
    }
  });

  it('is where one lands who types an address above the pages of the account', async () => {
    expect((await new Browser().open(`${app.url}/account`)).url.href).to.equal(`${app.url}/`);
  });

  it('greets who has signed in, and nobody else', async () => {
    const browser = new Browser();
    const home = await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), budi.nik, budi.password);
    expect(home.url.href).to.equal(`${app.url}/`);
    expect(home.text).to.include(budi.name).and.include('Keluar');
    expect(home.html).not.to.include(budi.nik).and.not.to.include(budi.email).and.not.to.include(budi.phone);
    expect((await new Browser().open(app.url)).text).not.to.include(budi.name);
    expect((await browser.open(`${app.url}/portal/sign-in`)).url.href, 'signed in already').to.equal(`${app.url}/`);
  });

  it('lists the services that are to be listed and are running, in the language of the page, harmlessly', async () => {
    const listing = { url: 'https://satu.contoh.test/masuk', id: 'Lowongan <b>kerja</b>', en: 'Job openings' };
    await app.addClient({
      metadata: {
        client_id: 'satu',
        client_name: '<script>alert(1)</script>',
        redirect_uris: ['https://satu.contoh.test/cb'],
      },
      listing,
    });
    await app.addClient({
      metadata: { client_id: 'dua', client_name: 'Layanan Diam', redirect_uris: ['https://dua.contoh.test/cb'] },
    });
    await app.addClient({
      metadata: { client_id: 'tiga', client_name: 'Layanan Berhenti', redirect_uris: ['https://tiga.contoh.test/cb'] },
      listing: { ...listing, url: 'https://tiga.contoh.test' },
    });
    await app.store.clients.update('tiga', { status: 'disabled' }, app.clock.now());
    const home = await new Browser().open(app.url);
    expect(home.text).to.include('<script>alert(1)</script>').and.include('Lowongan <b>kerja</b>');
    expect(home.html).not.to.include('<script>alert').and.not.to.include('<b>kerja');
    expect(home.link('satu.contoh.test')).to.equal(listing.url);
    expect(home.text).not.to.include('Layanan Diam').and.not.to.include('Layanan Berhenti');
    expect((await new Browser().open(`${app.url}/?lang=en`)).text).to.include('Job openings');
  });

  it('leads home whatever the sign-in says on its return, and repeats none of it', async () => {
    for (const query of [
      'code=x&state=y',
      'error=access_denied&error_description=<script>alert(2)</script>',
      'next=//evil.test',
    ]) {
      const home = await new Browser().open(`${app.url}/portal/return?${query}`);
      expect(home.url.href).to.equal(`${app.url}/`);
      expect(home.html).not.to.include('alert(2)').and.not.to.include('evil.test');
    }
  });

  it('throws its code away with the key to it: nobody can exchange what comes back', async () => {
    const browser = new Browser();
    const page = await browser.open(`${app.url}/portal/sign-in`);
    const answer = await browser.post(page, 'identifier', { identifier: budi.nik, password: budi.password });
    const code = new URL(answer.headers.get('location') ?? '', app.url).searchParams.get('code') ?? '';
    expect(code).not.to.equal('');
    const exchanged = await fetch(`${app.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'siapkerja-portal',
        code,
        redirect_uri: `${app.url}/portal/return`,
        code_verifier: 'x'.repeat(43),
      }),
    });
    expect(exchanged.status).to.equal(400);
  });
});
