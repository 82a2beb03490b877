import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../config.ts';
import type { CookieSigner } from '../crypto/cookie-signer.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Sealer } from '../crypto/seal.ts';
import { adminScopes } from '../domain/admin-scope.ts';
import { acr } from '../domain/assurance.ts';
import { claimsByScope, scopes } from '../domain/claims.ts';
import { LOCALES } from '../domain/locale.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Outbound } from '../ports/outbound/outbound.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { createFindAccount } from './accounts.ts';
import { algorithms } from './algorithms.ts';
import { createPairwiseSubject, extraClientMetadata, isFapi2, mayCallFrom, needsPkce } from './client-rules.ts';
import { compareByHash } from './client-secrets.ts';
import type { ClientDirectory } from './clients.ts';
import { allowFormTargets, formTargetsOf } from '../web/security-headers.ts';
import { assertClientAssertion } from './fapi.ts';
import { createFeatures, type ProtocolPages } from './features.ts';
import { findByRow } from './held-clients.ts';
import { forgetOldKeys, keptShortly } from './held-keys.ts';
import { honouredByClient } from './honoured-tokens.ts';
import { createLoadExistingGrant, type ListShares } from './grants.ts';
import { isBridged, rememberBridged } from './bridged.ts';
import { createKeySlots } from './key-slots.ts';
import { narrowGrants } from './narrowed-scopes.ts';
import { createPeople, type AccountChanges } from './people.ts';
import { withPlainContext } from './plain-context.ts';
import { keepCompletion } from './present-session.ts';
import { answeredAcr, createPolicy } from './policy.ts';
import { endsWithSession, honouredByAccount, offlineTtl, withinGrant } from './offline-access.ts';
import { describeSignIn, type ApiDirectory } from './resources.ts';
import { settleDevicesOnce } from './device-links.ts';
import { leaveEndedInteractions } from './ended-interactions.ts';
import { createEndedSignIns } from './ended-sign-ins.ts';
import { leaveEndedSessions } from './ended-sessions.ts';
import { endInteractionLast, keepIdWithoutProof, writeNoEmptySession } from './resume.ts';
import { honouredSession } from './sessions.ts';
import { endInOneBrowser } from './one-browser.ts';
import { leadOnWhereUsed } from './pushed-again.ts';
import type { SigningKeys } from './signing-keys.ts';
import { createProtocolAdapter, type ProtocolAdapter } from './state/adapter.ts';
import { judged } from './state/judged.ts';
import { copyPayloads } from './state/payloads.ts';
import { foreseeing, remembered, type Leads } from './state/remembered.ts';
import { awaitWrites, together } from './state/together.ts';
import { createReplayDetection, detectReplays } from './state/replays.ts';

/** What a client may ask for when its registration says nothing: never the NIK. */
const defaultClientScope = 'openid profile email phone';

export interface ProviderDeps {
  readonly config: Config;
  readonly store: Store;
  readonly sealer: Sealer;
  readonly keyedHash: KeyedHash;
  readonly cookieSigner: CookieSigner;
  readonly clients: ClientDirectory;
  readonly apis: ApiDirectory;
  /** Clients that are part of this product and need no registration. */
  readonly ownClients: NonNullable<Configuration['clients']>;
  readonly signingKeys: SigningKeys;
  readonly pages: ProtocolPages;
  readonly listShares: ListShares;
  /** Reads what services publish at addresses of theirs: keys, the addresses of a sector. */
  readonly outbound: Pick<Outbound, 'readDocument'>;
  readonly clock: Clock;
  readonly log: Log;
  /** By which it learns what other instances do to an account; without, each request asks the store. */
  readonly changes?: AccountChanges;
  /** Where it is not the sign-on itself. */
  readonly issuer?: string;
  /** Where a sign-in whose session was ended on the way begins anew. */
  readonly beginAgain?: (uid: string) => string;
  /** What another issuer has instead (sandbox/provider.ts). */
  readonly instead?: Partial<Configuration>;
}

/** Cookie prefixes bind the cookies to this host over https (RFC 6265bis, 4.1.3). */
function cookieNames(issuer: string): { session: string; interaction: string; resume: string } {
  if (!issuer.startsWith('https://'))
    return { session: 'session', interaction: 'interaction', resume: 'authorization' };
  return { session: '__Host-session', interaction: '__Secure-interaction', resume: '__Secure-authorization' };
}

const ADDRESSES = [
  'authorization',
  'token',
  'userinfo',
  'jwks',
  'revocation',
  'introspection',
  'end_session',
  'end_session_confirm',
  'end_session_success',
  'device_authorization',
  'code_verification',
  'pushed_authorization_request',
];

/** The addresses of the protocol that have no parameter in them. */
export const addressesOf = (provider: Provider): readonly string[] => ADDRESSES.map((name) => provider.pathFor(name));

/** The cookies of a sign-in that has begun, which are sent to its own paths alone, and that of the session. */
export const journeyCookies = (issuer: string): { readonly underWay: readonly string[]; readonly session: string } => {
  const { interaction, resume, session } = cookieNames(issuer);
  return { underWay: [interaction, resume], session };
};

export function createProvider({
  config,
  store,
  sealer,
  keyedHash,
  cookieSigner,
  clients,
  apis,
  ownClients,
  signingKeys,
  pages,
  listShares,
  outbound,
  clock,
  log,
  changes,
  issuer = config.http.issuer,
  beginAgain = (uid) => `/interaction/${uid}/resume`,
  instead = {},
}: ProviderDeps): Provider {
  const secure = issuer.startsWith('https://');
  const cookie = { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true } as const;
  const pairwiseSubject = createPairwiseSubject(keyedHash);
  const people = createPeople(store, changes === undefined ? [] : [store, changes]);
  const adapterFor = createProtocolAdapter({ state: store.protocolState, sealer, keyedHash });
  const honoured = (model: string): ProtocolAdapter =>
    remembered(
      model,
      judged(
        adapterFor(model),
        model === 'Session'
          ? [honouredSession(people)]
          : [...honouredByClient(model, clients), ...honouredByAccount(model, people)],
      ),
    );
  const leads: Leads = {
    sessions: honoured('Session'),
    grants: honoured('Grant'),
    account: (accountId) => people.standingOf(accountId),
  };

  const configuration: Configuration = {
    adapter: (model: string) =>
      model === 'Client' ? clients.adapter : foreseeing(model, together(model, honoured(model)), leads),
    clients: ownClients,
    ...keptShortly({ read: outbound.readDocument, clock }),
    findAccount: createFindAccount({ people, timeZone: config.identity.timeZone }),
    jwks: { keys: createKeySlots(signingKeys) },
    cookies: { keys: cookieSigner, names: cookieNames(issuer), long: cookie, short: cookie },

    scopes: [...scopes, ...adminScopes],
    claims: Object.fromEntries(Object.entries(claimsByScope).map(([scope, names]) => [scope, [...names]])),
    acrValues: Object.values(acr),
    // Approved teams register by an initial access token (src/admin/clients/registration).
    discovery: {
      registration_endpoint: `${issuer}/reg`,
      prompt_values_supported: ['none', 'login', 'consent', 'create'],
      ui_locales_supported: [...LOCALES],
      op_policy_uri: `${issuer}/privacy`,
      op_tos_uri: `${issuer}/terms`,
    },
    // Only the code flow: nothing that identifies a person travels through the address bar.
    responseTypes: ['code'],
    pkce: { required: (ctx, client) => needsPkce(client) && !isBridged(ctx) },
    // OpenID Connect Core, 3.1.2.1 and 3.1.3.1: a request names its redirect_uri, and the exchange repeats it.
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: (_ctx, origin, client) => mayCallFrom(origin, client),
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: (_ctx, accountId, client) => pairwiseSubject(accountId, client),
    extraClientMetadata: { properties: extraClientMetadata },
    clientDefaults: {
      id_token_signed_response_alg: 'ES256',
      introspection_signed_response_alg: 'ES256',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: defaultClientScope,
    },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: algorithms,
    assertJwtClientAuthClaimsAndHeader: assertClientAssertion,

    // It lives as long as the session it came from, unless the person lets the service act while they are away.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: endsWithSession,
    // Each works once, also for clients with a secret: the second use shows a theft and ends all that came of the
    // grant. Not under FAPI 2.0, where it is bound to the client's key instead (FAPI 2.0 Security Profile, 5.3.2.1).
    rotateRefreshToken: (ctx) => !isFapi2(ctx.oidc.client),

    interactions: {
      policy: createPolicy({
        isEnrolled: async (accountId) => (await people.standingOf(accountId))?.hasSecondFactor === true,
      }),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    features: createFeatures({ pages, keyedHash, apis }),
    renderError: (ctx, out, error) =>
      pages.error(ctx, { error: out.error, error_description: out.error_description }, error),

    loadExistingGrant: createLoadExistingGrant({ clients, apis, store, list: listShares, lifetimes: config.lifetimes }),
    extraTokenClaims: describeSignIn,

    ttl: {
      Interaction: config.lifetimes.interactionSeconds,
      // Whoever opens the page for the code of a device is given one, signed in or not: rows that anybody can have
      // written must not lie there for weeks.
      Session: (_ctx, { accountId }) =>
        accountId === undefined ? config.lifetimes.interactionSeconds : config.lifetimes.sessionSeconds,
      AuthorizationCode: 60,
      AccessToken: (ctx, token) => withinGrant(ctx, token.resourceServer?.accessTokenTTL ?? 900),
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? 600,
      DeviceCode: 600,
      IdToken: 900,
      ...offlineTtl(config.lifetimes),
    },
  };

  const provider = withPlainContext(() => new Provider(issuer, { ...configuration, ...instead }));
  keepCompletion(provider);
  copyPayloads(provider);
  narrowGrants(provider);
  forgetOldKeys(provider, clock);
  findByRow(provider, { clients, own: new Set(ownClients.map(({ client_id: id }) => id)), clock });
  compareByHash(provider, { clients, store, clock, log });
  const isFirstUse = createReplayDetection({ state: store.protocolState, sealer, keyedHash });
  detectReplays(provider, isFirstUse);
  settleDevicesOnce(provider, isFirstUse);
  leaveEndedSessions(provider, beginAgain);
  endInteractionLast(provider, createEndedSignIns({ state: store.protocolState, sealer, keyedHash }));
  leaveEndedInteractions(provider);
  leadOnWhereUsed(provider, beginAgain);
  rememberBridged(provider);
  endInOneBrowser(provider);
  keepIdWithoutProof(provider);
  writeNoEmptySession(provider);
  awaitWrites(provider);
  provider.proxy = true; // the front middleware has already replaced what a proxy may say (web/forwarded.ts)
  provider.use(async (ctx, next) => {
    if (!signingKeys.isFresh()) await signingKeys.fresh();
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    // Services need not know what machines of operators may ask for (RFC 8414, 2: some may be left out).
    if (oidc?.route === 'discovery') ctx.body = { ...(ctx.body as object), scopes_supported: [...scopes] };
    if (oidc?.route === 'jwks') ctx.body = { keys: await signingKeys.published() };
    // The page of `response_mode=form_post` sends itself to the service, also with an error that was found before the
    // address was looked at.
    const { response_mode: mode, redirect_uri: home } = oidc?.params ?? {};
    if (mode === 'form_post' && typeof home === 'string' && oidc?.client?.redirectUriAllowed(home) === true)
      allowFormTargets(ctx, formTargetsOf(home));
  });
  provider.on('authorization.accepted', ({ oidc }: KoaContextWithOIDC) => {
    Object.defineProperty(oidc, 'acr', { value: answeredAcr(oidc.session?.acr, oidc.params ?? {}) });
  });
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
    log.error({ err: error, requestId: (ctx.state as { requestId?: string }).requestId }, 'protocol failure');
  });
  provider.on('backchannel.error', (_ctx: unknown, error: Error, client: { clientId: string }) => {
    log.error({ err: error, clientId: client.clientId }, 'a logout notice could not be stored');
  });
  return provider;
}
