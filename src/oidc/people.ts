import Provider from 'oidc-provider';
import type { Account } from '../domain/account.ts';
import type { Standing } from '../domain/session.ts';
import type { Store } from '../store/store.ts';
import { onceInRequest } from './state/request.ts';

/** Accounts as a request of the protocol asks for them: each once, however many parts of it want to know. */
export interface People {
  /** Whether and since when sign-ins count, and whether a second factor is needed for them. */
  standingOf(accountId: string): Promise<(Standing & { readonly hasSecondFactor: boolean }) | undefined>;
  /** Who it is. */
  find(accountId: string): Promise<Account | undefined>;
}

/** Userinfo shows the person in the end: what has to be opened for that says how the account stands, too. */
const showsPerson = (): boolean => (Provider as { readonly ctx?: { readonly oidc?: { readonly route?: string } } }).ctx?.oidc?.route === 'userinfo';

export function createPeople({ accounts }: Pick<Store, 'accounts'>): People {
  const find = (id: string): Promise<Account | undefined> => onceInRequest(`account ${id}`, () => accounts.findById(id));
  return {
    find,
    standingOf: async (id) => {
      if (!showsPerson()) return onceInRequest(`standing ${id}`, () => accounts.standingOf(id));
      const account = await find(id);
      // Whoever has come as far as a token has proved what was needed.
      return account === undefined ? undefined : { ...account, hasSecondFactor: false };
    },
  };
}
