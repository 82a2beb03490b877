import { randomUUID } from 'node:crypto';
import { createHash } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import type { Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import type { Answer } from '../exchange.ts';

const now = (): number => Math.floor(Date.now() / 1000);
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}
export async function makeKey(alg = 'ES256'): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: await exportJWK(publicKey) };
}

/** Changes to what a well-behaved client would send; `undefined` leaves a claim out. */
export interface ProofChanges {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: KeyPair;
}
export type Fields = Readonly<Record<string, string | undefined>>;

interface Sending {
  readonly path: string;
  readonly fields: Fields;
  readonly assertion?: string | undefined;
  readonly proof?: ProofChanges | undefined;
}

const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

/** A client under FAPI 2.0 that makes each message by hand, so that it can make it wrong. */
export class FapiClient {
  readonly app: TestApp;
  readonly id: string;
  readonly redirectUri: string;
  readonly key: KeyPair;
  readonly dpop: KeyPair;
  readonly algorithm: string;
  #nonce = '';

  private constructor(app: TestApp, id: string, key: KeyPair, dpop: KeyPair, algorithm: string) {
    this.app = app;
    this.id = id;
    this.key = key;
    this.dpop = dpop;
    this.algorithm = algorithm;
    this.redirectUri = `https://${id}.test/cb`;
  }

  static async register(app: TestApp, id: string, algorithm = 'ES256'): Promise<FapiClient> {
    const client = new FapiClient(app, id, await makeKey(algorithm), await makeKey(), algorithm);
    await app.addClient({
      metadata: {
        client_id: id,
        client_name: 'Layanan FAPI (contoh)',
        redirect_uris: [client.redirectUri, `${client.redirectUri}?dummy1=lorem&dummy2=ipsum`],
        grant_types: ['authorization_code', 'refresh_token'],
        scope: 'openid profile email',
        token_endpoint_auth_method: 'private_key_jwt',
        security_profile: 'fapi2',
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
        jwks: { keys: [{ ...client.key.jwk, kid: 'sig', use: 'sig' }] },
      },
    });
    return client;
  }

  assertion({ claims = {}, header = {}, key = this.key }: ProofChanges = {}): Promise<string> {
    const all = {
      iss: this.id,
      sub: this.id,
      aud: this.app.url,
      jti: randomUUID(),
      iat: now(),
      exp: now() + 60,
      ...claims,
    };
    return new SignJWT(all).setProtectedHeader({ alg: this.algorithm, kid: 'sig', ...header }).sign(key.privateKey);
  }

  /** RFC 9449, 4.2. */
  proof(
    method: string,
    url: string,
    { claims = {}, header = {}, key = this.dpop }: ProofChanges = {},
    accessToken?: string,
  ): Promise<string> {
    const all = {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: now(),
      nonce: this.#nonce,
      ...(accessToken === undefined ? {} : { ath: sha256(accessToken) }),
      ...claims,
    };
    return new SignJWT(all)
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk, ...header })
      .sign(key.privateKey);
  }

  async #answer(response: Response): Promise<Answer> {
    this.#nonce = response.headers.get('dpop-nonce') ?? this.#nonce;
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }

  /** Sends a form; where a fresh nonce is asked for, once more with it. */
  async send({ path, fields, assertion, proof }: Sending): Promise<Answer> {
    const attempt = async (): Promise<Answer> => {
      const all: Fields = {
        client_id: this.id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion ?? (await this.assertion()),
        ...fields,
      };
      const body = new URLSearchParams(
        Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
      );
      const url = `${this.app.url}${path}`;
      return this.#answer(
        await fetch(url, {
          method: 'POST',
          body,
          headers: proof === undefined ? {} : { dpop: await this.proof('POST', url, proof) },
        }),
      );
    };
    const first = await attempt();
    return first.body.error === 'use_dpop_nonce' && assertion === undefined ? attempt() : first;
  }

  /** A pushed request as it should be, with changes. */
  push(fields: Fields = {}, { proof, assertion }: { proof?: ProofChanges; assertion?: string } = {}): Promise<Answer> {
    const request = {
      response_type: 'code',
      redirect_uri: this.redirectUri,
      scope: 'openid profile email',
      state: 'keadaan',
      nonce: 'sekali',
      code_challenge: sha256(VERIFIER),
      code_challenge_method: 'S256',
    };
    return this.send({ path: '/request', fields: { ...request, ...fields }, assertion, proof });
  }

  address(requestUri: unknown, further: Readonly<Record<string, string>> = {}): URL {
    const url = new URL('/auth', this.app.url);
    url.search = new URLSearchParams({ client_id: this.id, request_uri: String(requestUri), ...further }).toString();
    return url;
  }

  /** From the pushed request to the way home. */
  async come(citizen: Citizen, fields: Fields = {}, proof?: ProofChanges): Promise<Page> {
    const pushed = await this.push(fields, proof === undefined ? {} : { proof });
    if (pushed.status !== 201) throw new Error(`not pushed: ${JSON.stringify(pushed.body)}`);
    const browser = new Browser();
    return signIn(browser, await browser.open(this.address(pushed.body.request_uri)), citizen.nik, citizen.password);
  }

  exchange(
    code: string | null,
    fields: Fields = {},
    { proof = {}, assertion, bound = true }: { proof?: ProofChanges; assertion?: string; bound?: boolean } = {},
  ): Promise<Answer> {
    const given = {
      grant_type: 'authorization_code',
      code: code ?? '',
      redirect_uri: this.redirectUri,
      code_verifier: VERIFIER,
    };
    return this.send({ path: '/token', fields: { ...given, ...fields }, assertion, ...(bound ? { proof } : {}) });
  }

  async tokens(citizen: Citizen): Promise<Answer['body']> {
    const answer = await this.exchange((await this.come(citizen)).url.searchParams.get('code'));
    if (answer.status !== 200) throw new Error(`no tokens: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Userinfo; where a fresh nonce is asked for, once more with it. */
  async userinfo(
    token: unknown,
    changes: ProofChanges = {},
    { scheme = 'DPoP', proof: given }: { scheme?: string; proof?: string } = {},
  ): Promise<Answer & { readonly challenge: string }> {
    const url = `${this.app.url}/me`;
    const attempt = async (): Promise<Answer & { challenge: string }> => {
      const proof = given ?? (await this.proof('GET', url, changes, String(token)));
      const response = await fetch(url, { headers: { authorization: `${scheme} ${String(token)}`, dpop: proof } });
      return { challenge: response.headers.get('www-authenticate') ?? '', ...(await this.#answer(response)) };
    };
    const first = await attempt();
    return first.challenge.includes('use_dpop_nonce') ? attempt() : first;
  }
}
