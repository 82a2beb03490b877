import type { KeyIds } from '../../crypto/keyring.ts';
import type { Sealer } from '../../crypto/seal.ts';
import type { RedisConnection } from './connection.ts';
import { replaceRow } from './scripts.ts';

export interface RedisSealedDeps {
  readonly redis: RedisConnection;
  readonly sealer: Pick<Sealer, 'reseal' | 'keyIdOf'>;
  readonly keyIds: KeyIds;
}

export type RedisSealed = ReturnType<typeof createRedisSealed>;

/** Where the payload of a row begins: behind its use and three short texts (scripts.ts). Beyond its end, where it is no row. */
function payloadAt(row: Buffer): number {
  let at = 4;
  for (let count = 0; count < 3; count += 1) at += 1 + (row[at] ?? 0);
  return at;
}

/** The payloads of the protocol state in Redis: what `sealed.ts` does for the tables. */
export function createRedisSealed({ redis, sealer, keyIds }: RedisSealedDeps) {
  const { current, known } = keyIds.sealing;
  const rows = `${redis.prefix}p:`;

  async function* values(): AsyncGenerator<{ key: Buffer; row: Buffer; at: number; keyId: string }> {
    for await (const keys of redis.scan(rows)) {
      for (const key of keys) {
        const row = await redis.call('GET', key);
        if (!Buffer.isBuffer(row)) continue; // it has run out meanwhile
        const at = payloadAt(row);
        const keyId = sealer.keyIdOf(row.subarray(at));
        if (keyId !== undefined) yield { key, row, at, keyId };
      }
    }
  }

  return {
    /**
     * Seals anew what is under an older key; a row that changes meanwhile was written under the current one. What is under a key that this keyring does not hold, of an older snapshot say,
     * ends by itself. @returns how many.
     */
    async reseal(signal?: AbortSignal): Promise<number> {
      let moved = 0;
      for await (const { key, row, at, keyId } of values()) {
        if (signal?.aborted === true) break;
        if (keyId === current || !known.includes(keyId)) continue;
        const model = key.toString('latin1').slice(rows.length).split(':', 1)[0] ?? '';
        const anew = Buffer.concat([row.subarray(0, at), sealer.reseal('protocol-state', model, row.subarray(at))]);
        if ((await redis.run(replaceRow, [key], [row, anew])) === 1) moved += 1;
      }
      return moved;
    },

    /** How many rows are under which key, known or not. */
    async count(): Promise<ReadonlyMap<string, number>> {
      const counts = new Map<string, number>();
      for await (const { keyId } of values()) counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
      return counts;
    },
  };
}
