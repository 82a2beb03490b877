import type { KeyObject } from 'node:crypto';
import { ExternalSigningKey } from 'oidc-provider';
import { signBytes } from '../crypto/jws.ts';
import { ALGORITHMS } from '../crypto/signing-key.ts';
import type { HeldKey, SigningKeys } from './signing-keys.ts';

/**
 * The library takes its keys once, when it is made. A slot is a key to it, whose content is whatever the process holds
 * there at the moment: so keys come and go while the provider stays.
 */
class KeySlot extends ExternalSigningKey {
  readonly #algorithm: string;
  readonly #place: number;
  readonly #keys: SigningKeys;

  constructor(algorithm: string, place: number, keys: SigningKeys) {
    super();
    this.#algorithm = algorithm;
    this.#place = place;
    this.#keys = keys;
  }

  #held(): HeldKey | undefined {
    return this.#place === 0
      ? this.#keys.current(this.#algorithm)
      : this.#keys.others(this.#algorithm)[this.#place - 1];
  }

  override get alg(): string {
    return this.#algorithm;
  }

  /** No thumbprint has a colon: nobody's token finds a slot that is vacant. */
  override get kid(): string {
    return this.#held()?.kid ?? `vacant:${this.#algorithm}:${this.#place}`;
  }

  override keyObject(): KeyObject {
    const key = this.#held() ?? this.#keys.current(this.#algorithm);
    if (key === undefined) throw new Error(`there is no key for ${this.#algorithm}`);
    return key.publicKey;
  }

  /** By the key that the header names, also where another has taken over since it was written. */
  override sign(data: Uint8Array): Uint8Array {
    const [header = ''] = Buffer.from(data).toString('latin1').split('.', 1);
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { kid: string };
    const key = this.#keys.signerOf(kid)?.privateKey;
    if (key === undefined) throw new Error(`the key ${kid} signs no more`);
    return signBytes(this.#algorithm, key, data);
  }
}

/**
 * Keys of one algorithm that an ID token can come back under: one signs, the next may do so elsewhere already, the rest
 * are old.
 */
const PLACES = 8;

/** What the library is given as its keys. The first slot of each algorithm is the one it signs with. */
export const createKeySlots = (keys: SigningKeys): ExternalSigningKey[] =>
  ALGORITHMS.flatMap((algorithm) => Array.from({ length: PLACES }, (_, place) => new KeySlot(algorithm, place, keys)));
