import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Manners {
  /** Has the answer posted to it by the browser. */
  readonly formPost?: boolean;
  /** Signs in with whatever answer comes: state, `iss` and ID token are not looked at. */
  readonly trusting?: boolean;
  /** Keeps the first keys for ever, and looks at signatures by them. */
  readonly keepsKeys?: boolean;
  /** Has no page for people who come back without a code. */
  readonly crashes?: boolean;
  /** Sends them straight to sign in again. */
  readonly loops?: boolean;
  /** Ends sessions for any logout token. */
  readonly gullible?: boolean;
}

/** A service as somebody may write it in an afternoon, with the mistakes that people make. */
export async function startCareless(
  sandbox: string,
  id: string,
  secret: string,
  manners: Manners,
): Promise<{ url: string; close: () => Promise<void> }> {
  const pending = new Map<string, string>();
  let url = '';
  let keys: readonly { readonly kid: string }[] | undefined;
  const kidOf = (token: string): unknown =>
    (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: unknown }).kid;
  const claimsOf = (token: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  const fetchKeys = async (): Promise<NonNullable<typeof keys>> =>
    ((await (await fetch(`${sandbox}/jwks`)).json()) as { keys: NonNullable<typeof keys> }).keys;
  async function knows(kid: unknown): Promise<boolean> {
    keys ??= await fetchKeys();
    if (keys.some((key) => key.kid === kid)) return true;
    if (manners.keepsKeys === true) return false;
    keys = await fetchKeys();
    return keys.some((key) => key.kid === kid);
  }

  function login(response: ServerResponse): void {
    const state = crypto.randomUUID();
    pending.set(state, 'nonce-'.concat(state));
    // A verifier of its own is the state's; it is none of this test's business.
    const query = new URLSearchParams({
      client_id: id,
      redirect_uri: `${url}/cb`,
      response_type: 'code',
      scope: 'openid profile email',
      state,
      nonce: `nonce-${state}`,
      ...(manners.formPost === true ? { response_mode: 'form_post' } : {}),
    });
    response
      .writeHead(303, { location: `${sandbox}/auth?${query.toString()}`, 'set-cookie': `careless=${state}; Path=/` })
      .end();
  }

  async function callback(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query =
      request.method === 'POST'
        ? new URLSearchParams(await text(request))
        : new URL(request.url ?? '', url).searchParams;
    const started = /careless=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    if (query.has('error')) {
      if (manners.crashes === true) throw new Error('no code');
      if (manners.loops === true) login(response);
      else response.writeHead(403).end('Masuk dibatalkan');
      return;
    }
    const suspicious = query.get('state') !== started || query.get('iss') !== sandbox;
    if (suspicious && manners.trusting !== true) {
      response.writeHead(400).end('Jawaban ditolak');
      return;
    }
    const answer = (await (
      await fetch(`${sandbox}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: query.get('code') ?? '',
          redirect_uri: `${url}/cb`,
        }),
      })
    ).json()) as { id_token: string; access_token: string };
    if (manners.trusting !== true && claimsOf(answer.id_token).nonce !== pending.get(started)) {
      response.writeHead(400).end('Token ditolak');
      return;
    }
    if (!(await knows(kidOf(answer.id_token)))) throw new Error('unknown key');
    const person = (await (
      await fetch(`${sandbox}/me`, { headers: { authorization: `Bearer ${answer.access_token}` } })
    ).json()) as { name: string };
    response.writeHead(200, { 'content-type': 'text/html' }).end(`Halo, ${person.name}`);
  }

  async function logout(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = new URLSearchParams(await text(request)).get('logout_token') ?? '';
    const claims = claimsOf(token);
    const key = ((await fetchKeys()) as unknown as (JsonWebKey & { kid: string; alg: string })[]).find(
      ({ kid }) => kid === kidOf(token),
    );
    const [head = '', body = '', signature = ''] = token.split('.');
    const isSigned =
      key !== undefined &&
      (await crypto.subtle.verify(
        { name: 'ECDSA', hash: 'SHA-256' },
        await crypto.subtle.importKey('jwk', key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']),
        Buffer.from(signature, 'base64url'),
        Buffer.from(`${head}.${body}`),
      ));
    const good = isSigned && Number(claims.exp) > Date.now() / 1000 && claims.nonce === undefined;
    response.writeHead(good || manners.gullible === true ? 200 : 400).end();
  }

  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    if (pathname === '/login') {
      login(response);
      return;
    }
    const work = pathname === '/cb' ? callback(request, response) : logout(request, response);
    work.catch(() => response.writeHead(500).end('Galat'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
