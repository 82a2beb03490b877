/** Invented people. Each is a resident of the simulated registry; contact and password are what they would type. */
export interface Citizen {
  readonly nik: string;
  readonly name: string;
  readonly mother: string;
  readonly email: string;
  readonly phone: string;
  readonly password: string;
}

export const citizens = {
  budi: {
    nik: '9901010101900001',
    name: 'Budi Contoh Santoso',
    mother: 'Siti Contoh Aminah',
    email: 'budi@contoh.test',
    phone: '081234567890',
    password: 'Kopi-Hitam7!',
  },
  ratna: {
    nik: '9901014101900002',
    name: 'Ratna Contoh Dewi',
    mother: 'Sri Contoh Wahyuni',
    email: 'ratna@contoh.test',
    phone: '081298762797',
    password: 'Teh-Melati8#',
  },
  nuraini: {
    nik: '9902015508880003',
    name: "Nur'aini Contoh",
    mother: 'Fatimah Contoh',
    email: 'nuraini@contoh.test',
    phone: '085712340003',
    password: 'Angin-Laut3$',
  },
  suparmin: {
    nik: '9903012902000004',
    name: 'Suparmin',
    mother: 'Sukinah',
    email: 'suparmin@contoh.test',
    phone: '087812340004',
    password: 'Sawah-Hijau4%',
  },
  rizki: {
    nik: '9904013011750005',
    name: 'Muhammad Contoh Rizki',
    mother: 'Hj. Aisyah Contoh',
    email: 'rizki@contoh.test',
    phone: '089612340005',
    password: 'Hujan-Sore5^',
  },
  andreas: {
    nik: '9905010107600006',
    name: 'Drs. Andreas Contoh Simatupang',
    mother: 'Maria Contoh Br. Hutapea',
    email: 'andreas@contoh.test',
    phone: '082112340006',
    password: 'Danau-Biru6&',
  },
} as const satisfies Readonly<Record<string, Citizen>>;

let born = 0;

/**
 * Somebody nobody has met before. The simulated registry confirms everybody whose NIK begins 9999 and ends 9201,
 * whatever their names; other endings make its faults.
 */
export function somebody(changes: Partial<Citizen> & { readonly ending?: string } = {}): Citizen {
  born += 1;
  const { ending = '9201', ...known } = changes;
  const two = (number: number): string => String(number).padStart(2, '0');
  const birthday = `${two(1 + (born % 28))}${two(1 + (Math.floor(born / 28) % 12))}90`;
  return {
    nik: `999901${birthday}${ending}`,
    name: 'Wulan Contoh Pertiwi',
    mother: 'Endang Contoh Lestari',
    email: `warga${born}@contoh.test`,
    // Each in a block of its own: the limits look at blocks.
    phone: `0813${String(20_000_000 + born * 10_007)}`,
    password: 'Pasir-Putih9!',
    ...known,
  };
}
