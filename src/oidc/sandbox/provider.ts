import {
  interactionPolicy,
  type Configuration,
  type default as Provider,
  type FindAccount,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import { claimsByScope, scopes } from '../../domain/claims.ts';
import { LOCALES } from '../../domain/locale.ts';
import { citizenBySub } from '../../domain/sandbox-citizens.ts';
import { createFeatures } from '../features.ts';
import { createProvider, type ProviderDeps } from '../provider.ts';
import { createProtocolAdapter } from '../state/adapter.ts';

/** Where the sandbox lives: its issuer is the address of the sign-on with this behind it. */
export const SANDBOX = '/sandbox';

const HOUR = 3600;

/** The same hashes under purposes of its own: nothing that one issuer made is found, or means anybody, at the other. */
const sandboxHash = (of: KeyedHash): KeyedHash => ({
  equal: (a, b) => of.equal(a, b),
  hash: (purpose, ...parts) => of.hash(`sandbox.${purpose}`, ...parts),
});

const findCitizen: FindAccount = (_ctx, sub) => {
  const citizen = citizenBySub(sub);
  if (citizen === undefined || citizen.suspended === true) return undefined;
  return { accountId: sub, claims: () => Promise.resolve({ sub, ...citizen.claims }) };
};

/**
 * Each sign-in asks for citizen and consent anew, so that a team sees both pages as often as it likes. `prompt=none`
 * finds a session.
 */
function createSandboxPolicy(): interactionPolicy.DefaultPolicy {
  const { Check, base } = interactionPolicy;
  const policy = base();
  const eachTime = (prompt: 'login' | 'consent') =>
    new Check(
      'each_time',
      'the sandbox asks each time',
      ({ oidc }: KoaContextWithOIDC) => oidc.result?.[prompt] === undefined && !oidc.prompts.has('none'),
    );
  for (const prompt of ['login', 'consent'] as const) policy.get(prompt)?.checks.add(eachTime(prompt));
  // Any level that is asked for is reached here: there is no password and no second factor to prove.
  policy.get('login')?.checks.remove('essential_acrs');
  policy.get('login')?.checks.remove('essential_acr');
  policy.get('consent')?.checks.remove('native_client_prompt');
  policy.get('consent')?.checks.remove('op_claims_missing');
  return policy;
}

export type SandboxProviderDeps = Omit<ProviderDeps, 'ownClients' | 'listShares' | 'issuer' | 'beginAgain' | 'instead'>;

/**
 * A second issuer in the same process, for trying things out: the same protocol with the same rules, and nothing else
 * in common. Keys, protocol state, cookies, subjects and people are its own.
 */
export function createSandboxProvider({ keyedHash, ...deps }: SandboxProviderDeps): Provider {
  const { config, store, sealer, pages } = deps;
  const issuer = `${config.http.issuer}${SANDBOX}`;
  const secure = issuer.startsWith('https://');
  const prefix = secure ? '__Secure-sandbox-' : 'sandbox-';
  const hash = sandboxHash(keyedHash);
  const adapterFor = createProtocolAdapter({ state: store.protocolState, sealer, keyedHash: hash });
  const cookie = { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true } as const;

  const instead: Partial<Configuration> = {
    adapter: (model: string) => (model === 'Client' ? deps.clients.adapter : adapterFor(model)),
    findAccount: findCitizen,
    cookies: {
      keys: deps.cookieSigner,
      names: { session: `${prefix}session`, interaction: `${prefix}interaction`, resume: `${prefix}resume` },
      long: { ...cookie, path: SANDBOX },
      short: cookie,
    },
    scopes: [...scopes],
    claims: Object.fromEntries(
      Object.entries(claimsByScope).map(([scope, names]) => [
        scope,
        scope === 'profile' ? [...names, 'nip'] : [...names],
      ]),
    ),
    discovery: { prompt_values_supported: ['none', 'login', 'consent'], ui_locales_supported: [...LOCALES] },
    interactions: { policy: createSandboxPolicy(), url: (_ctx, { uid }) => `${SANDBOX}/interaction/${uid}` },
    features: { ...createFeatures({ pages, keyedHash: hash, apis: deps.apis }), deviceFlow: { enabled: false } },
    loadExistingGrant: async ({ oidc }: KoaContextWithOIDC) => {
      const { client, session, result, provider } = oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const id = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
      return id === undefined ? undefined : provider.Grant.find(id);
    },
    ttl: {
      Interaction: HOUR,
      Session: HOUR,
      Grant: HOUR,
      AuthorizationCode: 60,
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? 900,
      ClientCredentials: 600,
      IdToken: 900,
      RefreshToken: HOUR,
    },
  };

  return createProvider({
    ...deps,
    keyedHash: hash,
    issuer,
    ownClients: [],
    listShares: () => Promise.resolve(true),
    beginAgain: (uid) => `${SANDBOX}/interaction/${uid}`,
    instead,
  });
}
