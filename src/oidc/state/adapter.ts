import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { Sealer } from '../../crypto/seal.ts';
import type {
  Granted,
  Leads,
  ProtocolRewrite,
  ProtocolRow,
  ProtocolState,
  ProtocolWrite,
} from '../../store/protocol-state.ts';
import { grantAhead, grantAheadInRequest, keepGrantAhead, sessionAhead, withAhead } from './ahead.ts';
import { useGathered, writeGathered } from './gathering.ts';
import { holderOf } from './holder.ts';
import { createOpener } from './opened.ts';
import { merged } from './merged.ts';
import { clientInAddress, isAskedOfAnyKind, keepInRequest, onceInRequest, readInRequest } from './request.ts';

export interface ProtocolAdapterDeps {
  readonly state: ProtocolState;
  readonly sealer: Sealer;
  readonly keyedHash: KeyedHash;
}

/** What the library asks of a storage, and what it does not know to ask. */
export interface ProtocolAdapter extends Adapter {
  /**
   * Writes what is there anew.
   * @param read  what was read (`asRead`), in whose place alone it is written.
   * @returns false when it has ended meanwhile, or is not what was read: nothing was written.
   */
  replace(id: string, payload: AdapterPayload, expiresIn: number, read?: Buffer): Promise<boolean>;
  /** The same of a session, which had another id where `former` is one. */
  renew(id: string, payload: AdapterPayload, expiresIn: number, former: string): Promise<boolean>;
  /** Ends a session, also where it has got another id meanwhile. */
  end(id: string, uid: string): Promise<void>;
}

/** Artefacts without an end of their own (none today) are kept this long, so that every row expires. */
const LONGEST_SECONDS = 365 * 86_400;

/** These lead to a session and a grant, which the library asks for next. */
export const LEADING = new Set(['AccessToken', 'AuthorizationCode', 'DeviceCode', 'RefreshToken']);
/** Whoever asks about a token need not say of which of these kinds it is. */
const KINDS = ['AccessToken', 'ClientCredentials', 'RefreshToken'];

/** By so many of a keyed hash a client is known in a session. */
const CLIENT_BYTES = 8;

/**
 * Who knows an id of these has nothing in hand: it is asked for with each token of a session, or at each step of a
 * sign-in by whoever has its signed cookie.
 */
const OPENS_NOTHING = new Set(['Grant', 'Interaction']);
/** Requests of one browser that write its session at the same moment. */
const MOST_TRIES = 30;

/** Hashes of such ids. */
const MOST_HASHES = 2000;

const readAs = new WeakMap<AdapterPayload, Buffer>();
/** What stood in the store where this payload was found, or stands there where it was written by `replace`. */
export const asRead = (payload: AdapterPayload): Buffer | undefined => readAs.get(payload);

/**
 * oidc-provider's storage over a `ProtocolState`.
 *
 * Ids go to the store as keyed hashes and payloads sealed: a copy of the store holds no usable token, session or
 * `login_hint`. Each operation is one statement.
 */
export function createProtocolAdapter({ state, sealer, keyedHash }: ProtocolAdapterDeps) {
  const findLeading = state.findLeading?.bind(state);
  const findSession = state.findSession?.bind(state);
  const textOf = createOpener(sealer, 'protocol-state');
  const hashes = new Map<string, Buffer>();
  function remembered(purpose: string, ...parts: readonly string[]): Buffer {
    const key = `${purpose} ${parts.join(' ')}`;
    const known = hashes.get(key);
    if (known !== undefined) return known;
    const hash = keyedHash.hash(purpose, ...parts);
    if (hashes.size >= MOST_HASHES) hashes.clear();
    hashes.set(key, hash);
    return hash;
  }

  return (model: string): ProtocolAdapter => {
    const isOfAKind = KINDS.includes(model);
    const isToken = isOfAKind || LEADING.has(model);
    const idOf = (id: string): Buffer =>
      OPENS_NOTHING.has(model) ? remembered('protocol-id', model, id) : keyedHash.hash('protocol-id', model, id);
    const uidOf = (uid: string): Buffer =>
      model === 'Session' ? remembered('protocol-uid', model, uid) : keyedHash.hash('protocol-uid', model, uid);
    const userCodeOf = (userCode: string): Buffer => keyedHash.hash('protocol-user-code', model, userCode);
    /** The same for every model: a grant ends all that was issued under it. */
    const grantOf = (grantId: string): Buffer => remembered('protocol-grant', grantId);
    const leadsOf = ({ sessionUid, grantId }: AdapterPayload): Leads | undefined =>
      LEADING.has(model) && (sessionUid !== undefined || grantId !== undefined)
        ? {
            session: typeof sessionUid === 'string' ? remembered('protocol-uid', 'Session', sessionUid) : undefined,
            grant: grantId === undefined ? undefined : remembered('protocol-id', 'Grant', grantId),
          }
        : undefined;

    /**
     * Another name for a client in each session: whoever reads along cannot tell which of them are at the same service.
     */
    const clientIn = (sessionId: string, clientId: string): Buffer =>
      keyedHash.hash('protocol-session-client', sessionId, clientId).subarray(0, CLIENT_BYTES);
    const grantedIn = (sessionId: string, { authorizations = {} }: AdapterPayload): readonly Granted[] | undefined =>
      model === 'Session' && findSession !== undefined
        ? Object.entries(authorizations).flatMap(([clientId, { grantId }]) =>
            grantId === undefined
              ? []
              : [{ client: clientIn(sessionId, clientId), grant: remembered('protocol-id', 'Grant', grantId) }],
          )
        : undefined;

    // A payload is sealed for its model; which row of it is meant is proved by what the payload itself says.
    const open = (row: ProtocolRow | undefined): AdapterPayload | undefined => {
      if (row === undefined) return undefined;
      const payload = JSON.parse(textOf(model, row.payload)) as AdapterPayload;
      if (model === 'Interaction') readAs.set(payload, row.payload);
      return row.consumedAt === undefined
        ? payload
        : { ...payload, consumed: Math.floor(row.consumedAt.getTime() / 1000) };
    };

    /** What the request writes of a session it writes in the place of what it has read. */
    function keepRead(id: string, row: ProtocolRow | undefined): AdapterPayload | undefined {
      if (row !== undefined) keepInRequest(`Read session ${id}`, row.payload);
      return open(row);
    }

    async function findToken(
      id: string,
      find: NonNullable<ProtocolState['findLeading']>,
    ): Promise<AdapterPayload | undefined> {
      const found =
        isOfAKind && isAskedOfAnyKind()
          ? await onceInRequest(`any ${id}`, () =>
              find(KINDS.map((kind) => ({ model: kind, id: keyedHash.hash('protocol-id', kind, id) }))),
            )
          : await find([{ model, id: idOf(id) }]);
      if (found?.model !== model) return undefined;
      const payload = open(found.row);
      if (payload === undefined || found.leads === undefined) return payload;
      return withAhead(payload, { ...found.leads, sessionUid: payload.sessionUid, grantId: payload.grantId });
    }
    /** Who asks for an authorization asks next for the grant of the same client. */
    async function findSessionFor(
      clientId: string,
      id: string,
      find: NonNullable<ProtocolState['findSession']>,
    ): Promise<AdapterPayload | undefined> {
      const found = await find(idOf(id), clientIn(id, clientId));
      const payload = keepRead(id, found?.row);
      const grantId = payload?.authorizations?.[clientId]?.grantId;
      if (found?.granted !== undefined && grantId !== undefined) keepGrantAhead(grantId, found.granted.grant);
      return payload;
    }
    const findRow = async (id: string): Promise<AdapterPayload | undefined> => {
      if (findLeading !== undefined && isToken) return findToken(id, findLeading);
      const clientId = model === 'Session' ? clientInAddress() : undefined;
      if (findSession !== undefined && clientId !== undefined) return findSessionFor(clientId, id, findSession);
      const ahead = model === 'Grant' ? (grantAhead(id) ?? (await grantAheadInRequest(id))) : undefined;
      if (model === 'Session') return keepRead(id, await state.find(model, idOf(id)));
      return open(ahead === undefined ? await state.find(model, idOf(id)) : ahead.row);
    };

    /**
     * A grant is its own: whatever ends all that was issued under it ends the grant too. A sign-in under way was not:
     * it names the grant that was there when it began, and goes on without.
     */
    const grantIn = (id: string, { grantId }: AdapterPayload): Buffer | undefined => {
      if (model === 'Grant') return grantOf(id);
      return grantId === undefined || model === 'Interaction' ? undefined : grantOf(grantId);
    };

    const rewritten = (id: string, payload: AdapterPayload, ttlSeconds: number): ProtocolRewrite => ({
      model,
      id: idOf(id),
      payload: sealer.seal('protocol-state', model, JSON.stringify(payload)),
      grantId: grantIn(id, payload),
      ttlSeconds,
    });

    const written = (id: string, payload: AdapterPayload, ttlSeconds: number): ProtocolWrite => ({
      ...rewritten(id, payload, ttlSeconds),
      uid: payload.uid === undefined ? undefined : uidOf(payload.uid),
      userCode: payload.userCode === undefined ? undefined : userCodeOf(payload.userCode),
      holder:
        model === 'Grant' && payload.accountId !== undefined && payload.clientId !== undefined
          ? holderOf(keyedHash, payload.accountId, payload.clientId)
          : undefined,
      leads: leadsOf(payload),
      granted: grantedIn(id, payload),
    });

    return {
      async upsert(id, payload, expiresIn) {
        await writeGathered(state, written(id, payload, expiresIn ?? LONGEST_SECONDS));
      },
      async replace(id, payload, expiresIn, read) {
        const write = rewritten(id, payload, expiresIn);
        const isWritten = await state.replace(write, read);
        if (isWritten) readAs.set(payload, write.payload);
        return isWritten;
      },
      async renew(id, payload, expiresIn, former) {
        let read = await readInRequest<Buffer>(`Read session ${former}`);
        let [mine, at] = [payload, former];
        const contentOf = (sealed: Buffer): AdapterPayload => JSON.parse(textOf(model, sealed)) as AdapterPayload;
        for (let tries = 0; tries < MOST_TRIES; tries += 1) {
          const write = written(id, mine, expiresIn);
          const renewed = await state.renew(write, idOf(at), read);
          if (renewed === true) {
            keepInRequest(`Read session ${id}`, write.payload);
            return true;
          }
          if (read === undefined) return renewed !== false;
          // Another request has written meanwhile: both count, unless they say different things of the same.
          const theirs = renewed === false ? (await state.find(model, idOf(at)))?.payload : renewed.overtook;
          const both = theirs === undefined ? undefined : merged(contentOf(read), mine, contentOf(theirs));
          // What has moved has: nobody could come with the former id any more.
          if (both === undefined || theirs === undefined) return renewed !== false;
          [mine, read, at] = renewed === false ? [both, theirs, at] : [both, write.payload, id];
        }
        return false;
      },
      end: (id, uid) => state.end(model, idOf(id), uidOf(uid)),
      async find(id) {
        const payload = await findRow(id);
        return payload?.jti === undefined || payload.jti === id ? payload : undefined;
      },
      async findByUid(uid) {
        const ahead = model === 'Session' ? sessionAhead(uid) : undefined;
        const payload = open(ahead === undefined ? await state.findByUid(model, uidOf(uid)) : ahead.row);
        return payload?.uid === uid ? payload : undefined;
      },
      async findByUserCode(userCode) {
        const payload = open(await state.findByUserCode(model, userCodeOf(userCode)));
        return payload?.userCode === userCode ? payload : undefined;
      },
      async consume(id) {
        if (await useGathered(state, { model, id: idOf(id) })) return;
        // `invalid_grant` is no error of the authorization endpoint, and nothing has come of it yet.
        if (model === 'PushedAuthorizationRequest')
          throw new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used');
        // Two requests found it unused and this one came second: whoever it was, nothing may come of the code.
        const payload = open(await state.find(model, idOf(id)));
        if (payload?.grantId !== undefined) await state.revokeByGrantId(grantOf(payload.grantId));
        throw new errors.InvalidGrant(`${model} already consumed`);
      },
      async destroy(id) {
        await state.destroy(model, idOf(id));
      },
      async revokeByGrantId(grantId) {
        await state.revokeByGrantId(grantOf(grantId));
      },
    };
  };
}
