import { createHmac, createSecretKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import Koa from 'koa';
import Provider, { type AdapterPayload } from 'oidc-provider';
import { createCookieSigner } from '../../src/crypto/cookie-signer.ts';
import { signBytes } from '../../src/crypto/jws.ts';
import { makeKeyringDocument } from '../../src/crypto/keyring-document.ts';
import { loadKeyring } from '../../src/crypto/keyring.ts';
import { createSealer } from '../../src/crypto/seal.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { copyPayloads } from '../../src/oidc/state/payloads.ts';
import { copyOf } from '../../src/oidc/state/remembered.ts';
import { systemRandom } from '../../src/ports/random/random.ts';

/** One thing that a request does, in the usual way and in ours. */
export interface Part {
  readonly name: string;
  readonly usual: () => unknown;
  readonly ours: () => unknown;
}

const SECRET = 'k'.repeat(43);
const TOKEN = 'v'.repeat(43);
const COOKIE = 'session';
const NOW = Math.floor(Date.now() / 1000);

/** What Koa makes of a request that comes with a signed cookie. @param signature  as who checks it expects it. */
function cookieCheck(keys: Koa['keys'], signature: string): () => unknown {
  const app = new Koa();
  app.keys = keys;
  const request = new IncomingMessage(new Socket());
  request.headers.cookie = `${COOKIE}=${TOKEN}; ${COOKIE}.sig=${signature}`;
  const response = new ServerResponse(request);
  return () => app.createContext(request, response).cookies.get(COOKIE, { signed: true });
}

function signatures(): Omit<Part, 'name'> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const data = Buffer.from(TOKEN.repeat(10));
  return {
    usual: () => sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    ours: () => signBytes('ES256', privateKey, data),
  };
}

function macs(): Omit<Part, 'name'> {
  const bytes = randomBytes(32);
  const key = createSecretKey(bytes);
  return {
    usual: () => createHmac('sha256', bytes).update(TOKEN).digest(),
    ours: () => createHmac('sha256', key).update(TOKEN).digest(),
  };
}

function sealing(): readonly Part[] {
  const keyring = loadKeyring({
    keyring: makeKeyringDocument(systemRandom),
    dataDir: '',
    environment: 'test',
    random: systemRandom,
  });
  const [usual, ours] = [createSealer(keyring, systemRandom, 1), createSealer(keyring)];
  const data = 'p'.repeat(400);
  /** More than keys are held for, so that each is made anew where each value has its own. */
  const sealed = (by: typeof ours): (() => Buffer) => {
    const all = Array.from({ length: 2000 }, () => by.seal('purpose', 'row', data));
    let at = 0;
    return () => by.open('purpose', 'row', all[(at += 1) % all.length] ?? Buffer.alloc(0));
  };
  const value = { uid: TOKEN, step: 'login', hint: 'h'.repeat(200) };
  const until = new Date((NOW + 600) * 1000);
  return [
    {
      name: 'a value sealed: a key for each, one for a million',
      usual: () => usual.seal('purpose', 'row', data),
      ours: () => ours.seal('purpose', 'row', data),
    },
    { name: 'a value opened', usual: sealed(usual), ours: sealed(ours) },
    {
      name: 'a short ticket: compressed, as it is',
      usual: () =>
        ours
          .seal('purpose', 'ticket', deflateRawSync(Buffer.from(JSON.stringify({ expiresAt: until.getTime(), value }))))
          .toString('base64url'),
      ours: () => ours.sealTicket('purpose', value, until),
    },
  ];
}

type Kept = { getValueAndPayload: () => unknown };
type Model = (new (properties: object) => Kept) & { instantiate: (payload: object) => object };

function payloads(): readonly Part[] {
  const make = (): Provider =>
    new Provider('http://localhost', {
      clients: [{ client_id: 'service', client_secret: SECRET, redirect_uris: ['http://localhost/'] }],
    });
  const [bare, copying] = [make(), make()];
  copyPayloads(copying);
  const issued = {
    accountId: TOKEN,
    grantId: TOKEN,
    sessionUid: TOKEN,
    scope: 'openid profile',
    claims: {},
    redirectUri: 'http://localhost/',
    codeChallenge: TOKEN,
    codeChallengeMethod: 'S256',
    nonce: TOKEN,
    authTime: NOW,
    acr: '0',
    amr: ['pwd'],
    gty: 'authorization_code',
    iat: NOW,
    exp: NOW + 60,
    jti: TOKEN,
  };
  const session = {
    accountId: TOKEN,
    uid: TOKEN,
    loginTs: NOW,
    acr: '0',
    amr: ['pwd'],
    authorizations: { service: { sid: TOKEN, grantId: TOKEN } },
    iat: NOW,
    exp: NOW + 60,
    jti: TOKEN,
  };
  const modelOf = (provider: Provider, kind: 'AuthorizationCode' | 'Session'): Model =>
    provider[kind] as unknown as Model;
  const written = (provider: Provider): (() => unknown) => {
    const model = modelOf(provider, 'AuthorizationCode');
    const one = new model({ ...issued, client: { clientId: 'service' } });
    return () => one.getValueAndPayload();
  };
  const read = (
    provider: Provider,
    kind: 'AuthorizationCode' | 'Session',
    payload: AdapterPayload,
  ): (() => unknown) => {
    const model = modelOf(provider, kind);
    return () => model.instantiate(payload);
  };
  const code = { ...issued, kind: 'AuthorizationCode', clientId: 'service' };
  return [
    { name: 'payload of a code', usual: written(bare), ours: written(copying) },
    {
      name: 'a code out of its payload',
      usual: read(bare, 'AuthorizationCode', code),
      ours: read(copying, 'AuthorizationCode', code),
    },
    {
      name: 'a session out of its payload',
      usual: read(bare, 'Session', { ...session, kind: 'Session' }),
      ours: read(copying, 'Session', { ...session, kind: 'Session' }),
    },
    {
      name: 'a session copied: structuredClone, copyOf',
      usual: () => structuredClone(session),
      ours: () => copyOf(session),
    },
  ];
}

const signer = createCookieSigner(sensitive([SECRET]));
const signed = `${COOKIE}=${TOKEN}`;

export const parts: readonly Part[] = [
  {
    name: 'a signed cookie checked: Keygrip, cookie-signer',
    usual: cookieCheck([SECRET], createHmac('sha1', SECRET).update(signed).digest('base64url')),
    ours: cookieCheck(signer, signer.sign(signed)),
  },
  { name: 'ES256: with the key in an object, by itself', ...signatures() },
  { name: 'HMAC: with bytes as key, a KeyObject', ...macs() },
  ...sealing(),
  {
    name: '16 random bytes: drawn each time, many at once',
    usual: () => randomBytes(16),
    ours: () => systemRandom.bytes(16),
  },
  ...payloads(),
];
