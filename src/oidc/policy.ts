import { interactionPolicy } from 'oidc-provider';

/**
 * What a sign-in may ask of a person: `create` (registration, "Initiating User Registration via OpenID Connect 1.0"),
 * then `login`, then `consent`, where the service asks for something that the person has not agreed to or been told.
 */
export function createPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  // Apps are known by PKCE and their registered address; to ask at each sign-in only teaches people to press the button.
  policy.get('consent')?.checks.remove('native_client_prompt');
  // The account was suspended, or all its sessions ended, between the proof and the way back to the service.
  policy.get('login')?.checks.add(new interactionPolicy.Check('account_gone', 'the account does not honour this sign-in', (ctx) => ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined));
  policy.add(new interactionPolicy.Prompt({ name: 'create', requestable: true }), 0);
  return policy;
}
