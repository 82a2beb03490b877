import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { Sealer } from '../../crypto/seal.ts';
import type { ProtocolRow, ProtocolState } from '../../store/protocol-state.ts';
import { holderOf } from './holder.ts';

export interface ProtocolAdapterDeps {
  readonly state: ProtocolState;
  readonly sealer: Sealer;
  readonly keyedHash: KeyedHash;
}

/** Artefacts without an end of their own (none today) are kept this long, so that every row expires. */
const LONGEST_SECONDS = 365 * 86_400;

/**
 * oidc-provider's storage over a `ProtocolState`.
 *
 * Ids go to the store as keyed hashes and payloads sealed: a copy of the store holds no usable token, session or
 * `login_hint`. Each operation is one statement.
 */
export function createProtocolAdapter({ state, sealer, keyedHash }: ProtocolAdapterDeps) {
  return (model: string): Adapter => {
    const idOf = (id: string): Buffer => keyedHash.hash('protocol-id', model, id);
    const uidOf = (uid: string): Buffer => keyedHash.hash('protocol-uid', model, uid);
    const userCodeOf = (userCode: string): Buffer => keyedHash.hash('protocol-user-code', model, userCode);
    /** The same for every model: a grant ends all that was issued under it. */
    const grantOf = (grantId: string): Buffer => keyedHash.hash('protocol-grant', grantId);

    // A payload is sealed for its model; which row of it is meant is proved by what the payload itself says.
    const open = (row: ProtocolRow | undefined): AdapterPayload | undefined => {
      if (row === undefined) return undefined;
      const payload = JSON.parse(sealer.open('protocol-state', model, row.payload).toString('utf8')) as AdapterPayload;
      return row.consumedAt === undefined ? payload : { ...payload, consumed: Math.floor(row.consumedAt.getTime() / 1000) };
    };

    return {
      async upsert(id, payload, expiresIn) {
        await state.upsert({
          model,
          id: idOf(id),
          payload: sealer.seal('protocol-state', model, JSON.stringify(payload)),
          // A grant is its own: whatever ends all that was issued under it ends the grant too.
          grantId: model === 'Grant' ? grantOf(id) : payload.grantId === undefined ? undefined : grantOf(payload.grantId),
          uid: payload.uid === undefined ? undefined : uidOf(payload.uid),
          userCode: payload.userCode === undefined ? undefined : userCodeOf(payload.userCode),
          holder: model === 'Grant' && payload.accountId !== undefined && payload.clientId !== undefined ? holderOf(keyedHash, payload.accountId, payload.clientId) : undefined,
          ttlSeconds: expiresIn ?? LONGEST_SECONDS,
        });
      },
      async find(id) {
        const payload = open(await state.find(model, idOf(id)));
        return payload?.jti === undefined || payload.jti === id ? payload : undefined;
      },
      async findByUid(uid) {
        const payload = open(await state.findByUid(model, uidOf(uid)));
        return payload?.uid === uid ? payload : undefined;
      },
      async findByUserCode(userCode) {
        const payload = open(await state.findByUserCode(model, userCodeOf(userCode)));
        return payload?.userCode === userCode ? payload : undefined;
      },
      async consume(id) {
        if (await state.consume(model, idOf(id))) return;
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
