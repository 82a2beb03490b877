import { interactionPolicy } from 'oidc-provider';

/**
 * What a sign-in may ask of a person: `create` (registration, "Initiating User Registration via OpenID Connect 1.0"),
 * then `login`. Consent comes with the services that need it; until then a client may have the scopes it is
 * registered for, and asking for `prompt=consent` is refused as unsupported rather than ignored.
 */
export function createPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  // The account was suspended, or all its sessions ended, between the proof and the way back to the service.
  policy.get('login')?.checks.add(new interactionPolicy.Check('account_gone', 'the account does not honour this sign-in', (ctx) => ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined));
  policy.add(new interactionPolicy.Prompt({ name: 'create', requestable: true }), 0);
  return policy;
}
