import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { systemRandom, type Random } from '../ports/random/random.ts';
import { decrypt, encrypt, SealBroken } from './aead.ts';
import { createKeyDeriver } from './derive.ts';
import { keyIdIn, readKeyHeader, writeKeyHeader } from './key-header.ts';
import type { Keyring } from './keyring.ts';
import { encodeParts } from './parts.ts';

export interface Sealer {
  /**
   * @param purpose names the use (`draft`, `message`): each has a key of its own.
   * @param bound   what the content belongs to (a row id, say); needed again to open it. May be empty.
   */
  seal(purpose: string, bound: string, data: Buffer | string): Buffer;
  /** @throws {SealBroken} altered, for another purpose or bound elsewhere, or its key is gone. */
  open(purpose: string, bound: string, sealed: Buffer): Buffer;
  /** The same content under the current key. @throws {SealBroken} as `open`. */
  reseal(purpose: string, bound: string, sealed: Buffer): Buffer;
  /**
   * The id of the key that it says it is sealed under, which the keyring may not hold (any more); undefined where it
   * says none.
   */
  keyIdOf(sealed: Buffer): string | undefined;
  /**
   * A value that a browser may carry but neither read nor alter, as base64url text.
   * Compressed before it is sealed, so do not mix a secret with text of an attacker's choosing.
   */
  sealTicket(purpose: string, value: object, expiresAt: Date): string;
  /** The value, or undefined for anything expired, altered, cut short or made for another purpose. */
  openTicket(purpose: string, text: string, now: Date): object | undefined;
}

const SALT_BYTES = 16;
const TICKET = 'ticket';
const PLAIN = 0;
/** Up to here there is little to gain, and to set up a compressor costs more than to seal. */
const SHORT_BYTES = 1024;
const DEFLATED = 1;

/**
 * A key for values sealed under this salt: protocol state is sealed thousands of times a second under the same purpose,
 * and random 96-bit nonces alone would wear a key out after 2^32 values (NIST SP 800-38D §8.3).
 */
const keyForSalt = (purposeKey: KeyObject, salt: Buffer): KeyObject =>
  createSecretKey(createHmac('sha256', purposeKey).update(salt).digest());

/**
 * So many values take one salt, and with it one key: a four thousandth of what its nonces are good for, and to make a
 * key costs as much as to seal.
 */
const MOST_UNDER_ONE_SALT = 2 ** 20;
/** Keys to open by: of the salts that other instances use just now, and some from before. */
const MOST_HELD = 500;

interface SaltedKey {
  readonly salt: Buffer;
  readonly key: KeyObject;
}

/**
 * Seals short-lived state directly, without a data key of its own.
 *
 * Format: version 1, length of key id, key id, salt (16 bytes), nonce, ciphertext, tag.
 */
export function createSealer(
  { sealing }: Pick<Keyring, 'sealing'>,
  random: Random = systemRandom,
  mostUnderOneSalt = MOST_UNDER_ONE_SALT,
): Sealer {
  const header = writeKeyHeader(sealing.currentId);
  const derivers = new Map([...sealing.byId].map(([id, key]) => [id, createKeyDeriver(key, 'seal')]));
  const purposeKey = (keyId: string, purpose: string): KeyObject => {
    const derive = derivers.get(keyId);
    if (derive === undefined) throw new SealBroken();
    return derive(purpose);
  };

  const current = new Map<string, SaltedKey & { left: number }>();
  function keyToSeal(purpose: string): SaltedKey {
    const known = current.get(purpose);
    if (known !== undefined && known.left > 0) {
      known.left -= 1;
      return known;
    }
    const salt = random.bytes(SALT_BYTES);
    const made = { salt, key: keyForSalt(purposeKey(sealing.currentId, purpose), salt), left: mostUnderOneSalt - 1 };
    current.set(purpose, made);
    return made;
  }

  let held = new Map<string, KeyObject>();
  function keyToOpen(keyId: string, purpose: string, salt: Buffer): KeyObject {
    const name = `${keyId} ${purpose} ${salt.toString('latin1')}`;
    const known = held.get(name);
    if (known !== undefined) return known;
    const key = keyForSalt(purposeKey(keyId, purpose), salt);
    if (held.size >= MOST_HELD) held = new Map();
    held.set(name, key);
    return key;
  }

  function seal(purpose: string, bound: string, data: Buffer | string): Buffer {
    const { salt, key } = keyToSeal(purpose);
    const plain = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    return Buffer.concat([header, salt, ...encrypt(key, encodeParts(purpose, bound), plain, random)]);
  }

  function open(purpose: string, bound: string, sealed: Buffer): Buffer {
    const { keyId, body } = readKeyHeader(sealing, sealed);
    const key = keyToOpen(keyId, purpose, body.subarray(0, SALT_BYTES));
    return decrypt(key, encodeParts(purpose, bound), body.subarray(SALT_BYTES));
  }

  function sealTicket(purpose: string, value: object, expiresAt: Date): string {
    const plain = Buffer.from(JSON.stringify({ expiresAt: expiresAt.getTime(), value }), 'utf8');
    const deflated = plain.length > SHORT_BYTES ? deflateRawSync(plain) : plain;
    const smaller = deflated.length < plain.length;
    const body = Buffer.concat([Buffer.from([smaller ? DEFLATED : PLAIN]), smaller ? deflated : plain]);
    return seal(purpose, TICKET, body).toString('base64url');
  }

  function openTicket(purpose: string, text: string, now: Date): object | undefined {
    try {
      const body = open(purpose, TICKET, Buffer.from(text, 'base64url'));
      const plain = body[0] === DEFLATED ? inflateRawSync(body.subarray(1)) : body.subarray(1);
      const { expiresAt, value } = JSON.parse(plain.toString('utf8')) as { expiresAt: number; value: object };
      return now.getTime() < expiresAt ? value : undefined;
    } catch (error) {
      if (error instanceof SealBroken) return undefined;
      throw error;
    }
  }

  return {
    seal,
    open,
    reseal: (purpose, bound, sealed) => seal(purpose, bound, open(purpose, bound, sealed)),
    keyIdOf: keyIdIn,
    sealTicket,
    openTicket,
  };
}
