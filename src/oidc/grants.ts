import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { AccountId } from '../domain/account.ts';
import type { Client } from '../domain/client.ts';
import { knownShares, newShares, sharesOf, type Share } from '../domain/sharing.ts';
import type { Store } from '../store/store.ts';
import type { ClientDirectory } from './clients.ts';

/** Tells what a service of the house gets by the list of connected services; false where a page has to tell or ask. */
export type ListShares = (told: { readonly client: Client; readonly accountId: AccountId; readonly shares: readonly Share[] }) => Promise<boolean>;

export interface GrantsDeps {
  readonly clients: Pick<ClientDirectory, 'find'>;
  readonly store: Pick<Store, 'consents'>;
  readonly list: ListShares;
}

/**
 * The grant of a session follows the receipts of the person: what they agreed to or were told once, wherever that was,
 * is granted without a word, and where something is new there is no grant, so that the prompt `consent` comes up.
 */
export function createLoadExistingGrant({ clients, store, list }: GrantsDeps): NonNullable<Configuration['loadExistingGrant']> {
  async function unsettled(accountId: string, clientId: string, wanted: readonly string[]): Promise<ReadonlySet<string>> {
    const client = await clients.find(clientId);
    const shares = client === undefined ? [] : sharesOf(client.metadata, wanted);
    if (client === undefined || shares.length === 0) return new Set();
    const fresh = newShares(shares, knownShares(client.metadata, await store.consents.standing(accountId, clientId)));
    if (fresh.length === 0 || (await list({ client, accountId: accountId as AccountId, shares: fresh }))) return new Set();
    return new Set(fresh.map(({ scope }) => scope));
  }

  return async (ctx: KoaContextWithOIDC) => {
    const { client, session, provider } = ctx.oidc;
    if (client === undefined || session?.accountId === undefined) return undefined;
    const { accountId } = session;
    const wanted = [...ctx.oidc.requestParamOIDCScopes];
    const missing = await unsettled(accountId, client.clientId, wanted);
    const grantId = session.grantIdFor(client.clientId);
    const found = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const existing = found?.accountId === accountId ? found : undefined;
    const granted = new Set(existing?.getOIDCScope().split(' '));
    // Granted once, for another purpose than today's: that grant is good for the tokens it gave, and for no new ones.
    const outdated = wanted.some((scope) => missing.has(scope) && granted.has(scope));
    if (missing.size > 0) return outdated ? undefined : existing;
    if (existing !== undefined && wanted.every((scope) => granted.has(scope))) return existing;

    const grant = existing ?? new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(wanted.join(' '));
    await grant.save();
    // Withdrawn in this moment: a withdrawal ends the receipts first and the grants then, and this one may have come after.
    if ((await unsettled(accountId, client.clientId, wanted)).size === 0) return grant;
    await grant.destroy();
    return undefined;
  };
}
