import type { FindAccount } from 'oidc-provider';
import { claimsOf } from '../domain/claims.ts';
import type { Store } from '../store/store.ts';

/** The person behind a session or token; a suspended one is as good as gone. */
export function createFindAccount({ store, timeZone }: { store: Pick<Store, 'accounts'>; timeZone: string }): FindAccount {
  return async (_ctx, sub) => {
    if ((await store.accounts.statusOf(sub)) !== 'active') return undefined;
    return {
      accountId: sub,
      async claims(use, scope) {
        // The ID token of a code flow carries the subject alone; who the person is stays with userinfo.
        if (use === 'id_token' && scope === 'openid') return { sub };
        const account = await store.accounts.findById(sub);
        return account === undefined ? { sub } : { sub, ...claimsOf(account, timeZone) };
      },
    };
  };
}
