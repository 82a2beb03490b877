import { createSecretKey, type KeyObject } from 'node:crypto';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { idsIn, keyUses, type KeyringDocument, type KeyUse } from './keyring-document.ts';
import { readKeyring, type KeyringSource } from './keyring-source.ts';

/** A key to seal with and older ones that still open. */
export interface VersionedKeys {
  readonly currentId: string;
  readonly current: KeyObject;
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/** Every secret of the product. Key objects, because they do not print what they hold. */
export interface Keyring {
  /** Wraps the data key of each row of personal data. */
  readonly personalData: VersionedKeys;
  /** Seals short-lived state: drafts, messages, protocol payloads, tickets; and keys that sign. */
  readonly sealing: VersionedKeys;
  /** Finds personal data by value: under the current key, and under others while one is being replaced. */
  readonly blindIndex: VersionedKeys;
  /** Keyed hashes: one-time codes, counters, device marks. */
  readonly mac: KeyObject;
  /** Cookie signatures: the first signs, all verify. */
  readonly cookies: Sensitive<readonly string[]>;
  /** What may be told of it. */
  readonly ids: KeyIds;
}

/** The keys that data are sealed under, each of which may have followers. */
export type DataKeyUse = 'personalData' | 'sealing';

/** Which keys a keyring knows, and which it uses for whatever is new: ids, nothing of the keys. */
export type KeyIds = Readonly<Record<KeyUse, { readonly current: string; readonly known: readonly string[] }>>;

const secretKey = (base64: string): KeyObject => createSecretKey(Buffer.from(base64, 'base64'));

const versioned = ({ current, keys }: KeyringDocument['sealing']): VersionedKeys => ({
  currentId: current,
  current: secretKey(keys[current] ?? ''),
  byId: new Map(Object.entries(keys).map(([id, base64]) => [id, secretKey(base64)])),
});

/**
 * Loads the keys.
 * @throws {KeyringError} unreadable, malformed, or not given in production.
 */
export function loadKeyring(source: KeyringSource): Keyring {
  const document = readKeyring(source);
  return {
    personalData: versioned(document.personalData),
    sealing: versioned(document.sealing),
    blindIndex: versioned(document.blindIndex),
    mac: secretKey(document.mac),
    cookies: sensitive(document.cookies),
    ids: Object.fromEntries(keyUses.map((use) => [use, idsIn(document, use)])) as unknown as KeyIds,
  };
}
