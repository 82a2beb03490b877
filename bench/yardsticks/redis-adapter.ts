import { Redis } from 'ioredis';
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** Artefacts that belong to a grant, and end with it. */
const UNDER_A_GRANT = new Set([
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
]);
/** Artefacts that are used once: kept as a hash, so that the mark of their use is a field. */
const USED_ONCE = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);

/**
 * Redis storage as textbooks have it: one key for each artefact with its JSON, keys beside it that lead there, a list
 * of what belongs to a grant, a transaction for each write and one command after another for each look.
 */
export function createRedisAdapter(url: string): (model: string) => Adapter {
  const redis = new Redis(url, { keyPrefix: 'yardstick:' });

  return (model) => {
    const keyOf = (id: string): string => `${model}:${id}`;
    const uidKey = (uid: string): string => `uid:${uid}`;
    const codeKey = (userCode: string): string => `userCode:${userCode}`;
    const grantKey = (grantId: string): string => `grant:${grantId}`;

    async function find(id: string): Promise<AdapterPayload | undefined> {
      if (!USED_ONCE.has(model)) {
        const text = await redis.get(keyOf(id));
        return text === null ? undefined : (JSON.parse(text) as AdapterPayload);
      }
      const { payload, ...rest } = await redis.hgetall(keyOf(id));
      return payload === undefined ? undefined : { ...rest, ...(JSON.parse(payload) as AdapterPayload) };
    }

    async function follow(key: string): Promise<AdapterPayload | undefined> {
      const id = await redis.get(key);
      return id === null ? undefined : find(id);
    }

    return {
      find,
      findByUid: (uid) => follow(uidKey(uid)),
      findByUserCode: (userCode) => follow(codeKey(userCode)),
      async upsert(id, payload, expiresIn) {
        const key = keyOf(id);
        const text = JSON.stringify(payload);
        const all = redis.multi();
        if (USED_ONCE.has(model)) all.hset(key, { payload: text });
        else all.set(key, text);
        if (expiresIn !== undefined) all.expire(key, expiresIn);
        if (UNDER_A_GRANT.has(model) && payload.grantId !== undefined) {
          const list = grantKey(payload.grantId);
          all.rpush(list, key);
          if (expiresIn !== undefined && expiresIn > (await redis.ttl(list))) all.expire(list, expiresIn);
        }
        for (const index of [
          payload.userCode === undefined ? undefined : codeKey(payload.userCode),
          payload.uid === undefined ? undefined : uidKey(payload.uid),
        ]) {
          if (index === undefined) continue;
          all.set(index, id);
          if (expiresIn !== undefined) all.expire(index, expiresIn);
        }
        await all.exec();
      },
      async consume(id) {
        await redis.hset(keyOf(id), 'consumed', Math.floor(Date.now() / 1000));
      },
      async destroy(id) {
        await redis.del(keyOf(id));
      },
      async revokeByGrantId(grantId) {
        const keys = await redis.lrange(grantKey(grantId), 0, -1);
        await redis.del(...keys, grantKey(grantId));
      },
    };
  };
}
