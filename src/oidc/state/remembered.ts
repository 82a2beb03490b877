import type { Adapter, AdapterPayload } from 'oidc-provider';
import { LEADING, type ProtocolAdapter } from './adapter.ts';
import { askAhead } from './ahead.ts';
import { forgetInRequest, onceInRequest, readInRequest } from './request.ts';

type Found = AdapterPayload | undefined;

/** The library asks for these several times in one request. */
const REMEMBERED = new Set(['Grant', 'Session']);
/**
 * How much sooner than it was told a session may end: whichever of the two is less
 * (docs/adr/0033-sessions-that-only-end-later.md).
 */
const SOONER = { seconds: 300, share: 0.01 };

const plain = async (found: ReturnType<Adapter['find']>): Promise<Found> => (await found) ?? undefined;

/** A copy of what came out of JSON: `structuredClone` does the same at ten times the price. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copyOf((value as Record<string, unknown>)[key]);
  return copy as T;
}

/** Everything of a session but when it ends. */
const contentOf = ({ exp: _exp, iat: _iat, ...content }: AdapterPayload): string =>
  JSON.stringify(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * Whether all that would be written is that the session ends a little later.
 *
 * @param found      the session as it is stored, where this request has read it.
 * @param expiresIn  seconds that the session lives from now on.
 */
export function isOnlyLater(found: Found, payload: AdapterPayload, expiresIn = 0): boolean {
  if (found?.exp === undefined || payload.exp === undefined) return false;
  return (
    Math.abs(payload.exp - found.exp) < Math.min(SOONER.seconds, expiresIn * SOONER.share) &&
    contentOf(found) === contentOf(payload)
  );
}

/**
 * Storage that reads each session and grant once in a request. What the request itself writes or ends it reads anew;
 * what others end meanwhile it would as well have read a moment before.
 */
export function remembered(model: string, adapter: ProtocolAdapter): ProtocolAdapter {
  if (!REMEMBERED.has(model)) return endingGrants(adapter);
  const forget = (): void => {
    forgetInRequest(`${model} `);
  };
  async function forgetting<T>(write: () => Promise<T> | T): Promise<T> {
    forget();
    const written = await write();
    forget();
    return written;
  }
  const isKept = async (id: string, payload: AdapterPayload, expiresIn: number | undefined): Promise<boolean> =>
    model === 'Session' && isOnlyLater(await readInRequest<Found>(`${model} id ${id}`), payload, expiresIn);
  // Each asker gets one of its own: the library writes into what it is given.
  const once = async (key: string, read: () => Promise<Found>): Promise<Found> =>
    copyOf(await onceInRequest(`${model} ${key}`, read));

  return {
    ...endingGrants(adapter),
    find: (id) => once(`id ${id}`, () => plain(adapter.find(id))),
    findByUid: (uid) => once(`uid ${uid}`, () => plain(adapter.findByUid(uid))),
    async upsert(id, payload, expiresIn) {
      if (!(await isKept(id, payload, expiresIn))) await forgetting(() => adapter.upsert(id, payload, expiresIn));
    },
    async renew(id, payload, expiresIn, former) {
      if (id === former && (await isKept(id, payload, expiresIn))) return true;
      return forgetting(() => adapter.renew(id, payload, expiresIn, former));
    },
    destroy: (id) => forgetting(() => adapter.destroy(id)),
    end: (id, uid) => forgetting(() => adapter.end(id, uid)),
  };
}

/** Whatever ends a grant ends what was read under it. */
const endingGrants = (adapter: ProtocolAdapter): ProtocolAdapter => ({
  ...adapter,
  async revokeByGrantId(grantId) {
    await adapter.revokeByGrantId(grantId);
    forgetInRequest('Grant ');
  },
});

export interface Leads {
  readonly sessions: Pick<Adapter, 'findByUid'>;
  readonly grants: Pick<Adapter, 'find'>;
  readonly account: (accountId: string) => Promise<unknown>;
}

/** Storage that reads what a token leads to all at once, before the library asks for one after the other. */
export function foreseeing(
  model: string,
  adapter: ProtocolAdapter,
  { sessions, grants, account }: Leads,
): ProtocolAdapter {
  if (!LEADING.has(model)) return adapter;
  return {
    ...adapter,
    async find(id) {
      const found = await adapter.find(id);
      const { sessionUid, grantId, accountId } = found ?? {};
      // Who asks for it hears what went wrong; nobody else waits for it.
      const begin = (reading: Promise<unknown>): void => {
        reading.catch(() => undefined);
      };
      askAhead(found ?? undefined, () => {
        if (typeof sessionUid === 'string') begin(Promise.resolve(sessions.findByUid(sessionUid)));
        if (grantId !== undefined) begin(Promise.resolve(grants.find(grantId)));
      });
      if (accountId !== undefined) begin(account(accountId));
      return found;
    },
  };
}
