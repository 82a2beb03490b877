import { randomInt } from 'node:crypto';
import type { Citizen } from '../../test/support/citizens.ts';

const two = (number: number): string => String(number).padStart(2, '0');

/** Each run begins somewhere else, so that a database that is used again knows nobody of it. */
let born = randomInt(900_000);

/** Somebody whom the simulated registry confirms (9999…9201) and nobody has met. */
export function newcomer(): Citizen {
  born += 1;
  const day = born % 28;
  const month = Math.floor(born / 28) % 12;
  const year = Math.floor(born / 336) % 40;
  const district = Math.floor(born / 13_440) % 99;
  return {
    nik: `9999${two(1 + district)}${two(1 + day)}${two(1 + month)}${two(60 + year)}9201`,
    name: 'Wulan Contoh Pertiwi',
    mother: 'Endang Contoh Lestari',
    email: `pendaftar-${born}@contoh.test`,
    // The limits look at numbers that differ only in the last four digits: each has others before them.
    phone: `0813${String(((born * 10_007) % 90_000_000) + 10_000_000)}`,
    password: 'Pasir-Putih9!',
  };
}
