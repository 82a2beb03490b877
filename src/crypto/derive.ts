import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { encodeParts } from './parts.ts';

/** One key per use, so that what one purpose gives away can never help against another (RFC 5869). */
const deriveKey = (master: KeyObject, ...labels: readonly string[]): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), encodeParts('siapkerja', ...labels), 32)));

/** Derives once and remembers: purposes are few and written in the code. */
export function createKeyDeriver(master: KeyObject, use: string): (purpose: string) => KeyObject {
  const known = new Map<string, KeyObject>();
  return (purpose) => {
    let key = known.get(purpose);
    if (key === undefined) known.set(purpose, (key = deriveKey(master, use, purpose)));
    return key;
  };
}
