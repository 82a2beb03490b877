import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** Unpredictable values, from a CSPRNG; tests may hold them still. */
export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Buffer;
  /** A decimal code of `digits` digits, leading zeros kept. */
  digits(digits: number): string;
  uuid(): string;
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  digits: (digits) => String(randomInt(10 ** digits)).padStart(digits, '0'),
  uuid: () => randomUUID(),
};
