import type Provider from 'oidc-provider';
import type { ProtocolAdapterDeps } from './adapter.ts';

const MODEL = 'ReplayDetection';

/**
 * Whether this is the first time that somebody shows the proof (DPoP) or assertion of that name. @param exp when it is
 * good no more.
 */
export type IsFirstUse = (iss: string, jti: string, exp: number) => Promise<boolean>;

/**
 * Proofs and assertions that count once. The library looks whether it knows one and writes it down then, so that the
 * same one, shown by the client and by whoever copied it at the same moment, was good for both; here the use is one
 * statement, as that of a code.
 */
export function createReplayDetection({ state, sealer, keyedHash }: ProtocolAdapterDeps): IsFirstUse {
  return async (iss, jti, exp) => {
    const id = keyedHash.hash('protocol-id', MODEL, iss, jti);
    const ttlSeconds = Math.max(1, exp - Math.floor(Date.now() / 1000));
    // Written again it stays used, on each store.
    await state.upsert({
      model: MODEL,
      id,
      payload: sealer.seal('protocol-state', MODEL, '{}'),
      grantId: undefined,
      uid: undefined,
      userCode: undefined,
      holder: undefined,
      ttlSeconds,
    });
    return state.consume(MODEL, id);
  };
}

/** Has the protocol ask here. */
export function detectReplays(provider: Provider, isFirstUse: IsFirstUse): void {
  (provider.ReplayDetection as unknown as { unique: IsFirstUse }).unique = isFirstUse;
}
