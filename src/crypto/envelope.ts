import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Random } from '../ports/random/random.ts';
import { decrypt, encrypt, SealBroken } from './aead.ts';
import { readKeyHeader, writeKeyHeader } from './key-header.ts';
import type { Keyring } from './keyring.ts';
import { encodeParts } from './parts.ts';

/** The row that sealed columns belong to. They open nowhere else. */
export interface RowRef {
  readonly table: string;
  readonly id: string;
}

/** Seals and opens the columns of one row with the row's own data key. */
export interface RowCipher {
  /** The data key under the key-encryption key: stored in the row beside the columns. */
  readonly wrappedKey: Buffer;
  seal(column: string, plain: string): Buffer;
  /** @throws {SealBroken} altered, or sealed for another row or column. */
  open(column: string, sealed: Buffer): string;
}

export interface Envelope {
  /** A fresh data key for a row about to be written. */
  newRow(ref: RowRef): RowCipher;
  /** @throws {SealBroken} the wrapped key was altered, belongs to another row, or its key-encryption key is gone. */
  openRow(ref: RowRef, wrappedKey: Buffer): RowCipher;
  /** True when the row was wrapped under an older key and should be written anew. */
  isOutdated(wrappedKey: Buffer): boolean;
  /**
   * Wraps the same data key under the current key; the columns stay as they are.
   * @throws {SealBroken} as `openRow`.
   */
  rewrap(ref: RowRef, wrappedKey: Buffer): Buffer;
}

const COLUMN_VERSION = 1;
const KEY_BYTES = 32;

/**
 * Envelope encryption of personal data: each row has its own AES-256 key, kept beside it under a key of the keyring,
 * so that replacing that key rewraps 32 bytes a row, and no key ever comes near the limit of random nonces.
 *
 * Formats. Wrapped key: version 1, length of key id, key id, nonce, ciphertext, tag; bound to table and row.
 * Column: version 1, nonce, ciphertext, tag; bound to table, column and row. The wrapped key names the key for both.
 */
export function createEnvelope({ personalData }: Keyring, random: Random): Envelope {
  const rowContext = ({ table, id }: RowRef): Buffer => encodeParts('row', table, id);

  function wrap(ref: RowRef, dataKey: Buffer): Buffer {
    return Buffer.concat([
      writeKeyHeader(personalData.currentId),
      ...encrypt(personalData.current, rowContext(ref), dataKey, random),
    ]);
  }

  function unwrap(ref: RowRef, wrappedKey: Buffer): Buffer {
    const { key, body } = readKeyHeader(personalData, wrappedKey);
    return decrypt(key, rowContext(ref), body);
  }

  function cipher({ table, id }: RowRef, dataKey: KeyObject, wrappedKey: Buffer): RowCipher {
    const columnContext = (column: string): Buffer => encodeParts('column', table, column, id);
    return {
      wrappedKey,
      seal: (column, plain) =>
        Buffer.concat([
          Buffer.from([COLUMN_VERSION]),
          ...encrypt(dataKey, columnContext(column), Buffer.from(plain, 'utf8'), random),
        ]),
      open: (column, sealed) => {
        if (sealed[0] !== COLUMN_VERSION) throw new SealBroken();
        return decrypt(dataKey, columnContext(column), sealed.subarray(1)).toString('utf8');
      },
    };
  }

  return {
    newRow(ref) {
      const dataKey = random.bytes(KEY_BYTES);
      return cipher(ref, createSecretKey(dataKey), wrap(ref, dataKey));
    },
    openRow: (ref, wrappedKey) => cipher(ref, createSecretKey(unwrap(ref, wrappedKey)), wrappedKey),
    isOutdated: (wrappedKey) => readKeyHeader(personalData, wrappedKey).keyId !== personalData.currentId,
    rewrap: (ref, wrappedKey) => wrap(ref, unwrap(ref, wrappedKey)),
  };
}
