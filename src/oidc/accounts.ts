import type { FindAccount } from 'oidc-provider';
import { claimsOf } from '../domain/claims.ts';
import { honours } from '../domain/session.ts';
import type { People } from './people.ts';

/**
 * The person behind a session or token; a suspended one is as good as gone. A sign-in that a person has just finished
 * is judged here for the first time. Tokens need no look at their age: they end with the session they came from.
 */
export function createFindAccount({ people, timeZone }: { people: People; timeZone: string }): FindAccount {
  return async (ctx, sub) => {
    const standing = await people.standingOf(sub);
    if (standing === undefined || !honours(standing, ctx.oidc.session?.loginTs ?? Infinity)) return undefined;
    return {
      accountId: sub,
      async claims(use) {
        // The ID token carries the subject alone, also beside a token for an API; who the person is stays with
        // userinfo.
        if (use === 'id_token') return { sub };
        const account = await people.find(sub);
        return account === undefined ? { sub } : { sub, ...claimsOf(account, timeZone) };
      },
    };
  };
}
