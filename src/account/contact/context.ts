import type { Account, AccountId } from '../../domain/account.ts';
import type { Locale } from '../../domain/locale.ts';
import type { Sender } from '../../domain/sender.ts';
import type { Store } from '../../store/store.ts';

/** Who changes something of their contacts, from where. */
export interface ContactContext {
  readonly accountId: AccountId;
  readonly sender: Sender;
  readonly locale: Locale;
}

/** The account of whoever is signed in. */
export async function accountOf(from: Pick<Store, 'accounts'>, id: AccountId): Promise<Account> {
  const account = await from.accounts.findById(id);
  if (account === undefined) throw new Error('a session of an account that is not there');
  return account;
}
