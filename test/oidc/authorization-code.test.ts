import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode, postAs, userinfo } from './exchange.ts';

const { budi } = citizens;

describe('Protocol: the authorization code', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  let skillhub: RelyingParty;

  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app);
    skillhub = await createRelyingParty(app, { name: 'Skillhub (contoh)' });
    await addAccount(app, budi);
  });
  after(() => app.close());

  const errorAt = (page: Page): string | null =>
    isHome(page, karirhub) ? page.url.searchParams.get('error') : `no redirect: ${page.status}`;
  async function visitWith(change: (url: URL) => void): Promise<Page> {
    const url = new URL((await karirhub.begin()).url);
    change(url);
    return new Browser().open(url);
  }

  it('is asked for with PKCE by S256 and in no other way', async () => {
    expect(
      errorAt(
        await visitWith((url) => {
          url.searchParams.delete('code_challenge');
          url.searchParams.delete('code_challenge_method');
        }),
      ),
      'none',
    ).to.equal('invalid_request');
    expect(
      errorAt(
        await visitWith((url) => {
          url.searchParams.delete('code_challenge_method');
        }),
      ),
      'plain by default',
    ).to.equal('invalid_request');
    expect(
      errorAt(
        await visitWith((url) => {
          url.searchParams.set('code_challenge_method', 'plain');
        }),
      ),
      'plain',
    ).to.equal('invalid_request');
    expect(
      errorAt(
        await visitWith((url) => {
          url.searchParams.set('code_challenge', 'short');
        }),
      ),
      'malformed',
    ).to.equal('invalid_request');
  });

  it('is the only thing that can be asked for: no token travels through the address bar', async () => {
    for (const type of ['token', 'id_token', 'code id_token', 'code token', 'none']) {
      const page = await visitWith((url) => {
        url.searchParams.set('response_type', type);
      });
      const error = new URLSearchParams(page.url.search === '' ? page.url.hash.slice(1) : page.url.search).get('error');
      expect(error, type).to.be.oneOf(['unsupported_response_type', 'unauthorized_client']);
    }
  });

  it('travels in the query, with the state and the issuer, and nothing that names the citizen', async () => {
    const { home, request } = await obtainCode(karirhub, budi);
    expect([...home.url.searchParams.keys()].sort()).to.deep.equal(['code', 'iss', 'state']);
    expect(home.url.searchParams.get('state')).to.equal(request.state);
    expect(home.url.searchParams.get('iss')).to.equal(app.url);
    expect(home.url.hash).to.equal('');
  });

  it('can be posted to the service, whose address the page of the form allows', async () => {
    const browser = new Browser();
    await obtainCode(karirhub, budi, browser);
    const url = new URL((await karirhub.begin({ response_mode: 'form_post' })).url);
    const page = await browser.open(url);
    expect(page.status).to.equal(200);
    expect(page.forms[0]?.action).to.equal(`${karirhub.origin}/cb`);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(/form-action ([^;]*)/.exec(policy)?.[1]).to.include('https:');
    expect(/script-src ([^;]*)/.exec(policy)?.[1])
      .to.include("'sha256-")
      .and.not.to.include('unsafe-inline');
    expect(page.headers.get('cache-control')).to.include('no-store');
  });

  it('works once; used twice it kills what it has bought', async () => {
    const { code, request } = await obtainCode(karirhub, budi);
    const first = await exchange(app, karirhub, { code, code_verifier: request.verifier });
    expect(first.status).to.equal(200);
    expect((await userinfo(app, first.body.access_token)).status).to.equal(200);

    const second = await exchange(app, karirhub, { code, code_verifier: request.verifier });
    expect(second.status).to.equal(400);
    expect(second.body.error).to.equal('invalid_grant');
    expect((await userinfo(app, first.body.access_token)).status, 'the first token').to.equal(401);
  });

  it('is worth one answer to twenty exchanges at once', async () => {
    const { code, request } = await obtainCode(karirhub, budi);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => exchange(app, karirhub, { code, code_verifier: request.verifier })),
    );
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    expect(answers.filter(({ status, body }) => status === 400 && body.error === 'invalid_grant')).to.have.length(19);
  });

  const bindings: readonly {
    what: string;
    change: (request: { verifier: string }) => {
      redirect_uri?: string | undefined;
      code_verifier?: string | undefined;
    };
  }[] = [
    { what: 'another verifier', change: () => ({ code_verifier: 'x'.repeat(43) }) },
    { what: 'no verifier', change: () => ({ code_verifier: undefined }) },
    {
      what: 'another address',
      change: ({ verifier }) => ({ code_verifier: verifier, redirect_uri: `${karirhub.origin}/cb2` }),
    },
    { what: 'no address', change: ({ verifier }) => ({ code_verifier: verifier, redirect_uri: undefined }) },
  ];
  for (const { what, change } of bindings) {
    it(`is worth nothing with ${what}`, async () => {
      const { code, request } = await obtainCode(karirhub, budi);
      const answer = await exchange(app, karirhub, { code, ...change(request) });
      expect(answer.status).to.equal(400);
      expect(answer.body).not.to.have.property('access_token');
    });
  }

  it('is worth nothing to another service, to nobody, and to whoever has not the secret', async () => {
    const { code, request } = await obtainCode(karirhub, budi);
    const foreign = await exchange(app, karirhub, { code, code_verifier: request.verifier, by: skillhub });
    expect(foreign).to.deep.include({ status: 400 });
    expect(foreign.body.error).to.equal('invalid_grant');
    const wrong = await exchange(app, karirhub, {
      code,
      code_verifier: request.verifier,
      by: { id: karirhub.id, secret: 'salah' },
    });
    expect(wrong).to.deep.include({ status: 401 });
    const nobody = await postAs(app, '/token', {
      grant_type: 'authorization_code',
      client_id: karirhub.id,
      code,
      code_verifier: request.verifier,
      redirect_uri: `${karirhub.origin}/cb`,
    });
    expect(nobody.status).to.equal(401);
  });

  it('ends after a minute', async () => {
    const { code, request } = await obtainCode(karirhub, budi);
    const row = await app.database
      .knex<{ expires_at: Date }>('protocol_state')
      .where('model', 'AuthorizationCode')
      .orderBy('expires_at', 'desc')
      .first('expires_at');
    expect(row!.expires_at.getTime() - Date.now()).to.be.within(50_000, 61_000);
    await app.database
      .knex('protocol_state')
      .where('model', 'AuthorizationCode')
      .update({ expires_at: app.database.knex.raw('now()') });
    expect((await exchange(app, karirhub, { code, code_verifier: request.verifier })).body.error).to.equal(
      'invalid_grant',
    );
  });

  it('goes to the registered address to the letter, and nowhere else', async () => {
    const origin = karirhub.origin;
    const others = [
      `${origin}/cb/`,
      `${origin}/cb?x=1`,
      `${origin}/CB`,
      `${origin}/cb/../cb`,
      `${origin}/cb#x`,
      `${origin}:8443/cb`,
      `http://${new URL(origin).host}/cb`,
      `${origin}.evil.test/cb`,
      `${origin}@evil.test/cb`,
      'https://evil.test/cb',
      'javascript:alert(1)',
      '',
      'cb',
    ];
    for (const other of others) {
      const page = await visitWith((url) => {
        url.searchParams.set('redirect_uri', other);
      });
      expect(page.status, other).to.equal(400);
      expect(page.url.origin, other).to.equal(app.url);
      expect(page.html).not.to.include('href="https://evil').and.not.to.include('href="javascript');
      expect(page.text, other).to.match(/[2-9A-Z]{4}-[2-9A-Z]{2}/);
    }
  });

  it('is explained to a person, and never sent on, where nobody knows the service', async () => {
    for (const id of [
      'unknown',
      '',
      ' ',
      'a\u0000b',
      '\u202e',
      'x'.repeat(5000),
      "' or 1=1",
      '<script>alert(1)</script>',
    ]) {
      const page = await visitWith((url) => {
        url.searchParams.set('client_id', id);
      });
      expect(page.status, JSON.stringify(id.slice(0, 20))).to.equal(400);
      expect(page.url.origin).to.equal(app.url);
      expect(page.html).not.to.include('<script>alert');
      const code = /[2-9A-Z]{4}-[2-9A-Z]{2}/.exec(page.text)?.[0] ?? 'none';
      expect(app.logLines.filter((line) => line.includes(code))).to.have.length(1);
      expect(page.headers.get('cache-control')).to.equal('no-store');
    }
  });

  it('is not given for parameters sent twice', async () => {
    const page = await visitWith((url) => {
      url.searchParams.append('redirect_uri', 'https://evil.test/cb');
    });
    expect(page.status).to.equal(400);
    expect(page.url.origin).to.equal(app.url);
    expect(
      errorAt(
        await visitWith((url) => {
          url.searchParams.append('scope', 'openid nik');
        }),
      ),
    ).to.equal('invalid_request');
  });

  it('may be asked for by a pushed request, which works once and comes home like any other', async () => {
    const browser = new Browser();
    const { url, ...request } = await karirhub.begin();
    const pushed = await postAs(app, '/request', Object.fromEntries(new URL(url).searchParams), karirhub);
    expect(pushed.status).to.equal(201);
    const address = new URL('/auth', app.url);
    address.search = new URLSearchParams({
      client_id: karirhub.id,
      request_uri: String(pushed.body.request_uri),
    }).toString();
    const page = await browser.open(address);
    expect(page.text).to.include(karirhub.name);
    const home = await browser.submit(page, 'identifier', { identifier: budi.nik, password: budi.password });
    expect(home.url.searchParams.get('state')).to.equal(request.state);
    await karirhub.receive(home, { url, ...request });
    const again = await browser.open(address);
    expect(again.status, 'again').to.equal(400);
    expect(again.url.origin).to.equal(app.url);
  });

  it('is asked for by POST as well as by GET, which finds the session although no cookie came with it', async () => {
    const { browser } = await obtainCode(karirhub, budi);
    const { url, ...request } = await karirhub.begin();
    const answer = await new Browser({ headers: { 'sec-fetch-site': 'cross-site', origin: karirhub.origin } }).request(
      `${app.url}/auth`,
      { method: 'POST', body: new URL(url).searchParams },
    );
    expect(answer.status).to.equal(303);
    const home = await browser.open(new URL(answer.headers.get('location') ?? '', app.url));
    expect(isHome(home, karirhub)).to.equal(true);
    await karirhub.receive(home, { url, ...request });
  });

  it('says no to a request object that nobody signed', async () => {
    expect(errorAt((await visit(new Browser(), karirhub, { request: 'eyJhbGciOiJub25lIn0.e30.' })).page)).to.equal(
      'invalid_request_object',
    );
    const remote = await visitWith((url) => {
      url.searchParams.set('request_uri', 'https://evil.test/request');
    });
    expect(isHome(remote, karirhub) ? remote.url.searchParams.get('error') : remote.status).to.be.oneOf([
      'request_uri_not_supported',
      'invalid_request_uri',
      400,
    ]);
  });
});
