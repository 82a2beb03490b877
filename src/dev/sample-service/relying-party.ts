import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import * as oidc from 'openid-client';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { SampleClient } from './clients.ts';
import { createExpiring } from './expiring.ts';
import { readLogoutToken, REPLAY_SECONDS, type LogoutNotice } from './logout-token.ts';

const TIMEOUT_SECONDS = 10;
const MOST_LOGOUT_TOKENS = 10_000;

/** What one sign-in on its way must remember; none of it leaves the server. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** One claim and where it came from: the ID token, userinfo or both. */
export interface ReceivedClaim {
  readonly name: string;
  readonly value: unknown;
  readonly sources: readonly ('ID token' | 'userinfo')[];
}

export interface SignedIn {
  readonly sub: string;
  readonly sid: string | undefined;
  readonly idToken: Sensitive<string>;
  readonly claims: Sensitive<readonly ReceivedClaim[]>;
}

/**
 * `denied`: the person said no; `answered`: the sign-on gave another OAuth error; `unverified`: the answer is not what
 * it claims to be.
 */
export type SignInRefusal =
  | { readonly reason: 'denied' | 'unverified' | 'unreachable' }
  | { readonly reason: 'answered'; readonly error: string };

export interface RelyingParty {
  begin(wishes: {
    locale: string;
    create: boolean;
  }): Promise<Result<{ url: URL; pending: PendingSignIn }, 'unreachable'>>;
  /** @param query  the query of the callback as it came. */
  finish(query: string, pending: PendingSignIn): Promise<Result<SignedIn, SignInRefusal>>;
  signOutUrl(hint: { idToken: Sensitive<string>; state: string }): Promise<Result<URL, 'unreachable'>>;
  readLogoutToken(token: string): Promise<Result<LogoutNotice, string>>;
}

export interface RelyingPartyDeps {
  readonly issuer: string;
  readonly client: SampleClient;
  readonly redirectUri: string;
  readonly postLogoutRedirectUri: string;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
}

/** Fetch says `TypeError` when there is no connection; the rest are answers of a server that is not well. */
function isOutage(error: unknown): boolean {
  if (error instanceof oidc.ResponseBodyError) return error.status >= 500;
  if (error instanceof oidc.ClientError)
    return error.code === 'OAUTH_TIMEOUT' || (error.cause instanceof Response && error.cause.status >= 500);
  return error instanceof TypeError && error.cause !== undefined;
}

function refusalFor(error: unknown): SignInRefusal {
  if (isOutage(error)) return { reason: 'unreachable' };
  if (error instanceof oidc.AuthorizationResponseError)
    return error.error === 'access_denied' ? { reason: 'denied' } : { reason: 'answered', error: error.error };
  if (error instanceof oidc.ResponseBodyError) return { reason: 'answered', error: error.error };
  if (error instanceof oidc.ClientError || error instanceof oidc.WWWAuthenticateChallengeError)
    return { reason: 'unverified' };
  throw error;
}

function gather(idToken: object, userinfo: object): ReceivedClaim[] {
  const values = new Map<string, unknown>([...Object.entries(idToken), ...Object.entries(userinfo)]);
  return [...values].map(([name, value]) => ({
    name,
    value,
    sources: [
      ...(name in idToken ? (['ID token'] as const) : []),
      ...(name in userinfo ? (['userinfo'] as const) : []),
    ],
  }));
}

/**
 * One client of the sign-on: authorization code flow with PKCE, userinfo, RP-initiated and back-channel logout.
 * Discovery happens when it is first needed, so that the two processes may start in any order.
 */
export function createRelyingParty({
  issuer,
  client,
  redirectUri,
  postLogoutRedirectUri,
  clock,
  log,
}: RelyingPartyDeps): RelyingParty {
  const seen = createExpiring<true>({ clock, ttlSeconds: REPLAY_SECONDS, most: MOST_LOGOUT_TOKENS });
  let discovered: Promise<{ configuration: oidc.Configuration; keys: JWTVerifyGetKey }> | undefined;

  async function discover(): Promise<{ configuration: oidc.Configuration; keys: JWTVerifyGetKey }> {
    const server = new URL(issuer);
    const authentication =
      client.client_secret === undefined ? oidc.None() : oidc.ClientSecretBasic(client.client_secret);
    const configuration = await oidc.discovery(
      server,
      client.client_id,
      { id_token_signed_response_alg: 'ES256' },
      authentication,
      {
        timeout: TIMEOUT_SECONDS,
        execute: [
          // Core 3.1.3.7 lets TLS stand in for the signature of the ID token; here there may be no TLS.
          oidc.enableNonRepudiationChecks,
          // The sign-on of a development machine has no certificate; `server.ts` starts nothing of this in production.
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so as to stand out, not because it goes away
          ...(server.protocol === 'http:' ? [oidc.allowInsecureRequests] : []),
        ],
      },
    );
    const { jwks_uri: jwksUri } = configuration.serverMetadata();
    if (jwksUri === undefined) throw new Error('the sign-on publishes no keys');
    return { configuration, keys: createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: TIMEOUT_SECONDS * 1000 }) };
  }

  /** Only a success is kept: the next request asks again. */
  function connection(): NonNullable<typeof discovered> {
    discovered ??= discover().catch((error: unknown) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  }

  async function reach(): Promise<oidc.Configuration | undefined> {
    try {
      return (await connection()).configuration;
    } catch (error) {
      log.warn({ err: error, issuer }, 'the sign-on cannot be reached');
      return undefined;
    }
  }

  async function exchange(
    configuration: oidc.Configuration,
    query: string,
    { state, nonce, codeVerifier }: PendingSignIn,
  ): Promise<SignedIn> {
    const answer = new URL(redirectUri);
    answer.search = query;
    const tokens = await oidc.authorizationCodeGrant(configuration, answer, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined || tokens.id_token === undefined)
      throw new oidc.ClientError('the answer holds no ID token');
    const userinfo = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    return {
      sub: claims.sub,
      sid: typeof claims.sid === 'string' ? claims.sid : undefined,
      idToken: sensitive(tokens.id_token),
      claims: sensitive(gather(claims, userinfo)),
    };
  }

  return {
    async begin({ locale, create }) {
      const configuration = await reach();
      if (configuration === undefined) return refuse('unreachable');
      const pending: PendingSignIn = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        codeVerifier: oidc.randomPKCECodeVerifier(),
      };
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: client.scope,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.codeVerifier),
        code_challenge_method: 'S256',
        ui_locales: locale,
        ...(create ? { prompt: 'create' } : {}),
      });
      return ok({ url, pending });
    },

    async finish(query, pending) {
      const configuration = await reach();
      if (configuration === undefined) return refuse({ reason: 'unreachable' });
      try {
        return ok(await exchange(configuration, query, pending));
      } catch (error) {
        const refusal = refusalFor(error);
        if (refusal.reason !== 'denied') log.warn({ err: error, client: client.client_id }, 'a sign-in failed');
        return refuse(refusal);
      }
    },

    async signOutUrl({ idToken, state }) {
      const configuration = await reach();
      if (configuration === undefined) return refuse('unreachable');
      return ok(
        oidc.buildEndSessionUrl(configuration, {
          id_token_hint: idToken.reveal(),
          post_logout_redirect_uri: postLogoutRedirectUri,
          state,
        }),
      );
    },

    async readLogoutToken(token) {
      const { configuration, keys } = await connection();
      return readLogoutToken(token, {
        issuer: configuration.serverMetadata().issuer,
        clientId: client.client_id,
        keys,
        seen,
        clock,
      });
    },
  };
}
