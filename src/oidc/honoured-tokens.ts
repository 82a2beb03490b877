import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { ClientDirectory } from './clients.ts';

/** What a client holds or will be given: all of it carries the client and the second it was issued. */
const GIVEN = new Set(['AccessToken', 'AuthorizationCode', 'ClientCredentials', 'DeviceCode', 'Grant', 'PushedAuthorizationRequest', 'RefreshToken']);

/**
 * Storage that finds nothing which a client was given before it was stopped: when it comes back it begins anew. Asked
 * at each use, of what is held of the client anyway, and not deleted once: a request under way would write it anew.
 */
export function honouredTokens(model: string, adapter: Adapter, clients: Pick<ClientDirectory, 'find'>): Adapter {
  if (!GIVEN.has(model)) return adapter;

  async function honoured(found: Awaited<ReturnType<Adapter['find']>>): Promise<AdapterPayload | undefined> {
    if (found?.clientId === undefined) return found ?? undefined;
    const cut = (await clients.find(found.clientId))?.tokensValidAfter;
    return cut === undefined || (found.iat ?? 0) > Math.floor(cut.getTime() / 1000) ? found : undefined;
  }

  return {
    ...adapter,
    find: async (id) => honoured(await adapter.find(id)),
    findByUid: async (uid) => honoured(await adapter.findByUid(uid)),
    findByUserCode: async (userCode) => honoured(await adapter.findByUserCode(userCode)),
  };
}
