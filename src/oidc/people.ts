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
const showsPerson = (): boolean =>
  (Provider as { readonly ctx?: { readonly oidc?: { readonly route?: string } } }).ctx?.oidc?.route === 'userinfo';

/**
 * For so long what was read of an account is good in this process, though nobody has said anything: half of what a
 * suspension may take everywhere.
 */
const HELD_MS = 1000;

/** Who says that an account is not what it was: this process as soon as it has changed it, and others by a notice. */
export interface AccountChanges {
  onAccountChange(listener: (accountId: string) => void): void;
}

interface Held<T> {
  readonly reading: Promise<T>;
  /** When it was asked for, by a clock that nobody can set. */
  readonly since: number;
}

/**
 * What was read within a second. It is thrown away by whole maps, so that nothing piles up; by a timer, so that nothing
 * of a person stays much longer when nobody asks any more.
 */
function createSecond<T>(): {
  read(id: string, load: () => Promise<T>): Promise<T>;
  hold(id: string, value: T, since: number): void;
  forget(id: string): void;
} {
  let held = new Map<string, Held<T>>();
  let former = new Map<string, Held<T>>();
  let changed = -Infinity;
  let isTimed = false;

  function throwAway(): void {
    isTimed = held.size > 0;
    former = held;
    held = new Map();
    if (isTimed) setTimeout(throwAway, HELD_MS).unref();
  }
  function keep(id: string, one: Held<T>): void {
    if (!isTimed) setTimeout(throwAway, HELD_MS).unref();
    isTimed = true;
    held.set(id, one);
  }
  return {
    read(id, load) {
      const known = held.get(id) ?? former.get(id);
      const since = performance.now();
      if (known !== undefined && since - known.since < HELD_MS) return known.reading;
      const one = { reading: load(), since };
      keep(id, one);
      one.reading.catch(() => {
        if (held.get(id) === one) held.delete(id);
        if (former.get(id) === one) former.delete(id);
      });
      return one.reading;
    },
    /** What somebody else has read, unless somebody, whoever it was, has changed since it was asked for. */
    hold(id, value, since) {
      if (since > changed) keep(id, { reading: Promise.resolve(value), since });
    },
    forget(id) {
      changed = performance.now();
      held.delete(id);
      former.delete(id);
    },
  };
}

/** @param changes  who tells of changes; without, each request reads for itself. */
export function createPeople(
  { accounts, onStandingRead }: Pick<Store, 'accounts' | 'onStandingRead'>,
  changes: readonly AccountChanges[] = [],
): People {
  const people = createSecond<Account | undefined>();
  const standings = createSecond<Awaited<ReturnType<People['standingOf']>>>();
  for (const one of changes) {
    one.onAccountChange((id) => {
      people.forget(id);
      standings.forget(id);
    });
  }
  const holds = changes.length > 0;
  // Within the answer to a password the library asks again about whoever has just been looked at.
  if (holds)
    onStandingRead((id, standing, since) => {
      standings.hold(id, standing, since);
    });
  const find = (id: string): Promise<Account | undefined> =>
    onceInRequest(`account ${id}`, () =>
      holds ? people.read(id, () => accounts.findById(id)) : accounts.findById(id),
    );
  return {
    find,
    standingOf: async (id) => {
      if (!showsPerson())
        return onceInRequest(`standing ${id}`, () =>
          holds ? standings.read(id, () => accounts.standingOf(id)) : accounts.standingOf(id),
        );
      const account = await find(id);
      // Whoever has come as far as a token has proved what was needed.
      return account === undefined ? undefined : { ...account, hasSecondFactor: false };
    },
  };
}
