import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';

describe('The language of a page', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  it('is Indonesian until somebody chooses, whatever the browser prefers', async () => {
    const page = await new Browser({ headers: { 'accept-language': 'en-GB,en;q=0.9' } }).open(`${app.url}/help`);
    expect(page.headers.get('content-language')).to.equal('id');
    expect(page.html).to.include('<html lang="id"');
  });

  it('changes with the link on every page, comes back to the same page, and stays', async () => {
    const browser = new Browser();
    const page = await browser.open(`${app.url}/help?a=1&b=2`);
    const english = await browser.open(page.link('English'));
    expect(english.headers.get('content-language')).to.equal('en');
    expect(english.url.pathname + english.url.search).to.equal('/help?a=1&b=2');
    expect((await browser.open(app.url)).headers.get('content-language')).to.equal('en');
    const back = await browser.open(english.link('Indonesia'));
    expect(back.headers.get('content-language')).to.equal('id');
  });

  it('is not changed by what is no language here', async () => {
    for (const query of [
      'lang=fr',
      'lang=',
      'lang=EN',
      'lang=en&lang=id',
      'lang[]=en',
      'lang=../en',
      'lang=__proto__',
      'lang=%00',
    ]) {
      const page = await new Browser().request(`${app.url}/help?${query}`);
      expect(page.status, query).to.equal(200);
      expect(page.headers.get('content-language'), query).to.equal('id');
    }
    for (const cookie of ['lang=fr', 'lang=constructor', 'lang=%00', 'lang=en; lang=fr']) {
      const page = await new Browser({ headers: { cookie } }).request(`${app.url}/help`);
      expect(page.headers.get('content-language'), cookie).to.be.oneOf(['id', 'en']);
    }
  });

  it('is not offered to be changed where there is but one', async () => {
    for (const path of ['/dev/outbox', '/dev/gallery'])
      expect((await new Browser().open(`${app.url}${path}`)).html, path).to.not.include('class="language"');
    expect((await new Browser().open(`${app.url}/help`)).html).to.include('class="language"');
  });

  it('leads away from no form: a POST keeps its address', async () => {
    const browser = new Browser();
    const page = await browser.open(`${app.url}/portal/sign-in`);
    const answer = await browser.request(`${page.url.href}?lang=en`, {
      method: 'POST',
      body: new URLSearchParams({ ...page.form('identifier').fields, identifier: '', password: '' }),
    });
    expect(answer.status).to.equal(422);
    expect(answer.headers.get('content-language')).to.equal('id');
    expect((await browser.open(answer.link('English'))).url.pathname).to.equal(page.url.pathname);
  });

  it('is what a service asks for where it is refused, unless the person chose another', async () => {
    const refused = `${app.url}/auth?client_id=tidak-ada&ui_locales=fr+en`;
    const browser = new Browser();
    const page = await browser.open(refused);
    expect(page.status).to.equal(400);
    expect(page.html).to.include('<html lang="en"');
    expect((await browser.open(page.link('Indonesia'))).html).to.include('<html lang="id"');
    expect((await browser.open(refused)).html, 'it stays').to.include('<html lang="id"');
  });

  it('is that of errors, too', async () => {
    const browser = new Browser();
    await browser.open(`${app.url}/?lang=en`);
    const page = await browser.open(`${app.url}/tidak-ada`);
    expect(page.status).to.equal(404);
    expect(page.html).to.include('<html lang="en"');
  });
});
