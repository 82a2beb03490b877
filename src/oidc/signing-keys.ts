import type { KeyObject } from 'node:crypto';
import {
  ALGORITHMS,
  publicPart,
  toPrivateKey,
  toPublicKey,
  type Algorithm,
  type MakeKey,
} from '../crypto/signing-key.ts';
import type { KeyState } from '../domain/key-rotation.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';

type Jwk = Readonly<Record<string, unknown>>;

/** A key as a process holds it. */
export interface HeldKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly publicJwk: Jwk;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject | undefined;
}

/** The signing keys in one process. */
export interface SigningKeys {
  /** Sees to it that they are not older than two seconds. The first call reads them. */
  fresh(): Promise<void>;
  /** Whether they are that now, so that nobody has to wait for `fresh`. */
  isFresh(): boolean;
  /** Another one whenever what is published has changed. */
  version(): number;
  /** The key that signs by this algorithm. */
  current(algorithm: string): HeldKey | undefined;
  /** By which an ID token can come back, besides the one that signs: newest first. */
  others(algorithm: string): readonly HeldKey[];
  /** Also a key that another took over from a moment ago: what was begun with it may end with it. */
  signerOf(kid: string): HeldKey | undefined;
  /** What stands at `/jwks`. */
  published(): Promise<readonly Jwk[]>;
}

/** As long as clients are held: a key that was removed is gone everywhere within this time. */
const FRESH_MS = 2000;

const isPublished = ({ state }: HeldKey): boolean => state !== 'withdrawn';

const hold = ({ kid, algorithm, state, jwk }: LoadedKey): HeldKey => ({
  kid,
  algorithm,
  state,
  publicJwk: publicPart(jwk),
  publicKey: toPublicKey(jwk),
  privateKey: toPrivateKey(jwk),
});

export interface LoadedKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly jwk: Jwk;
}

export interface SigningKeysDeps {
  readonly load: () => Promise<readonly LoadedKey[]>;
  readonly clock: Clock;
  /** Published besides, and signed with by somebody else. */
  readonly publishedBesides?: () => Promise<readonly Jwk[]>;
}

/**
 * Reads the keys whenever they are asked for and older than two seconds, so that every instance follows within that
 * time, also one that was asleep or whose timers are late. While the database is away, what is held stays good: the
 * keys of a service that cannot issue anything do no harm, and `/jwks` goes on answering.
 */
export function createSigningKeys({
  load,
  clock,
  publishedBesides = () => Promise.resolve([]),
}: SigningKeysDeps): SigningKeys {
  let keys: readonly HeldKey[] = [];
  let before: readonly HeldKey[] = [];
  let version = 0;
  let readAt: number | undefined;
  let reading: Promise<void> | undefined;
  let failed = false;

  async function read(): Promise<void> {
    try {
      const loaded = await load();
      // Parsing a key costs more than reading its row, and they rarely change.
      const next = loaded.map(
        (key) => keys.find(({ kid, state }) => kid === key.kid && state === key.state) ?? hold(key),
      );
      const changed = next.length !== keys.length || next.some((key, index) => key !== keys[index]);
      if (changed) {
        before = keys;
        keys = next;
        version += 1;
      }
      failed = false;
    } catch (error) {
      failed = true;
      if (readAt === undefined) throw error;
    } finally {
      reading = undefined;
    }
    readAt = clock.now().getTime();
  }

  function isFresh(): boolean {
    if (readAt === undefined) return false;
    const age = clock.now().getTime() - readAt;
    // A clock that was set back must not make them fresh for ever.
    return age >= 0 && age < FRESH_MS;
  }

  return {
    isFresh,
    async fresh() {
      if (isFresh()) return;
      reading ??= read();
      // Where it failed before, nobody waits for it again.
      if (failed && readAt !== undefined) void reading;
      else await reading;
    },
    version: () => version,
    current: (algorithm) => keys.find((key) => key.algorithm === algorithm && key.state === 'current'),
    others: (algorithm) => keys.filter((key) => key.algorithm === algorithm && key.state !== 'current'),
    signerOf: (kid) => [...keys, ...before].find((key) => key.kid === kid && key.privateKey !== undefined),
    published: async () => [
      ...keys.filter(isPublished).map(({ publicJwk }) => publicJwk),
      ...(await publishedBesides()),
    ],
  };
}

/**
 * The sandbox's standing keys, one for each algorithm, made on the first start; instances that start at once agree on
 * one set. Nobody real is signed in by them, so they stay; services meet new keys in the integration check.
 */
export async function loadSandboxKeys({
  store,
  clock,
  makeKey,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly makeKey: MakeKey;
}): Promise<readonly LoadedKey[]> {
  const missing = (rows: readonly { readonly algorithm: string }[]): Algorithm[] =>
    ALGORITHMS.filter((algorithm) => !rows.some((row) => row.algorithm === algorithm));

  let rows = await store.sandboxKeys.list();
  if (missing(rows).length > 0) {
    rows = await store.transaction(async (tx) => {
      await tx.sandboxKeys.lock();
      for (const algorithm of missing(await tx.sandboxKeys.list()))
        await tx.sandboxKeys.insert(makeKey(algorithm, clock.now()));
      return tx.sandboxKeys.list();
    });
  }
  return rows.map(({ kid, algorithm, jwk }) => ({ kid, algorithm, jwk, state: 'current' }));
}
