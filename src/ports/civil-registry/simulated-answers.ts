import type { Clock } from '../clock/clock.ts';
import { failureTexts, findFault, type Fault } from './faults.ts';
import type { Resident } from './residents.ts';
import { similarity } from './similarity.ts';

/** Who may ask. */
export interface Access {
  readonly userId: string;
  readonly password: string;
  readonly ip: string;
  readonly institution: string;
}

export interface Quota {
  /** Takes one call of today; false when none is left. */
  take(): boolean;
  left(): number;
}

export interface SimulatedAnswer {
  /** `content[0]` of the answer. */
  readonly content: Readonly<Record<string, string>>;
  /** Set where the NIK asks for a fault; its content already carries the fault's codes and verdicts. */
  readonly fault?: Fault;
}

const WESTERN_INDONESIA_MS = 7 * 3_600_000;

/** The day of the registry begins at midnight in Jakarta. */
export function createQuota(limit: number, clock: Clock): Quota {
  const today = (): string => new Date(clock.now().getTime() + WESTERN_INDONESIA_MS).toISOString().slice(0, 10);
  let day = today();
  let used = 0;
  const rollOver = (): void => {
    if (day === today()) return;
    day = today();
    used = 0;
  };
  return {
    take: () => {
      rollOver();
      if (used >= limit) return false;
      used += 1;
      return true;
    },
    left: () => {
      rollOver();
      return limit - used;
    },
  };
}

export const envelope = (content: readonly SimulatedAnswer['content'][], quotaLeft: number): object => ({
  content,
  lastPage: true,
  numberOfElements: content.length,
  sort: null,
  totalElements: content.length,
  firstPage: true,
  number: 0,
  size: content.length,
  quotaLimiter: quotaLeft,
});

function failure(code: string, textOnly = false): SimulatedAnswer['content'] {
  const text = failureTexts[code] ?? '';
  return textOnly ? { RESPON: text } : { RESPONSE_CODE: code, RESPONSE_DESC: text, RESPON: text };
}

type Fields = Readonly<Record<string, string | undefined>>;

/** Callers differ in the case of their keys, and some send the threshold as a number. */
function fieldsOf(request: unknown): Fields {
  if (typeof request !== 'object' || request === null) return {};
  return Object.fromEntries(
    Object.entries(request).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'string' || typeof value === 'number' ? [[key.toUpperCase(), String(value)]] : [],
    ),
  );
}

/** Only what was asked for is answered. */
const elements = (
  fields: Fields,
  name: string | undefined,
  mother: string | undefined,
): SimulatedAnswer['content'] => ({
  NIK: 'Sesuai',
  ...(fields.NAMA_LGKP !== undefined && name !== undefined && { NAMA_LGKP: name }),
  ...(fields.NAMA_LGKP_IBU !== undefined && mother !== undefined && { NAMA_LGKP_IBU: mother }),
});

function contentOfFault(fields: Fields, { act }: Fault): SimulatedAnswer['content'] {
  if (act.kind === 'failure') return failure(act.code, act.textOnly);
  if (act.kind !== 'verdicts') return elements(fields, 'Sesuai (100)', 'Sesuai (100)');
  return { ...elements(fields, act.name, act.mother), ...(act.code !== undefined && failure(act.code)) };
}

/** What the registry would answer; the first thing wrong decides. */
export function answerTo(
  request: unknown,
  institution: string,
  { access, quota, residents }: { access: Access; quota: Quota; residents: ReadonlyMap<string, Resident> },
): SimulatedAnswer {
  const fields = fieldsOf(request);
  const { USER_ID: user, PASSWORD: password, NIK: nik } = fields;
  const ip = fields.IP_USER ?? fields.IP_USERS ?? fields.IP_ADDRESS;
  if (!user || !password || !ip) return { content: failure('09') };
  if (user !== access.userId || password !== access.password) return { content: failure('03') };
  if (ip !== access.ip) return { content: failure('04') };
  if (institution !== access.institution) return { content: failure('16') };
  if (!quota.take()) return { content: failure('05') };

  const threshold = /^\d{1,3}$/.test(fields.TRESHOLD ?? '') ? Number(fields.TRESHOLD) : NaN;
  if (!nik || !(threshold <= 100)) return { content: failure('07') };
  if (!/^\d{16}$/.test(nik)) return { content: failure('15') };

  const fault = findFault(nik);
  if (fault !== undefined) return { content: contentOfFault(fields, fault), fault };

  const resident = residents.get(nik);
  if (resident === undefined) return { content: failure('13') };
  const verdict = (registered: string, sent = ''): string => {
    const score = similarity(registered, sent);
    return `${score >= threshold ? 'Sesuai' : 'Tidak Sesuai'} (${String(score)})`;
  };
  return {
    content: elements(fields, verdict(resident.name, fields.NAMA_LGKP), verdict(resident.mother, fields.NAMA_LGKP_IBU)),
  };
}
