import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import Provider, { type AdapterFactory, type AdapterPayload, type Configuration } from 'oidc-provider';

/** The person who is always at the keyboard; invented. */
export const person = {
  sub: 'orang-contoh-1',
  name: 'SITI <b>CONTOH</b>',
  email: 'siti@contoh.test',
  email_verified: true,
  phone_number: '+6281200000001',
  phone_number_verified: true,
};

const EVENT = { 'http://schemas.openid.net/event/backchannel-logout': {} };
const KID = 'sign-on';

/** Storage in memory that belongs to one provider, which the library's own does not. */
function memory(): AdapterFactory {
  const rows = new Map<string, AdapterPayload>();
  const find = (matches: (row: AdapterPayload) => boolean) => Promise.resolve([...rows.values()].find(matches));
  return (model) => ({
    upsert: (id, payload) => Promise.resolve(void rows.set(`${model}:${id}`, payload)),
    find: (id) => Promise.resolve(rows.get(`${model}:${id}`)),
    findByUid: (uid) => find((row) => row.uid === uid && row.kind === model),
    findByUserCode: () => Promise.resolve(undefined),
    consume: (id) =>
      Promise.resolve(
        void Object.assign(rows.get(`${model}:${id}`) ?? {}, { consumed: Math.floor(Date.now() / 1000) }),
      ),
    destroy: (id) => Promise.resolve(void rows.delete(`${model}:${id}`)),
    revokeByGrantId: (grantId) => {
      for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key);
      return Promise.resolve();
    },
  });
}

export interface LogoutToken {
  readonly payload?: Record<string, unknown>;
  readonly key?: KeyObject;
  readonly typ?: string;
}

export interface SmallSignOn {
  readonly issuer: string;
  /** Puts the provider behind the address; before that nobody is at home. */
  open(clients: NonNullable<Configuration['clients']>): void;
  /** How the person answers: agrees, or cancels with an OAuth error. */
  answerWith(error?: string): void;
  logoutToken(clientId: string, token?: LogoutToken): Promise<string>;
  close(): Promise<void>;
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });

/** A real provider with the least around it: whoever comes is signed in at once as `person`. */
export async function startSmallSignOn(): Promise<SmallSignOn> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const adapter = memory();
  let provider: Provider | undefined;
  let error: string | undefined;

  async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
    await provider.interactionFinished(
      request,
      response,
      error === undefined ? { login: { accountId: person.sub, acr: 'urn:contoh:1', amr: ['pwd'] } } : { error },
      { mergeWithLastSubmission: false },
    );
  }

  const server = createServer((request, response) => {
    if (provider === undefined) response.writeHead(503).end();
    else if (request.url?.startsWith('/interaction/') === true) void interact(provider, request, response);
    else void provider.callback()(request, response);
  });
  const issuer = `http://localhost:${await listen(server)}`;

  return {
    issuer,
    open(clients) {
      provider = new Provider(issuer, {
        adapter,
        clients,
        jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: KID, alg: 'ES256', use: 'sig' }] },
        cookies: { keys: [randomUUID()] },
        claims: {
          openid: ['sub', 'sid', 'acr', 'amr', 'auth_time'],
          profile: ['name'],
          email: ['email', 'email_verified'],
          phone: ['phone_number', 'phone_number_verified'],
        },
        clientDefaults: {
          id_token_signed_response_alg: 'ES256',
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
        responseTypes: ['code'],
        // The library keeps its own calls away from loopback, where the sample service lives.
        fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
        findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...person, sub }) }),
        interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
        features: {
          devInteractions: { enabled: false },
          backchannelLogout: { enabled: true },
          rpInitiatedLogout: {
            enabled: true,
            logoutSource: (ctx, form) => {
              ctx.body = form;
            },
          },
        },
        ttl: { Interaction: 600, Session: 600, Grant: 600, AuthorizationCode: 60, AccessToken: 600, IdToken: 600 },
        loadExistingGrant: async (ctx) => {
          const { client, session } = ctx.oidc;
          const grant = new ctx.oidc.provider.Grant({
            accountId: session?.accountId ?? '',
            clientId: client?.clientId ?? '',
          });
          grant.addOIDCScope(String(ctx.oidc.params?.scope));
          await grant.save();
          return grant;
        },
      });
    },
    answerWith(wanted) {
      error = wanted;
    },
    logoutToken(clientId, { payload = {}, key = privateKey, typ = 'logout+jwt' } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const whole = {
        iss: issuer,
        aud: clientId,
        iat: now,
        exp: now + 120,
        jti: randomUUID(),
        events: EVENT,
        sub: person.sub,
        ...payload,
      };
      return new SignJWT(whole).setProtectedHeader({ alg: 'ES256', kid: KID, typ }).sign(key);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
