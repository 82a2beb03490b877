/** The kinds of settings: each says how its value is read and judged. `settings.ts` lists the settings themselves. */
import { isIP } from 'node:net';
import { z } from 'zod';

export interface Setting<T> {
  readonly type: z.ZodType<T>;
  readonly fallback: T;
  readonly about: string;
  readonly env?: string | undefined;
  readonly example?: string | undefined;
  readonly secret?: boolean | undefined;
}

interface Notes {
  env?: string;
  example?: string;
  secret?: boolean;
}

/** An environment variable is text; a value from a JSON file already has its type. */
const fromText = <T>(type: z.ZodType<T>, read: (text: string) => unknown): z.ZodType<T> =>
  z.preprocess((value) => (typeof value === 'string' ? read(value.trim()) : value), type);

/** `off` is zero: of proxies to trust, say. */
const readNumber = (text: string): unknown => (text === '' ? undefined : text === 'off' ? 0 : Number(text));
const readFlag = (text: string): unknown =>
  ['true', '1', 'yes', 'on'].includes(text.toLowerCase())
    ? true
    : ['false', '0', 'no', 'off'].includes(text.toLowerCase())
      ? false
      : text;
const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

const isTimeZone = (text: string): boolean => {
  try {
    new Intl.DateTimeFormat('id', { timeZone: text });
    return true;
  } catch {
    return false;
  }
};

export const text = (fallback: string, about: string, notes: Notes = {}): Setting<string> => ({
  type: z.string().min(1),
  fallback,
  about,
  ...notes,
});
/** `smpp(s) address`, of `^smpps?$`. */
const schemesOf = ({ source }: RegExp): string =>
  `${source.replace(/^\^|\$$/g, '').replace(/(?:\(\?:(\w+)\)|(\w))\?$/, (_, more?: string, one?: string) => `(${more ?? one ?? ''})`)} address`;
export const optionalLink = (protocol: RegExp, about: string, notes: Notes = {}): Setting<string | undefined> => ({
  type: z.url({ protocol }).optional().describe(schemesOf(protocol)),
  fallback: undefined,
  about,
  ...notes,
});
/** The driver tries one server: a list it would take for one name. */
const SEVERAL_HOSTS = /^\w+:\/\/(?:[^/?]*@)?[^/?@]*,[^/?@]*(?:[/?]|$)|[?&]host=[^&]*(?:,|%2C)/i;
export const database = (about: string, notes: Notes = {}): Setting<string | undefined> => {
  const type = z
    .string()
    .refine(
      (address) => !SEVERAL_HOSTS.test(address),
      'names one server; what stands in front of several: docs/operasi/install.md, "When another server takes over"',
    )
    .pipe(z.url({ protocol: /^postgres(?:ql)?$/ }));
  return { type: type.optional().describe('postgres(ql) address'), fallback: undefined, about, ...notes };
};
export const zone = (fallback: string, about: string, notes: Notes = {}): Setting<string> => ({
  type: z.string().refine(isTimeZone, 'no such time zone'),
  fallback,
  about,
  ...notes,
});
export const optional = (about: string, notes: Notes = {}): Setting<string | undefined> => ({
  type: z.string().min(1).optional(),
  fallback: undefined,
  about,
  ...notes,
});
export const link = (fallback: string, about: string, notes: Notes = {}): Setting<string> => ({
  type: z.url({ protocol: /^https?$/ }),
  fallback,
  about,
  ...notes,
});
export const whole = (
  fallback: number,
  about: string,
  notes: Notes & { min?: number; max?: number } = {},
): Setting<number> => {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, ...rest } = notes;
  return { type: fromText(z.number().int().min(min).max(max), readNumber), fallback, about, ...rest };
};
export const flag = (fallback: boolean, about: string, notes: Notes = {}): Setting<boolean> => ({
  type: fromText(z.boolean(), readFlag),
  fallback,
  about,
  ...notes,
});
export const choice = <const T extends string>(
  values: readonly T[],
  fallback: T,
  about: string,
  notes: Notes = {},
): Setting<T> => ({
  type: z.enum(values),
  fallback,
  about,
  ...notes,
});
export const list = (fallback: readonly string[], about: string, notes: Notes = {}): Setting<readonly string[]> => ({
  type: fromText(z.array(z.string().min(1)), (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  ),
  fallback,
  about,
  ...notes,
});
/**
 * A program and its arguments: no shell will read it, so no quoting either; whoever needs a space in a word writes
 * JSON.
 */
export const command = (about: string, notes: Notes = {}): Setting<readonly string[]> => ({
  type: fromText(
    z.array(z.string()).refine((words) => words[0] !== ''),
    (value) => (value.trimStart().startsWith('[') ? readJson(value) : value.split(/\s+/).filter(Boolean)),
  ).describe('words, or a JSON array'),
  fallback: [],
  about,
  ...notes,
});
/** An address or a CIDR range; `10.0.0.0/` would be every address there is. */
function isRange(text: string): boolean {
  const [base = '', prefix, ...more] = text.split('/');
  const bits = isIP(base) === 6 ? 128 : 32;
  return (
    isIP(base) !== 0 &&
    more.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
}
export const ranges = (fallback: readonly string[], about: string, notes: Notes = {}): Setting<readonly string[]> => ({
  ...list(fallback, about, notes),
  type: list(fallback, about).type.refine((items) => items.every(isRange), 'not a list of addresses and CIDR ranges'),
});
const isEndpoint = (text: string): boolean =>
  URL.canParse(`redis://${text}`) && /^(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(text);
export const endpoints = (about: string, notes: Notes = {}): Setting<readonly string[]> => ({
  ...list([], about, notes),
  type: list([], about).type.refine((items) => items.every(isEndpoint), 'not a list of host:port'),
});
export const numbers = (fallback: readonly number[], about: string, notes: Notes = {}): Setting<readonly number[]> => ({
  type: fromText(z.array(z.number().int().min(0)).min(1), (value) => value.split(',').map(Number)),
  fallback,
  about,
  ...notes,
});
/** Words of somebody else for words of ours; capitals do not count. */
export const mapping = <const T extends string>(
  values: readonly T[],
  fallback: Readonly<Record<string, T>>,
  about: string,
  notes: Notes = {},
): Setting<Readonly<Record<string, T>>> => ({
  type: fromText(z.record(z.string(), z.enum(values)), readJson),
  fallback,
  about,
  ...notes,
});
/** What nobody must guess, and what an address can hold. */
export const secretText = (least: number, about: string, notes: Notes = {}): Setting<string | undefined> => ({
  type: z
    .string()
    .regex(new RegExp(`^[\\w-]{${least},200}$`), `needs ${least} or more letters, digits, "-" and "_"`)
    .optional(),
  fallback: undefined,
  about,
  secret: true,
  ...notes,
});
export const record = (
  fallback: Readonly<Record<string, string>>,
  about: string,
  notes: Notes = {},
): Setting<Readonly<Record<string, string>>> => ({
  type: fromText(z.record(z.string(), z.string()), readJson),
  fallback,
  about,
  ...notes,
});
