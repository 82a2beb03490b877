import { isDeepStrictEqual } from 'node:util';
import type { ClientMetadata } from './client.ts';

/** A public key of a service, in the member `jwks` of its registration. */
export type ClientKey = Readonly<Record<string, unknown>>;

export const keysOf = (jwks: unknown): readonly ClientKey[] =>
  (jwks as { readonly keys?: readonly ClientKey[] } | undefined)?.keys ?? [];

/** The last second that a date can say. */
export const LATEST_END = 8_640_000_000_000;

/**
 * When it ends by itself: `exp`, in seconds, as OpenID Federation registered it for keys. Undefined: when somebody
 * takes it away.
 */
export function endOfKey({ exp }: ClientKey): Date | undefined {
  return typeof exp === 'number' && exp <= LATEST_END ? new Date(exp * 1000) : undefined;
}

export function isLiveKey(key: ClientKey, now: Date): boolean {
  const end = endOfKey(key);
  return end === undefined || end > now;
}

/** The registration with the keys that are good at this moment. */
export function withLiveKeys(metadata: ClientMetadata, now: Date): ClientMetadata {
  const keys = keysOf(metadata.jwks);
  const live = keys.filter((key) => isLiveKey(key, now));
  return live.length === keys.length ? metadata : { ...metadata, jwks: { keys: live } };
}

/** When the next of them ends; undefined where none does. */
export function nextEndOfKeys(metadata: ClientMetadata, now: Date): Date | undefined {
  const ends = keysOf(metadata.jwks)
    .map(endOfKey)
    .filter((end) => end !== undefined && end > now) as readonly Date[];
  return ends.length === 0 ? undefined : new Date(Math.min(...ends.map((end) => end.getTime())));
}

/** The same key that ends sooner, and says nothing else of itself. */
export function endsSooner({ exp: before, ...was }: ClientKey, { exp: after, ...is }: ClientKey): boolean {
  return (
    typeof after === 'number' &&
    (before === undefined || (typeof before === 'number' && after <= before)) &&
    isDeepStrictEqual(was, is)
  );
}

/** What a key is for: without `use` for both. */
const uses = ['sig', 'enc'] as const;
const serves = ({ use }: ClientKey, what: (typeof uses)[number]): boolean => use === undefined || use === what;

/** Whether something that is done by these keys could not be done without that one. */
export const isLastOfUse = (keys: readonly ClientKey[], isThatOne: (key: ClientKey) => boolean): boolean =>
  uses.some(
    (use) =>
      keys.some((key) => isThatOne(key) && serves(key, use)) &&
      !keys.some((key) => !isThatOne(key) && serves(key, use)),
  );
