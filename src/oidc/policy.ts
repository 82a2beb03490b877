import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { acr, acrDemandOf, meets, satisfies, wantsSecondFactor } from '../domain/assurance.ts';
import { NOT_SHARED } from '../domain/sign-in-end.ts';

export interface PolicyDeps {
  /** Whether the account has a second factor. */
  readonly isEnrolled: (accountId: string) => Promise<boolean>;
}

/**
 * What a sign-in may ask of a person: `create` (registration, "Initiating User Registration via OpenID Connect 1.0"),
 * then `login`, then `consent`, where the service asks for something that the person has not agreed to or been told.
 */
export function createPolicy({ isEnrolled }: PolicyDeps): interactionPolicy.DefaultPolicy {
  const { Check, Prompt } = interactionPolicy;
  const policy = interactionPolicy.base();
  // Apps are known by PKCE and their registered address; to ask at each sign-in only teaches people to press the
  // button.
  policy.get('consent')?.checks.remove('native_client_prompt');
  // The `claims` parameter opens nothing but `acr`, and that is no matter of consent.
  policy.get('consent')?.checks.remove('op_claims_missing');
  const login = policy.get('login')?.checks;
  // The account was suspended, or all its sessions ended, between the proof and the way back to the service.
  login?.add(
    new Check(
      'account_gone',
      'the account does not honour this sign-in',
      (ctx) => ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined,
    ),
  );
  // The library compares levels as mere names: it would ask for ever for a level that the session exceeds.
  login?.remove('essential_acrs');
  login?.remove('essential_acr');
  login?.add(
    new Check('second_factor', 'the sign-in lacks a second factor', (ctx) => lacksSecondFactor(ctx, isEnrolled)),
  );
  // Said on the last page of a registration: the person is signed in by now, and nothing else is asked of them.
  const declined = new Check('sharing_declined', 'the person did not agree to share the data', ({ oidc }) => {
    if (oidc.result?.sharing === 'declined') throw new errors.AccessDenied(NOT_SHARED.error_description);
    return false;
  });
  policy.add(new Prompt({ name: 'create', requestable: true }, declined), 0);
  return policy;
}

/**
 * Whether this session must prove a second factor: because its account has one, whatever the service asks, or because
 * the service asks for it. A mere wish fails nobody (OpenID Connect Core, 5.5.1.1): `prompt=none` goes without, and so
 * does a person who has none and would rather not.
 */
async function lacksSecondFactor({ oidc }: KoaContextWithOIDC, isEnrolled: PolicyDeps['isEnrolled']): Promise<boolean> {
  const demand = acrDemandOf(oidc.params ?? {});
  if (demand?.essential === true && !meets(acr.twoFactor, demand))
    throw new errors.UnmetAuthenticationRequirements('none of the requested acr values can be reached here');
  const { accountId, acr: have } = oidc.session ?? {};
  if (accountId === undefined || satisfies(have, acr.twoFactor)) return false;
  if (await isEnrolled(accountId)) return true;
  if (!wantsSecondFactor(have, demand)) return false;
  return demand?.essential === true || !(oidc.prompts.has('none') || oidc.result?.secondFactor === 'declined');
}

/**
 * The level to answer with: where a request insists on certain levels the answer must be one of them (5.5.1.1), so a
 * session that exceeds them answers with the strongest that it satisfies.
 */
export function answeredAcr(have: string | undefined, params: Readonly<Record<string, unknown>>): string | undefined {
  const demand = acrDemandOf(params);
  if (demand?.essential !== true || have === undefined || demand.levels.includes(have)) return have;
  return (
    demand.levels
      .filter((level) => satisfies(have, level))
      .reduce<string | undefined>(
        (best, level) => (best === undefined || satisfies(level, best) ? level : best),
        undefined,
      ) ?? have
  );
}
