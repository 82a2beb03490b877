import { expect } from 'chai';
import { createFields } from '../../src/web/form.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { giveContact, proveIdentity } from '../support/journeys.ts';
import { headerOf, sendRaw } from '../support/raw.ts';

const FORM = 'application/x-www-form-urlencoded';

describe('Forms: what is read of them', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({
      limits: { signInDelaySeconds: [0], signInPerAccount: 1000, signInPerDevice: 1000, identityPerDevice: 1000 },
    });
  });
  after(() => app.close());

  interface Sending {
    readonly body: string | Buffer;
    readonly headers?: Readonly<Record<string, string>>;
  }
  const open = async (): Promise<{ browser: Browser; page: Page; csrf: string }> => {
    const browser = new Browser();
    const page = await browser.open(`${app.url}/portal/sign-in`);
    return { browser, page, csrf: page.form('identifier').fields.csrf ?? '' };
  };
  async function send(make: (csrf: string) => Sending): Promise<Page> {
    const { browser, page, csrf } = await open();
    const { body, headers } = make(csrf);
    return browser.request(page.url, {
      method: 'POST',
      body: Buffer.from(body),
      headers: { 'content-type': FORM, ...headers },
    });
  }
  const identifierOf = (page: Page): string | undefined => page.form('identifier').fields.identifier;

  it('takes plus and percent, in any case, and text of every script', async () => {
    const page = await send((csrf) => ({ body: `csrf=${csrf}&identifier=%c3%a9+%E2%82%AC+%f0%9f%98%80&password=x` }));
    expect(page.status).to.equal(422);
    expect(identifierOf(page)).to.equal('é € 😀');
  });

  it('takes the first of repeated fields and ignores those nobody asked for', async () => {
    const further = '&__proto__=x&constructor=y&hasOwnProperty=z&toString=1&accountId=1&is_admin=true&&=&=x';
    const page = await send((csrf) => ({
      body: `csrf=${csrf}&identifier=pertama&identifier=kedua&password=x${further}`,
    }));
    expect(page.status).to.equal(422);
    expect(identifierOf(page)).to.equal('pertama');
  });

  it('costs no more where one field is repeated all over than where there are many', () => {
    // To copy the values before at each one would take minutes here, for anybody who sends that.
    const { add, read } = createFields();
    for (let count = 0; count < 200_000; count += 1) add('a', String(count));
    expect(read.form.get('a')).to.equal('0');
    expect(read.boxes.get('a')).to.have.length(200_000);
  });

  const broken: Readonly<Record<string, string | Buffer>> = {
    'a lone percent': 'identifier=%',
    'half a percent': 'identifier=%4',
    'percent and no number': 'identifier=%zz',
    'a byte that begins nothing': 'identifier=%ff',
    'an overlong slash': 'identifier=%c0%af',
    'half a character': 'identifier=%e2%82',
    'a surrogate': 'identifier=%ed%a0%80',
    'a broken name': '%ff=x',
    'raw bytes of Latin-1': Buffer.from('identifier=Andr\u00e9', 'latin1'),
    'raw UTF-8': Buffer.from('identifier=André', 'utf8'),
  };
  for (const [what, body] of Object.entries(broken)) {
    it(`refuses ${what} rather than store a name mangled`, async () => {
      const page = await send((csrf) => ({
        body: Buffer.concat([Buffer.from(`csrf=${csrf}&password=x&`), Buffer.from(body)]),
      }));
      expect(page.status).to.equal(400);
      expect(page.text).to.match(/[2-9A-Z]{4}-[2-9A-Z]{2}/);
    });
  }

  for (const type of [
    'application/json',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded-not',
    '',
  ]) {
    it(`refuses a body of the kind "${type}"`, async () => {
      const page = await send((csrf) => ({
        body: JSON.stringify({ csrf, identifier: 'x', password: 'x' }),
        headers: { 'content-type': type },
      }));
      expect(page.status).to.equal(415);
    });
  }

  it('reads UTF-8 whatever else the kind claims', async () => {
    const page = await send((csrf) => ({
      body: `csrf=${csrf}&identifier=%c3%a9&password=x`,
      headers: { 'content-type': `${FORM}; charset=iso-8859-1` },
    }));
    expect(identifierOf(page)).to.equal('é');
  });

  it('refuses a POST without a body', async () => {
    const { browser, page } = await open();
    expect((await browser.request(page.url, { method: 'POST' })).status).to.equal(415);
  });

  it('refuses what is too large, whether its size is told or not, and goes on serving', async () => {
    const large = 'x'.repeat(app.config.http.bodyLimitBytes * 20);
    expect((await send((csrf) => ({ body: `csrf=${csrf}&identifier=${large}` }))).status).to.equal(413);
    const { browser, page } = await open();
    const cookie = ['device', 'device.sig', 'interaction', 'interaction.sig']
      .map((name) => `${name}=${browser.cookie(name) ?? ''}`)
      .join('; ');
    const answer = await sendRaw(
      app.url,
      [
        `POST ${page.url.pathname} HTTP/1.1`,
        'Host: localhost',
        `Cookie: ${cookie}`,
        `Content-Type: ${FORM}`,
        'Transfer-Encoding: chunked',
        'Connection: close',
        '',
        `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
      ].join('\r\n'),
    );
    expect(answer.status).to.equal(413);
    expect((await open()).page.status).to.equal(200);
    expect(headerOf(answer, 'content-security-policy')).to.be.a('string');
  });

  it('takes as many fields as fit, without a sweat', async () => {
    expect(
      (await send((csrf) => ({ body: `csrf=${csrf}&${'a=&'.repeat(4000)}identifier=x&password=x` }))).status,
    ).to.equal(422);
  });

  describe('NUL bytes, which the database would choke on', () => {
    const politely = (page: Page): void => {
      expect(page.status, page.text.slice(0, 200)).to.be.within(400, 429);
      expect(page.text).not.to.include('kesalahan');
    };

    it('in the fields of sign-in', async () => {
      for (const field of ['identifier', 'password', 'csrf']) {
        const { browser, page } = await open();
        politely(await browser.post(page, 'identifier', { identifier: 'a', password: 'b', [field]: 'a\u0000b' }));
      }
    });

    it('in the fields of registration: identity, contact and code', async () => {
      const browser = new Browser();
      const citizen = somebody();
      const first = await browser.open(`${app.url}/portal/register`);
      for (const field of ['nik', 'name', 'mother_name']) {
        politely(
          await browser.post(first, 'nik', {
            nik: citizen.nik,
            name: citizen.name,
            mother_name: citizen.mother,
            [field]: 'Abc\u0000def',
          }),
        );
      }
      const contact = await proveIdentity(browser, first, citizen);
      for (const field of ['email', 'phone']) {
        politely(
          await browser.post(contact, 'email', {
            email: citizen.email,
            phone: citizen.phone,
            password: citizen.password,
            [field]: `${field === 'email' ? citizen.email : citizen.phone}\u0000`,
          }),
        );
      }
      const code = await giveContact(browser, contact, citizen);
      politely(await browser.post(code, 'code', { code: '12\u00003456' }));
    });

    it('in the query of every page and of the protocol', async () => {
      const addresses = [
        '/?lang=%00',
        '/help?x=%00',
        '/account/contact/email?token=%00',
        '/dev/outbox?to=%00',
        '/dev/outbox.json?to=%00',
        '/auth?client_id=%00',
        '/auth?client_id=siapkerja-portal&state=%00&scope=%00',
        '/session/end?client_id=%00',
        '/session/end/success?client_id=%00',
        '/interaction/abcdefghij%00',
        '/interaction/abcdefghijk/resume?x=%00',
        '/auth/%00',
        '/portal/sign-in?%00=%00',
        '/%00',
      ];
      for (const address of addresses) {
        const { status } = await new Browser().request(`${app.url}${address}`);
        expect(status, address).to.be.within(200, 499);
      }
      for (const [path, body] of [
        ['/token', 'grant_type=authorization_code&code=%00&client_id=%00'],
        ['/request', 'client_id=%00'],
        ['/token/revocation', 'token=%00&client_id=siapkerja-portal'],
        ['/token/introspection', 'token=%00&client_id=%00'],
      ] as const) {
        const response = await fetch(`${app.url}${path}`, { method: 'POST', body, headers: { 'content-type': FORM } });
        expect(response.status, path).to.be.within(200, 499);
      }
      const basic = await fetch(`${app.url}/token`, {
        method: 'POST',
        body: 'grant_type=authorization_code',
        headers: { 'content-type': FORM, authorization: `Basic ${Buffer.from('a%00:b%00').toString('base64')}` },
      });
      expect(basic.status).to.be.within(400, 401);
      const bearer = await fetch(`${app.url}/me`, { headers: { authorization: 'Bearer a' } });
      expect(bearer.status).to.equal(401);
    });
  });
});
