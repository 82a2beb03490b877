import type { Configuration, KoaContextWithOIDC, default as Provider } from 'oidc-provider';
import type { AccountId } from '../domain/account.ts';
import { OFFLINE_SCOPE } from '../domain/claims.ts';
import type { Client } from '../domain/client.ts';
import { keyOf, knownShares, newShares, sharesOf, type Share } from '../domain/sharing.ts';
import type { Store } from '../store/store.ts';
import type { ClientDirectory } from './clients.ts';
import { settleShown } from '../web/way-back.ts';
import { isRecentOffline, prolong, type Lifetimes } from './offline-access.ts';
import type { ApiDirectory } from './resources.ts';

/** Tells what a service of the house gets by the list of connected services; false where a page has to tell or ask. */
export type ListShares = (told: {
  readonly client: Client;
  readonly accountId: AccountId;
  readonly shares: readonly Share[];
}) => Promise<boolean>;

export interface GrantsDeps {
  readonly clients: Pick<ClientDirectory, 'find'>;
  readonly apis: ApiDirectory;
  readonly store: Pick<Store, 'consents'>;
  readonly list: ListShares;
  readonly lifetimes: Lifetimes;
}

/** What a request asks for: by name, of ours, and at each API. */
interface Wanted {
  readonly scopes: readonly string[];
  readonly openid: readonly string[];
  readonly resources: ReadonlyMap<string, readonly string[]>;
}

const NONE: ReadonlySet<string> = new Set();
const MOST_SETTLED = 20_000;

function wantedOf({ oidc }: KoaContextWithOIDC): Wanted {
  const scopes = [...oidc.requestParamScopes];
  const servers = Object.entries(oidc.resourceServers ?? {});
  return {
    scopes,
    openid: [...oidc.requestParamOIDCScopes],
    resources: new Map(
      servers.map(([identifier, server]) => [identifier, scopes.filter((scope) => server.scopes.has(scope))]),
    ),
  };
}

/** By the names that shares have, so that both can be compared. */
const keysOf = ({ openid, resources }: Wanted): readonly string[] => [
  ...openid,
  ...[...resources].flatMap(([identifier, names]) => names.map((name) => `${identifier} ${name}`)),
];

const grantedIn = (grant: InstanceType<Provider['Grant']> | undefined, { resources }: Wanted): ReadonlySet<string> =>
  new Set(
    grant === undefined
      ? []
      : [
          ...grant.getOIDCScope().split(' '),
          ...[...resources.keys()].flatMap((identifier) =>
            grant
              .getResourceScope(identifier)
              .split(' ')
              .map((name) => `${identifier} ${name}`),
          ),
        ],
  );

/**
 * The grant of a session follows the receipts of the person: what they agreed to or were told once, wherever that was,
 * is granted without a word, and where something is new there is no grant, so that the prompt `consent` comes up.
 */
export function createLoadExistingGrant({
  clients,
  apis,
  store,
  list,
  lifetimes,
}: GrantsDeps): NonNullable<Configuration['loadExistingGrant']> {
  /**
   * By the row of a client, grants for which the receipts have been looked at as it stood. A withdrawal ends the grant
   * itself, and what a client says of its purposes is in its row, which is read anew every few minutes: where both are
   * as they were, the receipts are too. They go with the row: held by the grants, each former one would stay, and with
   * it the client that the library made of it.
   */
  const settled = new WeakMap<Client, Set<string>>();
  /** Words of an API may change without either. */
  const nameOf = (grantId: string, { scopes, resources }: Wanted): string | undefined =>
    resources.size === 0 ? `${grantId} ${scopes.join(' ')}` : undefined;

  /**
   * Whom a service of the house could not simply be listed for, lately: they took it back once, or a page tells them.
   */
  const asked = new Set<string>();
  /**
   * Whether a grant may be made first, and the receipts looked at once, afterwards. Only where nobody is likely to be
   * asked: a store remembers each grant of a person for as long as it could have lived, and whoever asks again and
   * again without agreeing to anything would fill it.
   */
  const isExpected = (client: Client | undefined, accountId: string): boolean =>
    client?.metadata.first_party === true && !asked.has(`${accountId} ${client.id}`);

  function settle(row: Client | undefined, name: string | undefined): void {
    if (name === undefined || row === undefined) return;
    const names = settled.get(row);
    if (names === undefined || names.size >= MOST_SETTLED) settled.set(row, new Set([name]));
    else names.add(name);
  }

  async function unsettled(
    ctx: KoaContextWithOIDC,
    accountId: string,
    clientId: string,
    { scopes, resources }: Wanted,
  ): Promise<ReadonlySet<string>> {
    const client = await clients.find(clientId);
    const wantedApis = (await Promise.all([...resources.keys()].map((identifier) => apis.find(identifier)))).filter(
      (api) => api !== undefined,
    );
    const shares = client === undefined ? [] : sharesOf(client.metadata, scopes, wantedApis);
    if (client === undefined || shares.length === 0) return new Set();
    const fresh = newShares(shares, knownShares(client.metadata, await store.consents.standing(accountId, clientId)));
    if (
      fresh.length === 0 ||
      (await settleShown(ctx)) ||
      (await list({ client, accountId: accountId as AccountId, shares: fresh }))
    )
      return new Set();
    return new Set(fresh.map(keyOf));
  }

  return async (ctx: KoaContextWithOIDC) => {
    const { client, session, provider } = ctx.oidc;
    if (client === undefined || session?.accountId === undefined) return undefined;
    const { accountId } = session;
    const wanted = wantedOf(ctx);
    const grantId = session.grantIdFor(client.clientId);
    const found = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const theirs = found?.accountId === accountId ? found : undefined;
    const row = await clients.find(client.clientId);
    const name = theirs === undefined ? undefined : nameOf(theirs.jti, wanted);
    const isSettled = name !== undefined && row !== undefined && settled.get(row)?.has(name) === true;
    const missing =
      isSettled || (theirs === undefined && isExpected(row, accountId))
        ? NONE
        : await unsettled(ctx, accountId, client.clientId, wanted);
    // What outlives the session has a grant of its own, as old as itself; the session goes on with it.
    const now = Math.floor(Date.now() / 1000);
    const needsItsOwn = wanted.scopes.includes(OFFLINE_SCOPE) && !isRecentOffline(theirs, lifetimes, now);
    // To ask is not to be given: until the person has agreed, the session and the tokens in it go on with the grant
    // they have.
    if (needsItsOwn && ctx.oidc.promptPending('consent')) return theirs;
    const existing = needsItsOwn ? undefined : theirs;
    const granted = grantedIn(existing, wanted);
    // Granted once, for another purpose than today's: that grant is good for the tokens it gave, and for no new ones.
    const outdated = [...missing].some((key) => granted.has(key));
    if (missing.size > 0) return outdated ? undefined : existing;
    const isLonger = existing !== undefined && prolong(existing, lifetimes, now);
    if (existing !== undefined && !isLonger && keysOf(wanted).every((key) => granted.has(key))) {
      if (!isSettled) settle(row, name);
      return existing;
    }

    const grant = existing ?? new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(wanted.openid.join(' '));
    for (const [identifier, names] of wanted.resources)
      if (names.length > 0) grant.addResourceScope(identifier, names.join(' '));
    await grant.save();
    // Withdrawn in this moment: a withdrawal ends the receipts first and the grants then, and this one may have come
    // after.
    if ((await unsettled(ctx, accountId, client.clientId, wanted)).size === 0) {
      settle(row, nameOf(grant.jti, wanted));
      return grant;
    }
    if (asked.size >= MOST_SETTLED) asked.clear();
    asked.add(`${accountId} ${client.clientId}`);
    await grant.destroy();
    return undefined;
  };
}
