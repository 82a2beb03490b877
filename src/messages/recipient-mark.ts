import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Sensitive } from '../domain/sensitive.ts';

/** On which limits count a number or an address: nobody without the keyring can tell whose it is. */
export const recipientMark = (keyedHash: KeyedHash, to: Sensitive<string>): string => keyedHash.hash('counter-recipient', to.reveal()).toString('base64url');
