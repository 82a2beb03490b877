import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { createRelyingParty, type RelyingParty } from '../support/relying-party.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What JSON can say and no clock shows; `1e400` is read as infinity. */
const absurd = [
  '1e20',
  '1e300',
  '-1e300',
  '1e400',
  '-1e400',
  '9007199254740993',
  '"1e20"',
  '"besok"',
  'true',
  '[]',
  '{}',
  '[1e20]',
  '{"$gt":0}',
];

describe('Protocol: numbers that make no sense', () => {
  let app: TestApp;
  let service: RelyingParty;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });

  before(async () => {
    app = await startTestApp();
    service = await createRelyingParty(app, {
      further: {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...jwk, kid: 'sig', use: 'sig', alg: 'ES256' }] },
      },
    });
  });
  after(() => app.close());

  const now = (): number => Math.floor(Date.now() / 1000);
  const encode = (json: string): string => Buffer.from(json).toString('base64url');

  /** A JWT whose members are written as they are: no library would write such numbers. */
  function signed(members: Readonly<Record<string, string>>, header: object = { alg: 'ES256', kid: 'sig' }): string {
    const body = Object.entries(members)
      .map(([name, text]) => `${JSON.stringify(name)}:${text}`)
      .join(',');
    const parts = `${encode(JSON.stringify(header))}.${encode(`{${body}}`)}`;
    return `${parts}.${sign('sha256', Buffer.from(parts), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }
  const assertion = (changes: Readonly<Record<string, string>>): string => {
    const id = JSON.stringify(service.id);
    return signed({
      iss: id,
      sub: id,
      aud: JSON.stringify(app.url),
      jti: JSON.stringify(randomBytes(9).toString('hex')),
      exp: String(now() + 60),
      ...changes,
    });
  };
  const requestObject = (changes: Readonly<Record<string, string>>): string => {
    const text = (value: string): string => JSON.stringify(value);
    return signed({
      iss: text(service.id),
      aud: text(app.url),
      client_id: text(service.id),
      response_type: '"code"',
      redirect_uri: text(`${service.origin}/cb`),
      scope: '"openid"',
      code_challenge: text('c'.repeat(43)),
      code_challenge_method: '"S256"',
      exp: String(now() + 60),
      ...changes,
    });
  };

  interface Told {
    readonly status: number;
    readonly error: string;
    readonly helpCode: unknown;
  }
  async function post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Told> {
    const answer = await fetch(`${app.url}${path}`, { method: 'POST', body: new URLSearchParams(fields), headers });
    const body = (await answer.json()) as Readonly<Record<string, unknown>>;
    return { status: answer.status, error: String(body.error), helpCode: body.help_code };
  }
  const authenticate = (changes: Readonly<Record<string, string>>): Promise<Told> =>
    post('/token', {
      grant_type: 'authorization_code',
      code: 'x',
      redirect_uri: `${service.origin}/cb`,
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: assertion(changes),
    });
  const push = (changes: Readonly<Record<string, string>>): Promise<Told> =>
    post('/request', {
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: assertion({}),
      request: requestObject(changes),
    });

  it('are looked for in what is taken otherwise', async () => {
    expect(await authenticate({})).to.include({ status: 400, error: 'invalid_grant' });
    expect(await authenticate({ exp: String(now() + 60.5), nbf: '-1.5', iat: '0' }), 'fractions are times').to.include({
      error: 'invalid_grant',
    });
    expect(await push({ max_age: '600' })).to.include({ status: 201 });
  });

  it('in a client assertion are no proof of a client', async () => {
    for (const name of ['exp', 'nbf', 'iat']) {
      for (const number of absurd) {
        const told = await authenticate({ [name]: number });
        expect(told, `${name} ${number}`).to.include({ status: 401, error: 'invalid_client' });
        expect(told.helpCode, `${name} ${number}`).to.be.a('string');
      }
    }
    for (const member of ['jti', 'aud', 'iss', 'sub']) {
      for (const value of ['5', '1e400', '{}', '[{}]', 'true']) {
        const told = await authenticate({ [member]: value });
        expect(told.status, `${member} ${value}`).to.be.oneOf([400, 401]);
        expect(told.error, `${member} ${value}`).to.be.oneOf(['invalid_client', 'invalid_request']);
      }
    }
  });

  it('and an assertion that is good for longer than a day is none: its use would have to be remembered for so long', async () => {
    expect(await authenticate({ exp: String(now() + 86_500) })).to.include({ status: 401, error: 'invalid_client' });
    expect(await authenticate({ exp: String(now() + 86_300) })).to.include({ status: 400, error: 'invalid_grant' });
  });

  it('in a request object are told as such', async () => {
    for (const name of ['exp', 'nbf', 'iat']) {
      for (const number of absurd) {
        const told = await push({ [name]: number });
        expect(told, `${name} ${number}`).to.include({ status: 400, error: 'invalid_request_object' });
        expect(told.helpCode).to.be.a('string');
      }
    }
    for (const number of ['1e20', '-1', '1.5', '1e400', '{}', '[]']) {
      const told = await push({ max_age: number });
      expect(told.status, number).to.equal(400);
      expect(told.error, number).to.be.oneOf(['invalid_request', 'invalid_request_object']);
    }
  });

  it('in a request are told to the service, at home', async () => {
    const url = new URL((await service.begin()).url);
    for (const age of ['1e20', '-1', '1.5', '1e400', 'NaN', '9007199254740993', '0x', ' ']) {
      url.searchParams.set('max_age', age);
      const { status, headers } = await fetch(url, { redirect: 'manual' });
      expect(status, age).to.equal(303);
      // An empty one is none, and asks for a sign-in now.
      if (age.trim() !== '')
        expect(new URL(headers.get('location') ?? '').searchParams.get('error'), age).to.equal('invalid_request');
    }
  });

  it('in the parameter claims are no demand, and no failure', async () => {
    const url = new URL((await service.begin()).url);
    const asked = [
      '{"id_token":{"acr":{"essential":true,"value":1e400}}}',
      '{"id_token":{"acr":{"essential":1e20,"values":[1e20,null,{}]}}}',
      '{"id_token":{"acr":{"values":5}}}',
      '{"id_token":{"auth_time":{"value":1e400}}}',
      '{"id_token":{"sub":{"value":1e20}}}',
      '{"id_token":{"acr":5}}',
      '{"userinfo":{"name":1e20}}',
      '{"id_token":{"__proto__":{"essential":true}}}',
    ];
    for (const claims of asked) {
      url.searchParams.set('claims', claims);
      const { status, headers } = await fetch(url, { redirect: 'manual' });
      expect(status, claims).to.equal(303);
      const target = new URL(headers.get('location') ?? '', app.url);
      expect(
        target.pathname.startsWith('/interaction/') || target.searchParams.get('error') === 'invalid_request',
        `${claims} ${target.href}`,
      ).to.equal(true);
    }
    for (const claims of ['1e400', '[]', '{"id_token":1e20}', '{"userinfo":[1e400]}']) {
      url.searchParams.set('claims', claims);
      const { headers } = await fetch(url, { redirect: 'manual' });
      expect(new URL(headers.get('location') ?? '').searchParams.get('error'), claims).to.equal('invalid_request');
    }
  });

  it('in a proof of possession are no proof', async () => {
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk };
    for (const name of ['iat', 'exp', 'nbf', 'jti']) {
      await Promise.all(
        absurd.map(async (number) => {
          const proof = signed(
            {
              htm: '"POST"',
              htu: JSON.stringify(`${app.url}/token`),
              jti: JSON.stringify(randomBytes(9).toString('hex')),
              iat: String(now()),
              [name]: number,
            },
            header,
          );
          const told = await post(
            '/token',
            {
              grant_type: 'authorization_code',
              code: 'x',
              redirect_uri: `${service.origin}/cb`,
              client_assertion_type: ASSERTION_TYPE,
              client_assertion: assertion({}),
            },
            { dpop: proof },
          );
          expect(told.status, `${name} ${number}`).to.be.oneOf([400, 401]);
          expect(told.error, `${name} ${number}`).to.be.oneOf(['invalid_dpop_proof', 'use_dpop_nonce']);
        }),
      );
    }
  });
});
