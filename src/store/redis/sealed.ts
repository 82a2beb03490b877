import type { KeyIds } from '../../crypto/keyring.ts';
import type { Sealer } from '../../crypto/seal.ts';
import { isSealBroken, RowSealBroken, type Stuck } from '../stuck.ts';
import type { RedisConnection } from './connection.ts';
import { replaceRow } from './scripts.ts';

export interface RedisSealedDeps {
  readonly redis: RedisConnection;
  readonly sealer: Pick<Sealer, 'reseal' | 'keyIdOf'>;
  readonly keyIds: KeyIds;
}

/** How many rows are under which key, known or not. */
export interface RedisCounts {
  readonly rows: ReadonlyMap<string, number>;
  /** There are too many to look at each: so many they are if those that were looked at are like the others. */
  readonly about: boolean;
}

/** Of so many rows the key is looked at. In which order Redis tells its keys has nothing to do with them. */
const LOOKED_AT = 100_000;
/**
 * Where the header of the payload ends at the latest: behind the use, three short texts and an id, each of 255 bytes at
 * most; and a byte of what it stands before.
 */
const HEADER_END = 4 + 3 * 256 + 2 + 255;

export interface RedisResealed {
  readonly rows: number;
  /** Where to go on; undefined where there are no more to look at. */
  readonly next: string | undefined;
  readonly stuck?: Stuck | undefined;
}

export type RedisSealed = ReturnType<typeof createRedisSealed>;

/**
 * Where the payload of a row begins: behind its use and three short texts (scripts.ts). Beyond its end, where it is no
 * row.
 */
function payloadAt(row: Buffer): number {
  let at = 4;
  for (let count = 0; count < 3; count += 1) at += 1 + (row[at] ?? 0);
  return at;
}

interface Found {
  readonly key: Buffer;
  readonly row: Buffer;
  /** Where its payload begins. */
  readonly at: number;
  readonly keyId: string;
}

/** The payloads of the protocol state in Redis: what `sealed.ts` does for the tables. */
export function createRedisSealed({ redis, sealer, keyIds }: RedisSealedDeps) {
  const { current, known } = keyIds.sealing;
  const rows = `${redis.prefix}p:`;

  const modelOf = (key: Buffer): string => key.toString('latin1').slice(rows.length).split(':', 1)[0] ?? '';

  async function moveToCurrent({ key, row, at, keyId }: Found): Promise<boolean> {
    if (keyId === current || !known.includes(keyId)) return false;
    const anew = Buffer.concat([row.subarray(0, at), sealer.reseal('protocol-state', modelOf(key), row.subarray(at))]);
    return (await redis.run(replaceRow, [key], [row, anew])) === 1;
  }

  async function find(key: Buffer): Promise<Found | undefined> {
    const row = await redis.call('GET', key);
    if (!Buffer.isBuffer(row)) return undefined; // it has run out meanwhile
    const at = payloadAt(row);
    const keyId = sealer.keyIdOf(row.subarray(at));
    return keyId === undefined ? undefined : { key, row, at, keyId };
  }

  /** Which key each of them is under: as many at once as Redis names keys, and of each its beginning alone. */
  async function keyIdsOf(keys: readonly Buffer[]): Promise<readonly string[]> {
    const beginnings = await Promise.all(keys.map((key) => redis.call('GETRANGE', key, 0, HEADER_END)));
    return beginnings.flatMap((row) =>
      Buffer.isBuffer(row) ? (sealer.keyIdOf(row.subarray(payloadAt(row))) ?? []) : [],
    );
  }

  return {
    /**
     * Seals anew what is under an older key, of as many rows as Redis names at once; a row that changes meanwhile was
     * written under the current one. What is under a key that this keyring does not hold, of an older snapshot say,
     * ends by itself.
     *
     * @param from  what the call before said is next. Each row is a question to Redis, which everybody else waits for.
     * @returns     how many were moved, and where to go on; undefined where there are no more to look at.
     */
    async reseal(from?: string): Promise<RedisResealed> {
      if (known.every((id) => id === current)) return { rows: 0, next: undefined };
      const { keys, next } = await redis.scanPage(rows, from);
      let moved = 0;
      let stuck: Stuck | undefined;
      for (const key of keys) {
        const found = await find(key);
        try {
          if (found !== undefined && (await moveToCurrent(found))) moved += 1;
        } catch (error) {
          if (!isSealBroken(error)) throw error;
          stuck = {
            rows: (stuck?.rows ?? 0) + 1,
            error: stuck?.error ?? new RowSealBroken(`${modelOf(key)} in Redis`),
          };
        }
      }
      return { rows: moved, next, stuck };
    },

    /** @param lookedAt  of so many rows the key is looked at, a few more at most; the others are counted only. */
    async count(lookedAt = LOOKED_AT): Promise<RedisCounts> {
      const seen = new Map<string, number>();
      let looks = 0;
      let all = 0;
      for await (const keys of redis.scan(rows)) {
        all += keys.length;
        if (looks >= lookedAt) continue;
        looks += keys.length;
        for (const keyId of await keyIdsOf(keys)) seen.set(keyId, (seen.get(keyId) ?? 0) + 1);
      }
      const about = all > looks;
      if (!about) return { rows: seen, about };
      // What was not seen among these may be there all the same.
      for (const keyId of known) if (!seen.has(keyId)) seen.set(keyId, 0);
      return {
        rows: new Map([...seen].map(([keyId, count]) => [keyId, looks === 0 ? 0 : Math.round((count * all) / looks)])),
        about,
      };
    },

    /** How many rows are under that one key; it stops at so many. Each row is looked at: nothing may be left. */
    async countUnder(keyId: string, most: number): Promise<number> {
      let found = 0;
      for await (const keys of redis.scan(rows)) {
        found += (await keyIdsOf(keys)).filter((id) => id === keyId).length;
        if (found >= most) return most;
      }
      return found;
    },
  };
}
