import { honours } from '../domain/session.ts';
import type { People } from './people.ts';
import type { Judge } from './state/judged.ts';

/**
 * Of sessions: whether the account honours it, which is not suspended and has not ended all sessions since. Whoever
 * asks (single sign-on, tokens bound to the session, the portal) sees nobody otherwise.
 */
export const honouredSession =
  (people: Pick<People, 'standingOf'>): Judge =>
  async ({ accountId, loginTs = 0 }) => {
    if (accountId === undefined) return true;
    const standing = await people.standingOf(accountId);
    return standing !== undefined && honours(standing, loginTs);
  };
