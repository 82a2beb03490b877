import type { KeyObject } from 'node:crypto';
import { SealBroken } from './aead.ts';
import type { VersionedKeys } from './keyring.ts';

const VERSION = 1;

/** Version byte and key id in front of everything sealed under a key of the keyring, so that keys can be replaced. */
export function writeKeyHeader(keyId: string): Buffer {
  const id = Buffer.from(keyId, 'ascii');
  return Buffer.concat([Buffer.from([VERSION, id.length]), id]);
}

/**
 * The id of the key that is named there, whether or not anybody holds it; undefined where there is no such header
 * before something.
 */
export function keyIdIn(sealed: Buffer): string | undefined {
  const [version, length = 0] = sealed;
  return version === VERSION && length > 0 && sealed.length > 2 + length
    ? sealed.toString('ascii', 2, 2 + length)
    : undefined;
}

/**
 * Reads the header and finds the key it names.
 * @throws {SealBroken} unknown version, cut short, or a key that the keyring does not hold.
 */
export function readKeyHeader(keys: VersionedKeys, sealed: Buffer): { keyId: string; key: KeyObject; body: Buffer } {
  const keyId = keyIdIn(sealed);
  if (keyId === undefined) throw new SealBroken();
  const key = keys.byId.get(keyId);
  if (key === undefined) throw new SealBroken('a sealed value names a key that the keyring does not hold');
  return { keyId, key, body: sealed.subarray(2 + keyId.length) };
}
