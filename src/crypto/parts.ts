/**
 * Joins parts so that no two lists give the same bytes: `('ab', 'c')` and `('a', 'bc')` differ, because each part
 * carries its length in front. Used wherever a hash or an authenticated context covers more than one value.
 */
export function encodeParts(...parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
