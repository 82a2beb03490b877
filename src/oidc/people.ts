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

/** For so long what was read of an account is good in this process, though nobody has said anything: half of what a suspension may take everywhere. */
const HELD_MS = 1000;

/** Who says that an account is not what it was: this process as soon as it has changed it, and others by a notice. */
export interface AccountChanges {
  onAccountChange(listener: (accountId: string) => void): void;
}

/**
 * What was read in this second. It is thrown away whole, so that nothing is older and nothing piles up; by whoever reads next, or by a timer when
 * nobody does, so that nothing of a person stays for longer. The clock is one that nobody can set.
 */
function createSecond<T>(): { read(id: string, load: () => Promise<T>): Promise<T>; forget(id: string): void } {
  let held = new Map<string, Promise<T>>();
  let since = performance.now();
  return {
    read(id, load) {
      const now = performance.now();
      if (now - since >= HELD_MS) {
        held = new Map();
        since = now;
      }
      const known = held.get(id);
      if (known !== undefined) return known;
      if (held.size === 0) setTimeout(() => { held = new Map(); }, HELD_MS).unref();
      const reading = load();
      held.set(id, reading);
      reading.catch(() => {
        if (held.get(id) === reading) held.delete(id);
      });
      return reading;
    },
    forget(id) {
      held.delete(id);
    },
  };
}

/** @param changes  who tells of changes; without, each request reads for itself. */
export function createPeople({ accounts }: Pick<Store, 'accounts'>, changes: readonly AccountChanges[] = []): People {
  const people = createSecond<Account | undefined>();
  const standings = createSecond<Awaited<ReturnType<People['standingOf']>>>();
  for (const one of changes) {
    one.onAccountChange((id) => {
      people.forget(id);
      standings.forget(id);
    });
  }
  const holds = changes.length > 0;
  const find = (id: string): Promise<Account | undefined> => onceInRequest(`account ${id}`, () => (holds ? people.read(id, () => accounts.findById(id)) : accounts.findById(id)));
  return {
    find,
    standingOf: async (id) => {
      if (!showsPerson()) return onceInRequest(`standing ${id}`, () => (holds ? standings.read(id, () => accounts.standingOf(id)) : accounts.standingOf(id)));
      const account = await find(id);
      // Whoever has come as far as a token has proved what was needed.
      return account === undefined ? undefined : { ...account, hasSecondFactor: false };
    },
  };
}
