import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Account, AccountId } from '../domain/account.ts';
import { identifiersOf, normaliseIdentifier } from '../domain/identifier.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Counters, Limit } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { Store } from '../store/store.ts';

/** A limit and the key under which failed sign-ins are counted against it. */
export interface FailureCount {
  readonly limit: Limit;
  readonly key: string;
}

/** Where failed sign-ins are counted: sign-in adds to it, recovery wipes it out. */
export interface SignInFailures {
  /** For whoever types this, whether there is such an account or not. */
  byIdentifier(normalised: Sensitive<string>): FailureCount;
  /** For a device that has signed in to the account before. */
  byDevice(accountId: AccountId, deviceHash: Buffer): FailureCount;
  /**
   * Ends waits and pauses of whatever the account answers to, and of this device. Not of an address or number that it
   * only claims and that is somebody else's: whoever guesses there would begin anew by it.
   */
  forget(account: Account, deviceHash: Buffer): Promise<void>;
}

export interface SignInFailuresDeps {
  readonly store: { readonly accounts: Pick<Store['accounts'], 'findByIdentifier'> };
  readonly counters: Pick<Counters, 'clear'>;
  readonly limits: Limits;
  readonly keyedHash: KeyedHash;
}

export function createSignInFailures({ store, counters, limits, keyedHash }: SignInFailuresDeps): SignInFailures {
  const { signIn } = limits;
  const byIdentifier = (normalised: Sensitive<string>): FailureCount => ({
    limit: signIn.account,
    key: keyedHash.hash('counter-identifier', normalised.reveal()).toString('base64url'),
  });
  const byDevice = (accountId: AccountId, deviceHash: Buffer): FailureCount => ({
    limit: signIn.knownDevice,
    key: keyedHash.hash('counter-known-device', accountId, deviceHash.toString('base64url')).toString('base64url'),
  });

  return {
    byIdentifier,
    byDevice,
    async forget(account, deviceHash) {
      const counts = [byDevice(account.id, deviceHash)];
      for (const identifier of identifiersOf(account)) {
        if ((await store.accounts.findByIdentifier(identifier))?.id === account.id)
          counts.push(byIdentifier(sensitive(normaliseIdentifier(identifier.reveal()))));
      }
      for (const { limit, key } of counts) {
        await counters.clear(limit, key);
        await counters.clear(signIn.delay, key);
      }
    },
  };
}
