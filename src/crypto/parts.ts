/**
 * Joins parts so that no two lists give the same bytes: `('ab', 'c')` and `('a', 'bc')` differ, because each part
 * carries its length in front. Used wherever a hash or an authenticated context covers more than one value.
 */
export function encodeParts(...parts: readonly string[]): Buffer {
  const lengths = parts.map((part) => Buffer.byteLength(part, 'utf8'));
  const all = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let at = 0;
  parts.forEach((part, index) => {
    at = all.writeUInt32BE(lengths[index] ?? 0, at);
    at += all.write(part, at, 'utf8');
  });
  return all;
}
