/**
 * The people of the sandbox. All of them are invented, and none has an account: a NIK that begins with 99 is nobody's.
 * Each is there because services get that kind of person wrong.
 */
export interface SandboxCitizen {
  readonly id: string;
  readonly sub: string;
  /** What a service is told of them, by the names of the claims. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly suspended?: boolean;
}

const shared = { locale: 'id-ID', zoneinfo: 'Asia/Jakarta', updated_at: 1_764_115_200, nik_verified_at: 1_764_115_200 };
const mail = (name: string) => ({ email: `${name}@uji.contoh.test`, email_verified: true });
const phone = (digits: string) => ({ phone_number: `+62811000${digits}`, phone_number_verified: true });
const sub = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;

export const citizens = [
  {
    id: 'ordinary',
    sub: sub(1),
    claims: { name: 'Budi Uji Santoso', ...mail('budi'), ...phone('0001'), nik: '9901010101900001', ...shared },
  },
  {
    id: 'single-name',
    sub: sub(2),
    claims: { name: 'Suharti', ...mail('suharti'), ...phone('0002'), nik: '9901014101900002', ...shared },
  },
  {
    id: 'apostrophe',
    sub: sub(3),
    claims: { name: "Nur’aini Ma'ruf", ...mail('nuraini'), ...phone('0003'), nik: '9901014101900003', ...shared },
  },
  // Eighteen digits: as a number the last ones would be lost.
  {
    id: 'nip',
    sub: sub(4),
    claims: {
      name: 'Dewi Uji Lestari',
      nip: '199001012015042009',
      ...mail('dewi'),
      ...phone('0004'),
      nik: '9901014101900004',
      ...shared,
    },
  },
  {
    id: 'no-email',
    sub: sub(5),
    claims: { name: 'Agus Uji Wibowo', ...phone('0005'), nik: '9901010101900005', ...shared },
  },
  {
    id: 'suspended',
    sub: sub(6),
    suspended: true,
    claims: { name: 'Rina Uji Handayani', ...mail('rina'), ...phone('0006'), nik: '9901014101900006', ...shared },
  },
] as const satisfies readonly SandboxCitizen[];

export type CitizenId = (typeof citizens)[number]['id'];

export const citizenById = (id: string): SandboxCitizen | undefined => citizens.find((one) => one.id === id);
export const citizenBySub = (subject: string): SandboxCitizen | undefined =>
  citizens.find((one) => one.sub === subject);
