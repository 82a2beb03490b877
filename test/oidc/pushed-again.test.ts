import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import * as client from 'openid-client';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, type RelyingParty } from '../support/relying-party.ts';

/** Services that must push or sign their requests: the browser has nothing by which to ask once more. */
describe('A pushed or signed request, where a sign-in begins again', () => {
  let app: TestApp;
  let citizen: Citizen;
  let browser: Browser;
  let fapi: RelyingParty;
  let library: client.Configuration;
  let proof: client.DPoPHandle;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'sig', use: 'sig', alg: 'ES256' }] };

  before(async () => {
    app = await startTestApp();
    [fapi, library] = await strict();
    proof = client.getDPoPHandle(library, await client.randomDPoPKeyPair('ES256'));
  });
  after(() => app.close());
  beforeEach(async () => {
    [citizen, browser] = [somebody(), new Browser()];
    await addAccount(app, citizen);
  });

  async function strict(
    further: Readonly<Record<string, unknown>> = {},
  ): Promise<[RelyingParty, client.Configuration]> {
    const service = await createRelyingParty(app, {
      further: {
        security_profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
        jwks,
        ...further,
      },
    });
    const key = await crypto.subtle.importKey(
      'jwk',
      privateKey.export({ format: 'jwk' }),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    );
    return [
      service,
      await client.discovery(
        new URL(app.url),
        service.id,
        { id_token_signed_response_alg: 'ES256' },
        client.PrivateKeyJwt({ key, kid: 'sig' }),
        { execute: [client.allowInsecureRequests] },
      ),
    ];
  }

  interface Begun {
    readonly url: URL;
    readonly state: string;
    readonly verifier: string;
  }
  async function push(
    parameters: Readonly<Record<string, string>> = {},
    [service, by]: readonly [RelyingParty, client.Configuration] = [fapi, library],
  ): Promise<Begun> {
    const [verifier, state] = [client.randomPKCECodeVerifier(), client.randomState()];
    const url = await client.buildAuthorizationUrlWithPAR(
      by,
      {
        redirect_uri: `${service.origin}/cb`,
        scope: 'openid profile',
        state,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...parameters,
      },
      { DPoP: proof },
    );
    return { url, state, verifier };
  }
  const redeem = ({ url }: Page, { state, verifier }: Begun, key = proof, by = library): Promise<unknown> =>
    client.authorizationCodeGrant(by, url, { expectedState: state, pkceCodeVerifier: verifier }, undefined, {
      DPoP: key,
    });
  const press = (page: Page): Promise<Page> =>
    browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
  /** The button was pressed, and the answer lost. */
  async function lose(
    page: Page,
    form = 'identifier',
    typed: Readonly<Record<string, string>> = { identifier: citizen.nik, password: citizen.password },
  ): Promise<void> {
    const { action, fields } = page.form(form);
    const answer = await fetch(action, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, ...typed }),
      redirect: 'manual',
      headers: { cookie: browser.cookieHeader(new URL(action)) },
    });
    expect(answer.headers.get('location')).to.match(/^https:.*[?&]code=/);
  }
  const expectHome = (page: Page, service = fapi): void => {
    expect(
      [isHome(page, service), page.url.searchParams.get('error')],
      `${page.url.href} ${page.text.slice(0, 300)}`,
    ).to.deep.equal([true, null]);
  };

  it('leads home where the button is pressed again, and binds the code to the same key', async () => {
    for (const parameters of [{}, { prompt: 'login' }]) {
      const begun = await push(parameters);
      browser = new Browser();
      const page = await browser.open(begun.url);
      await lose(page);
      const home = await browser.follow(await press(page));
      expectHome(home);
      const stolen = client.getDPoPHandle(library, await client.randomDPoPKeyPair('ES256'));
      expect(await redeem(home, begun, stolen).catch((error: unknown) => error), 'by another key').to.be.an('error');
    }
    const begun = await push();
    const page = await browser.open(begun.url);
    expectHome(page);
    expect(await redeem(page, begun)).to.include({ token_type: 'dpop' });
  });

  it('leads home from the page of consent, which follows the password', async () => {
    const [guest, by] = await strict({ first_party: false });
    const begun = await push({}, [guest, by]);
    const question = await signIn(browser, await browser.open(begun.url), citizen.nik, citizen.password);
    expect(question.url.pathname).to.match(/\/consent$/);
    await lose(question, 'sharing', {});
    const home = await browser.submit(question, 'sharing');
    expectHome(home, guest);
    expect(await redeem(home, begun, proof, by)).to.include({ token_type: 'dpop' });
  });

  const moments: readonly (readonly [what: string, hook: 'consume' | 'destroy', model: string])[] = [
    ['that both have found unused', 'consume', 'PushedAuthorizationRequest'],
    ['that the first has used, and not yet come to its end', 'destroy', 'Interaction'],
  ];
  for (const [what, hook, model] of moments) {
    for (const parameters of [{}, { prompt: 'login' }, { response_mode: 'form_post' }]) {
      it(`leads home whichever of two presses the browser waits for, of a request ${what} ${JSON.stringify(parameters)}`, async () => {
        const { protocolState } = app.container.store;
        const usual = { ...protocolState };
        const begun = await push(parameters);
        const page = await browser.open(begun.url);
        const answers: Page[] = [];
        const pressed = async (): Promise<void> => {
          const answer = await press(page);
          const next = new URL(answer.headers.get('location') ?? '', app.url);
          answers.push(next.pathname.startsWith('/auth/') ? await browser.request(next) : answer);
        };
        let second: Promise<void> | undefined;
        Object.assign(protocolState, {
          async [hook](kind: string, id: Buffer) {
            if (kind === model && second === undefined) await (second = pressed());
            return usual[hook](kind, id);
          },
        });
        await pressed().finally(() => Object.assign(protocolState, usual));
        expect(answers).to.have.length(2);
        for (const answer of answers) {
          const at = await browser.follow(answer);
          const { code = at.url.searchParams.get('code'), error = at.url.searchParams.get('error') } =
            at.forms[0]?.fields ?? {};
          expect([code?.length, error], `${at.url.href} ${at.text.slice(0, 300)}`).to.deep.equal([43, null]);
        }
      });
    }
  }

  it('takes a request_uri once, also where single sign-on would answer two at one moment', async () => {
    await signIn(browser, await browser.open((await push()).url), citizen.nik, citizen.password);
    const { url } = await push();
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    let goOn: (() => void) | undefined;
    Object.assign(protocolState, {
      // Both have found it unused.
      async consume(model: string, id: Buffer) {
        if (goOn === undefined)
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
        else goOn();
        return usual.consume(model, id);
      },
    });
    const answers = await Promise.all([browser.request(url), browser.request(url)]).finally(() =>
      Object.assign(protocolState, usual),
    );
    const told = answers.map(({ headers }) => new URL(headers.get('location') ?? '', app.url).searchParams);
    expect(told.filter((one) => one.has('code'))).to.have.length(1);
    expect(told.flatMap((one) => one.get('error') ?? [])).to.deep.equal(['invalid_request_uri']);
    expect((await browser.request(url)).status, 'later').to.equal(400);
  });

  it('leads home where a request must be signed', async () => {
    const service = await createRelyingParty(app, {
      further: { jwks, request_object_signing_alg: 'ES256', require_signed_request_object: true },
    });
    const request = await service.begin();
    const object = await new SignJWT({ ...Object.fromEntries(new URL(request.url).searchParams) })
      .setProtectedHeader({ alg: 'ES256', kid: 'sig' })
      .setIssuer(service.id)
      .setAudience(app.url)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey);
    const page = await browser.open(
      `${app.url}/auth?${new URLSearchParams({ client_id: service.id, scope: 'openid', response_type: 'code', request: object }).toString()}`,
    );
    await lose(page);
    const home = await browser.follow(await press(page));
    expectHome(home, service);
    expect((await service.receive(home, request)).claims).to.include({ name: citizen.name });
  });

  it('keeps the key to which a service that need not push binds its code', async () => {
    const service = await createRelyingParty(app);
    const request = await service.begin({ dpop_jkt: 'A'.repeat(43) });
    const page = await browser.open(request.url);
    await lose(page);
    const home = await browser.follow(await press(page));
    expectHome(home, service);
    expect(await service.receive(home, request).catch((error: unknown) => error), 'without the key').to.be.an('error');
  });

  it('leads home after its time has run out', async () => {
    const begun = await push();
    const page = await browser.open(begun.url);
    await app.database
      .knex('protocol_state')
      .whereIn('model', ['Interaction', 'PushedAuthorizationRequest'])
      .update({ expires_at: app.database.knex.raw("now() - interval '1 second'") });
    app.clock.advance({ minutes: 61 });
    const ended = await browser.follow(await press(page));
    expect(ended.status).to.equal(410);
    const home = await signIn(browser, await browser.open(ended.link('Mulai lagi')), citizen.nik, citizen.password);
    expectHome(home);
    expect(await redeem(home, begun)).to.include({ token_type: 'dpop' });
  });
});
