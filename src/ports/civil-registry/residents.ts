import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** An invented person of the simulated registry. */
export interface Resident {
  readonly nik: string;
  readonly name: string;
  readonly mother: string;
}

/** Invented; their NIKs begin with 99, a province that does not exist, and pass every other rule of a NIK. */
export const fixtures: readonly Resident[] = [
  { nik: '9901010101900001', name: 'BUDI CONTOH SANTOSO', mother: 'SITI CONTOH AMINAH' },
  { nik: '9901014101900002', name: 'RATNA CONTOH DEWI', mother: 'SRI CONTOH WAHYUNI' },
  { nik: '9902015508880003', name: "NUR'AINI CONTOH", mother: 'FATIMAH CONTOH' },
  { nik: '9903012902000004', name: 'SUPARMIN', mother: 'SUKINAH' },
  { nik: '9904013011750005', name: 'MUHAMMAD CONTOH RIZKI', mother: 'HJ. AISYAH CONTOH' },
  { nik: '9905010107600006', name: 'DRS. ANDREAS CONTOH SIMATUPANG', mother: 'MARIA CONTOH BR. HUTAPEA' },
];

/** More of them, for demonstrations and tests with many people. */
export const furtherFixtures: readonly Resident[] = [
  { nik: '9906010305920007', name: 'JOKO CONTOH PRASETYO', mother: 'SULASTRI CONTOH' },
  { nik: '9906025212950008', name: 'NI LUH CONTOH PUSPITASARI', mother: 'NI MADE CONTOH SUKERTI' },
  { nik: '9907011708850009', name: "MA'RUF CONTOH HIDAYAT", mother: "RUQAYYAH CONTOH SA'DIAH" },
  { nik: '9907036409990010', name: 'SUHARTINI', mother: 'PAINEM' },
  { nik: '9908012202780011', name: 'TIGOR CONTOH NAINGGOLAN', mother: 'ROSMAIDA CONTOH BR. SIHOMBING' },
  { nik: '9903154107850012', name: 'MARIA CONTOH LATUPERISSA', mother: 'YOHANA CONTOH PATTIASINA' },
  { nik: '9908045106030012', name: 'ANDI CONTOH TENRI ABENG', mother: 'ANDI CONTOH BESSE' },
  { nik: '9909011110690013', name: 'H. ABDUL CONTOH GANI, S.H.', mother: 'HJ. ZAINAB CONTOH' },
  {
    nik: '9909024807910014',
    name: 'RADEN AYU CONTOH KUSUMANINGRUM PUTRI HADININGRAT SURYAWIJAYA',
    mother: 'RADEN RORO CONTOH SEKARARUM',
  },
  { nik: '9910012811040015', name: 'YOHANES CONTOH WENDA', mother: 'MERIANA CONTOH KOGOYA' },
  { nik: '9910037003980016', name: 'SITI-NURHALIZA CONTOH', mother: "NUR'AZIZAH CONTOH" },
  { nik: '9911010104010017', name: 'I GUSTI NGURAH CONTOH', mother: 'I GUSTI AYU CONTOH RAI' },
  { nik: '9911025909870018', name: 'LIEM CONTOH MEI HWA', mother: 'TAN CONTOH SIOE LAN' },
];

/** The file of further residents cannot be used; the message names every entry at fault, never its values. */
export class ResidentsFileError extends Error {
  readonly code = 'RESIDENTS_INVALID';

  constructor(file: string, problems: readonly string[], cause?: unknown) {
    super(
      [
        `DUKCAPIL_SIMULATOR_RESIDENTS: ${file} cannot be used:`,
        ...problems.map((problem) => `  ${problem}`),
        'Expected: [{"nik":"9901010101900001","name":"…","mother":"…"}]',
      ].join('\n'),
      { cause },
    );
  }
}

const MOST_PROBLEMS_SHOWN = 10;

const personName = z.string().trim().min(1).max(100);
const residentsFile = z.array(
  z.object({
    nik: z.string().regex(/^\d{16}$/, 'must be a string of 16 digits'),
    name: personName,
    mother: personName,
  }),
);

/**
 * Reads further residents from a JSON file; a later entry of the same NIK replaces an earlier one.
 * @throws {ResidentsFileError} with every problem found.
 */
export async function readResidents(file: string): Promise<readonly Resident[]> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new ResidentsFileError(file, [
      cause instanceof SyntaxError ? 'it is not JSON' : `it cannot be read: ${(cause as Error).message}`,
    ]);
  }
  const parsed = residentsFile.safeParse(content);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? 'the file' : `entry ${path.map(String).join('.')}`}: ${message}`,
  );
  const more = problems.length - MOST_PROBLEMS_SHOWN;
  throw new ResidentsFileError(
    file,
    more > 0 ? [...problems.slice(0, MOST_PROBLEMS_SHOWN), `and ${String(more)} more`] : problems,
  );
}
