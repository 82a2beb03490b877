import { makeKeyringDocument } from '../../src/crypto/keyring-document.ts';
import { loadKeyring, type Keyring } from '../../src/crypto/keyring.ts';
import { systemRandom } from '../../src/ports/random/random.ts';

export interface EditableDocument {
  version: number;
  personalData: { current: string; keys: Record<string, string> };
  sealing: { current: string; keys: Record<string, string> };
  blindIndex: { current: string; keys: Record<string, string> };
  mac: string;
  cookies: string[];
}

export const newDocument = (): EditableDocument => JSON.parse(makeKeyringDocument(systemRandom)) as EditableDocument;

export const keyringOf = (document: object): Keyring =>
  loadKeyring({
    keyring: JSON.stringify(document),
    dataDir: '/nonexistent',
    environment: 'production',
    random: systemRandom,
  });

export const newKeyring = (): Keyring => keyringOf(newDocument());

export const newKey = (): string => systemRandom.bytes(32).toString('base64');

/** Changes one bit of the byte at `index` (from the end when negative). */
export function flip(bytes: Buffer, index: number): Buffer {
  const changed = Buffer.from(bytes);
  const at = index < 0 ? bytes.length + index : index;
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
}
