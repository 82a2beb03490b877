import type { RegistryTrouble, RegistryVerdict } from './civil-registry.ts';

/** What the simulator does for a NIK that begins 9999 and ends so. */
export type FaultAct =
  | { readonly kind: 'failure'; readonly code: string; readonly textOnly: boolean }
  | { readonly kind: 'verdicts'; readonly name: string; readonly mother: string | undefined; readonly code?: string }
  | { readonly kind: 'status'; readonly status: number; readonly html: string }
  | { readonly kind: 'hang' | 'cut-connection' | 'empty-content' | 'slow' | 'cut-json' | 'huge' };

export interface Fault {
  /** The last four digits of the NIK. */
  readonly ending: string;
  readonly behaviour: string;
  /** What the client makes of it, with the thresholds and time-outs of production. */
  readonly outcome: RegistryVerdict | RegistryTrouble;
  readonly act: FaultAct;
}

/** The sentences of the registry for its response codes. */
export const failureTexts: Readonly<Record<string, string>> = {
  '03': 'Login Gagal',
  '04': 'IP Tidak Sesuai',
  '05': 'Kuota Akses Hari Ini Telah Habis',
  '06': 'Di Luar Waktu Akses',
  '07': 'Parameter Tidak Lengkap',
  '08': 'NIK Tidak Dapat Diproses',
  '09': 'User, Password atau IP Tidak Boleh Kosong',
  '10': 'IP Tidak Valid',
  '11': 'Data Ditemukan, Status Meninggal Dunia',
  '12': 'Data Ditemukan, Status Data Ganda',
  '13': 'Data Tidak Ditemukan',
  '14': 'Data Ditemukan, Status Non Aktif',
  '15': 'NIK Tidak Sesuai Format Dukcapil',
  '16': 'Instansi Tidak Aktif',
  '17': 'User ID Tidak Aktif',
};

const failure = (code: string, outcome: Fault['outcome'], meaning: string): Fault => ({
  ending: `90${code}`,
  behaviour: `response code ${code}: ${meaning}`,
  outcome,
  act: { kind: 'failure', code, textOnly: false },
});

const oldStyle = (code: string, outcome: Fault['outcome'], meaning: string): Fault => ({
  ending: `91${code}`,
  behaviour: `old style, a text without a code: ${meaning}`,
  outcome,
  act: { kind: 'failure', code, textOnly: true },
});

export const faults: readonly Fault[] = [
  failure('03', 'config', 'login failed'),
  failure('04', 'config', "the caller's address does not agree"),
  failure('05', 'quota', 'daily quota used up'),
  failure('06', 'closed', 'outside the permitted hours'),
  failure('07', 'protocol', 'parameters incomplete'),
  failure('08', 'not-found', 'NIK cannot be processed'),
  failure('09', 'config', 'user, password or address empty'),
  failure('10', 'config', 'address invalid'),
  failure('11', 'deceased', 'the person has died'),
  failure('12', 'duplicate', 'duplicate record'),
  failure('13', 'not-found', 'NIK not in the registry'),
  failure('14', 'inactive', 'record not active'),
  failure('15', 'not-found', "NIK not in the registry's format"),
  failure('16', 'config', 'institution not active'),
  failure('17', 'config', 'user id not active'),
  oldStyle('11', 'deceased', 'the person has died'),
  oldStyle('12', 'duplicate', 'duplicate record'),
  oldStyle('13', 'not-found', 'NIK not in the registry'),
  oldStyle('14', 'inactive', 'record not active'),
  {
    ending: '9201',
    behaviour: 'everything agrees, whatever the names',
    outcome: 'verified',
    act: { kind: 'verdicts', name: 'Sesuai (100)', mother: 'Sesuai (100)' },
  },
  {
    ending: '9202',
    behaviour: "the mother's name does not agree",
    outcome: 'mismatch',
    act: { kind: 'verdicts', name: 'Sesuai (100)', mother: 'Tidak Sesuai (40)' },
  },
  {
    ending: '9203',
    behaviour: 'the name does not agree',
    outcome: 'mismatch',
    act: { kind: 'verdicts', name: 'Tidak Sesuai (40)', mother: 'Sesuai (100)' },
  },
  {
    ending: '9204',
    behaviour: 'everything agrees, verdicts without numbers',
    outcome: 'verified',
    act: { kind: 'verdicts', name: 'Sesuai', mother: 'Sesuai' },
  },
  {
    ending: '9205',
    behaviour: "the mother's name is missing in the answer",
    outcome: 'protocol',
    act: { kind: 'verdicts', name: 'Sesuai (100)', mother: undefined },
  },
  {
    ending: '9206',
    behaviour: 'verdicts and response code 11 together',
    outcome: 'deceased',
    act: { kind: 'verdicts', name: 'Sesuai (100)', mother: 'Sesuai (100)', code: '11' },
  },
  {
    ending: '9500',
    behaviour: 'HTTP 500 with HTML',
    outcome: 'network',
    act: { kind: 'status', status: 500, html: '<html><body><h1>Internal Server Error</h1></body></html>' },
  },
  { ending: '9503', behaviour: 'HTTP 503, empty', outcome: 'network', act: { kind: 'status', status: 503, html: '' } },
  { ending: '9504', behaviour: 'no answer for 30 seconds', outcome: 'timeout', act: { kind: 'hang' } },
  {
    ending: '9505',
    behaviour: 'accepts, then closes the connection',
    outcome: 'network',
    act: { kind: 'cut-connection' },
  },
  { ending: '9596', behaviour: 'empty content', outcome: 'protocol', act: { kind: 'empty-content' } },
  { ending: '9597', behaviour: 'the right answer after 3 seconds', outcome: 'verified', act: { kind: 'slow' } },
  { ending: '9598', behaviour: 'JSON cut in the middle', outcome: 'protocol', act: { kind: 'cut-json' } },
  { ending: '9599', behaviour: 'an answer of 1 MiB', outcome: 'protocol', act: { kind: 'huge' } },
];

const FAULT_REGION = '9999';

/** A whole NIK that makes the fault and passes the rules of a NIK: a man born on 1 January 1990. */
export const faultNik = (ending: string): string => `${FAULT_REGION}01010190${ending}`;

const byEnding = new Map(faults.map((fault) => [fault.ending, fault]));

export const findFault = (nik: string): Fault | undefined =>
  nik.startsWith(FAULT_REGION) ? byEnding.get(nik.slice(-4)) : undefined;
