import type { Adapter, AdapterPayload } from 'oidc-provider';
import { honours } from '../domain/session.ts';
import type { People } from './people.ts';

/**
 * Storage of sessions that finds none which its account does not honour: of a suspended account, or signed in before
 * the person ended all sessions. Whoever asks (single sign-on, tokens bound to the session, the portal) sees nobody.
 * Asked at each use and not deleted once: a request under way would write a deleted session anew.
 */
export function honouredSessions(adapter: Adapter, people: Pick<People, 'standingOf'>): Adapter {
  async function honoured(found: Awaited<ReturnType<Adapter['find']>>): Promise<AdapterPayload | undefined> {
    if (found?.accountId === undefined) return found ?? undefined;
    const standing = await people.standingOf(found.accountId);
    return standing !== undefined && honours(standing, found.loginTs ?? 0) ? found : undefined;
  }

  return {
    ...adapter,
    find: async (id) => honoured(await adapter.find(id)),
    findByUid: async (uid) => honoured(await adapter.findByUid(uid)),
  };
}
