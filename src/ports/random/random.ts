import { randomBytes, randomFillSync, randomInt, randomUUID } from 'node:crypto';

/** Unpredictable values, from a CSPRNG; tests may hold them still. */
export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Buffer;
  /** A decimal code of `digits` digits, leading zeros kept. */
  digits(digits: number): string;
  uuid(): string;
}

const DRAWN_AT_ONCE = 4096;
const FEW = 64;

/**
 * A few bytes at a time out of many drawn at once, as `randomUUID` does it: everything that is sealed takes a salt and
 * a nonce. What was handed out is wiped where it came from.
 */
function createFewBytes(): (count: number) => Buffer {
  const drawn = Buffer.alloc(DRAWN_AT_ONCE);
  let at = DRAWN_AT_ONCE;
  return (count) => {
    if (at + count > DRAWN_AT_ONCE) {
      randomFillSync(drawn);
      at = 0;
    }
    const bytes = Buffer.from(drawn.subarray(at, at + count));
    drawn.fill(0, at, at + count);
    at += count;
    return bytes;
  };
}

const fewBytes = createFewBytes();

export const systemRandom: Random = {
  bytes: (count) => (count <= FEW ? fewBytes(count) : randomBytes(count)),
  digits: (digits) => String(randomInt(10 ** digits)).padStart(digits, '0'),
  uuid: () => randomUUID(),
};
