import type { Granted, Leads, ProtocolRewrite, ProtocolRow, ProtocolState, ProtocolWrite } from '../protocol-state.ts';
import type { RedisConnection } from './connection.ts';
import {
  findLeading,
  findLinked,
  findSession,
  followLinked,
  holdGrant,
  revokeHolderLinked,
  use,
  useAndWrite,
  useLinked,
  write,
  writeLinked,
} from './scripts.ts';
import { closeIndex, endLinked, leaveRow, pointIndex, renewLinked, renewRow } from './session-scripts.ts';

export interface RedisProtocolStateDeps {
  readonly redis: RedisConnection;
  /** No artefact that belongs to a grant lives longer. */
  readonly longestSeconds: number;
}

/** What was written by a request that began before a grant was revoked ends before the mark does. */
const SLACK_SECONDS = 3600;
/**
 * Longer than any request is under way: so long an index that was closed stays so, and what a session has left can be
 * taken along.
 */
const CLOSED_MS = 3_600_000;
const NOTHING = Buffer.alloc(0);
/**
 * What is shown again and again: nothing of its row outlives being written anew, and no script is needed to write it.
 */
const NEVER_USED = new Set(['AccessToken', 'ClientCredentials', 'EndedSignIn', 'Interaction']);
/** What is written when it is made and never again: where it stands already, used or not, it stays. */
const WRITTEN_ONCE = new Set(['AuthorizationCode']);
/** What belongs to no grant mostly, so that a script would look after nothing. */
const UNDER_NO_GRANT = new Set(['EndedSignIn', 'Interaction']);
const UNUSED = Buffer.alloc(4);
/** In the place of a lead that is none: nobody has this hash. */
const NOWHERE = Buffer.alloc(32);
/** Which part of a row leads back to an index. */
const UID = 2;
const USER_CODE = 3;

interface StoredRow extends ProtocolRow {
  readonly grantId: Buffer;
  readonly links: readonly Buffer[];
}

const part = (value: Buffer | undefined): Buffer[] => [Buffer.of(value?.length ?? 0), value ?? NOTHING];

const leadsPart = (leads: Leads | undefined): Buffer | undefined =>
  leads === undefined ? undefined : Buffer.concat([leads.session ?? NOWHERE, leads.grant ?? NOWHERE]);

/**
 * The length of a part of a row is one byte: six of them fit, and those of older sign-ins are asked for by themselves.
 */
const MOST_GRANTED = 6;
const grantedPart = (granted: readonly Granted[] | undefined): Buffer | undefined =>
  granted === undefined
    ? undefined
    : Buffer.concat(granted.slice(-MOST_GRANTED).flatMap(({ client, grant }) => [client, grant]));

/** The row as `scripts.ts` describes it. */
function toRow(answer: unknown): StoredRow | undefined {
  if (!Buffer.isBuffer(answer) || answer.length === 0) return undefined;
  const usedAt = answer.readUInt32BE(0);
  const links: Buffer[] = [];
  let at = 4;
  for (let count = 0; count < 3; count += 1) {
    const end = at + 1 + answer.readUInt8(at);
    links.push(answer.subarray(at + 1, end));
    at = end;
  }
  return {
    payload: answer.subarray(at),
    consumedAt: usedAt === 0 ? undefined : new Date(usedAt * 1000),
    grantId: links[0] ?? NOTHING,
    links,
  };
}

/** Nobody uses a session up: one that looks so was left for another id, or has ended. */
const standing = (model: string, row: StoredRow | undefined): StoredRow | undefined =>
  model === 'Session' && row?.consumedAt !== undefined ? undefined : row;

/**
 * The protocol state in Redis. A grant is revoked by a mark that stands as long as anything under it can live; whatever
 * is found is held against the mark of its grant, so what a request under way writes a moment later is dead as well.
 *
 * On one server (with or without Sentinels) each operation is one round trip, but for an interaction under a grant,
 * whose mark is a second one. On a cluster a row, the mark of its grant and the index that leads to it lie in different
 * slots, and finding by way of another key takes a second step. Both keep the same keys. Whatever ends, ends by the
 * clock of Redis.
 */
export function createRedisProtocolState({ redis, longestSeconds }: RedisProtocolStateDeps): ProtocolState {
  const marks = Buffer.from(`${redis.prefix}x:`);
  const markMs = (longestSeconds + SLACK_SECONDS) * 1000;
  const rowsOf = (model: string): Buffer => Buffer.from(`${redis.prefix}p:${model}:`);
  const rowKey = (model: string, id: Buffer): Buffer => Buffer.concat([rowsOf(model), id]);
  const uidKey = (model: string, uid: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${redis.prefix}u:${model}:`), uid]);
  const codeKey = (model: string, userCode: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${redis.prefix}d:${model}:`), userCode]);
  const holderKey = (holder: Buffer): Buffer => Buffer.concat([Buffer.from(`${redis.prefix}h:`), holder]);
  const markKey = (grantId: Buffer): Buffer => Buffer.concat([marks, grantId]);
  const mark = (grantId: Buffer): Promise<unknown> => redis.call('SET', markKey(grantId), '', 'PX', markMs);
  const isRevoked = async (grantId: Buffer): Promise<boolean> =>
    grantId.length > 0 && (await redis.call('EXISTS', markKey(grantId))) === 1;

  async function find(model: string, id: Buffer): Promise<StoredRow | undefined> {
    const row = standing(model, toRow(await redis.call('GET', rowKey(model, id))));
    return row === undefined || (await isRevoked(row.grantId)) ? undefined : row;
  }

  const prepare = ({
    model,
    payload,
    grantId,
    uid,
    userCode,
    leads,
    granted,
    ttlSeconds,
  }: ProtocolRewrite & Partial<ProtocolWrite>): { row: Buffer; ttlMs: number; indexes: Buffer[] } => ({
    row: Buffer.concat([
      ...part(grantId),
      ...part(uid ?? leadsPart(leads)),
      ...part(userCode ?? grantedPart(granted)),
      payload,
    ]),
    ttlMs: Math.ceil((grantId === undefined ? ttlSeconds : Math.min(ttlSeconds, longestSeconds)) * 1000),
    indexes: [
      ...(uid === undefined ? [] : [uidKey(model, uid)]),
      ...(userCode === undefined ? [] : [codeKey(model, userCode)]),
    ],
  });

  const common: Pick<ProtocolState, 'replace' | 'destroy' | 'revokeByGrantId'> = {
    async replace(one, read) {
      const { row, ttlMs } = prepare(one);
      const key = rowKey(one.model, one.id);
      if (ttlMs <= 0) return (await redis.call('DEL', key)) === 1;
      if (read !== undefined)
        return (await redis.run(renewRow, [key], [Buffer.concat([UNUSED, row]), ttlMs, read])) === 1;
      return (await redis.call('SET', key, Buffer.concat([UNUSED, row]), 'PX', ttlMs, 'XX')) !== null;
    },
    async destroy(model, id) {
      await redis.call('DEL', rowKey(model, id));
    },
    async revokeByGrantId(grantId) {
      await mark(grantId);
    },
  };

  if (!redis.isCluster) {
    const beginnings = [marks, Buffer.from(`${redis.prefix}u:Session:`), rowsOf('Session'), rowsOf('Grant')];
    const follow = async (
      model: string,
      index: Buffer,
      link: number,
      value: Buffer,
    ): Promise<ProtocolRow | undefined> =>
      toRow(await redis.run(followLinked, [index], [marks, rowsOf(model), link, value]));
    const end: ProtocolState['end'] = async (model, id, uid) => {
      await redis.run(endLinked, [rowKey(model, id), uidKey(model, uid)], [rowsOf(model)]);
    };
    return {
      ...common,
      async upsert(one) {
        const { row, ttlMs, indexes } = prepare(one);
        const { model, id, grantId, holder } = one;
        const isOnce = WRITTEN_ONCE.has(model);
        if ((isOnce || NEVER_USED.has(model)) && indexes.length === 0 && ttlMs > 0) {
          await redis.call(
            'SET',
            rowKey(model, id),
            Buffer.concat([UNUSED, row]),
            'PX',
            ttlMs,
            ...(isOnce ? ['NX'] : []),
          );
          return;
        }
        const isHeld = holder !== undefined && grantId !== undefined;
        await redis.run(
          writeLinked,
          [rowKey(model, id), ...indexes, ...(isHeld ? [holderKey(holder)] : [])],
          [row, ttlMs, id, grantId ?? NOTHING, isHeld ? holder : NOTHING],
        );
      },
      async renew(one, former, read = NOTHING) {
        const { model, id, uid = NOTHING } = one;
        const { row, ttlMs } = prepare(one);
        if (ttlMs > 0)
          return (
            (await redis.run(
              renewLinked,
              [rowKey(model, former), rowKey(model, id), uidKey(model, uid)],
              [Buffer.concat([UNUSED, row]), ttlMs, id, read],
            )) === 1
          );
        await end(model, former, uid);
        return true;
      },
      end,
      async findLeading(candidates) {
        const found = await redis.run(
          findLeading,
          candidates.map(({ model, id }) => rowKey(model, id)),
          beginnings,
        );
        if (!Array.isArray(found)) return undefined;
        const [which, first, session, grant] = found as readonly unknown[];
        const [row, model] = [toRow(first), candidates[Number(which) - 1]?.model];
        return row === undefined || model === undefined
          ? undefined
          : { model, row, leads: session === undefined ? undefined : { session: toRow(session), grant: toRow(grant) } };
      },
      async findSession(id, client) {
        const found = await redis.run(findSession, [rowKey('Session', id)], [marks, rowsOf('Grant'), client]);
        if (!Array.isArray(found)) return undefined;
        const [first, grant] = found as readonly unknown[];
        const row = toRow(first);
        return row === undefined
          ? undefined
          : { row, granted: grant === undefined ? undefined : { grant: toRow(grant) } };
      },
      find: async (model, id) =>
        UNDER_NO_GRANT.has(model) ? find(model, id) : toRow(await redis.run(findLinked, [rowKey(model, id)], [marks])),
      findByUid: (model, uid) => follow(model, uidKey(model, uid), UID, uid),
      findByUserCode: (model, userCode) => follow(model, codeKey(model, userCode), USER_CODE, userCode),
      consume: async (model, id) => (await redis.run(useLinked, [rowKey(model, id)], [marks])) === 1,
      async useAndWrite({ model, id }, writes) {
        const rows = writes.map(prepare);
        return (
          (await redis.run(
            useAndWrite,
            [rowKey(model, id), ...writes.map((one) => rowKey(one.model, one.id))],
            [marks, ...rows.flatMap(({ row, ttlMs }) => [row, ttlMs])],
          )) === 1
        );
      },
      async revokeByHolder(holder) {
        await redis.run(revokeHolderLinked, [holderKey(holder)], [marks, markMs]);
      },
    };
  }

  async function follow(model: string, index: Buffer, link: number, value: Buffer): Promise<ProtocolRow | undefined> {
    const id = await redis.call('GET', index);
    const row = Buffer.isBuffer(id) ? await find(model, id) : undefined;
    return row?.links[link - 1]?.equals(value) === true ? row : undefined;
  }
  async function end(model: string, id: Buffer, uid: Buffer): Promise<void> {
    const [led] = await Promise.all([
      redis.run(closeIndex, [uidKey(model, uid)], [CLOSED_MS]),
      redis.call('DEL', rowKey(model, id)),
    ]);
    if (Buffer.isBuffer(led) && !led.equals(id)) await redis.call('DEL', rowKey(model, led));
  }
  return {
    ...common,
    async upsert(one) {
      const { row, ttlMs, indexes } = prepare(one);
      const { model, id, grantId, holder } = one;
      // First, and alone: a grant that its holder's set does not know could not be ended.
      if (holder !== undefined && grantId !== undefined && ttlMs > 0)
        await redis.run(holdGrant, [holderKey(holder)], [grantId, ttlMs]);
      await Promise.all([
        redis.run(write, [rowKey(model, id)], [row, ttlMs]),
        ...(ttlMs > 0 ? indexes.map((index) => redis.call('SET', index, id, 'PX', ttlMs)) : []),
      ]);
    },
    async renew(one, former, read = NOTHING) {
      const { model, id, uid = NOTHING } = one;
      const { row, ttlMs } = prepare(one);
      const [before, now, index, written] = [
        rowKey(model, former),
        rowKey(model, id),
        uidKey(model, uid),
        Buffer.concat([UNUSED, row]),
      ];
      if (ttlMs <= 0) {
        await end(model, former, uid);
        return true;
      }
      // What it is found by says whether it has ended: three keys in three slots cannot be asked at once.
      const point = async (): Promise<boolean> => (await redis.run(pointIndex, [index], [former, id, ttlMs])) === 1;
      // Where it has, or has another id, the former is good no more: also where whoever gave it that died before
      // leaving this one, or the browser would come with it again and again.
      const leave = (): Promise<unknown> => redis.run(leaveRow, [before], [CLOSED_MS]);
      if (former.equals(id)) {
        const [stood, leadsHere] = await Promise.all([redis.run(renewRow, [now], [written, ttlMs, read]), point()]);
        if (leadsHere && stood !== 0) return stood === 1;
        await leave();
        return false;
      }
      const isRead = ({ payload }: ProtocolRow): boolean => read.length === 0 || payload.equals(read);
      const [stood] = await Promise.all([redis.call('GET', before), redis.call('SET', now, written, 'PX', ttlMs)]);
      const seen = standing(model, toRow(stood));
      const isSame = seen !== undefined && isRead(seen);
      if (isSame && (await point())) {
        // Who wrote between that look and the move was told that it counts.
        const left = toRow(await redis.call('GETDEL', before));
        return left === undefined || isRead(left) ? true : { overtook: left.payload };
      }
      await Promise.all([redis.call('DEL', now), ...(seen === undefined || isSame ? [leave()] : [])]);
      return false;
    },
    end,
    find,
    findByUid: (model, uid) => follow(model, uidKey(model, uid), UID, uid),
    findByUserCode: (model, userCode) => follow(model, codeKey(model, userCode), USER_CODE, userCode),
    async consume(model, id) {
      const grant = await redis.run(use, [rowKey(model, id)], []);
      return Buffer.isBuffer(grant) && !(await isRevoked(grant.subarray(1)));
    },
    async revokeByHolder(holder) {
      const grants = (await redis.call('ZRANGE', holderKey(holder), 0, -1)) as readonly Buffer[];
      await Promise.all(grants.map(mark));
    },
  };
}
