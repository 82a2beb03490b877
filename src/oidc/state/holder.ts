import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { ProtocolStateStore } from '../../store/protocol-state.ts';

/**
 * What the store knows of a grant besides its id: whose it is and for which service, told to nobody who reads along.
 */
export const holderOf = (keyedHash: KeyedHash, accountId: string, clientId: string): Buffer =>
  keyedHash.hash('protocol-holder', accountId, clientId);

/** Ends what a service holds of an account, in every session: grants, codes and tokens. */
export type EndGrants = (accountId: string, clientId: string) => Promise<void>;

export const createEndGrants =
  ({
    state,
    keyedHash,
  }: {
    readonly state: Pick<ProtocolStateStore, 'revokeByHolder'>;
    readonly keyedHash: KeyedHash;
  }): EndGrants =>
  (accountId, clientId) =>
    state.revokeByHolder(holderOf(keyedHash, accountId, clientId));
