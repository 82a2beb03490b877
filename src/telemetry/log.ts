import { pino, type DestinationStream, type Logger } from 'pino';
import { Sensitive } from '../domain/sensitive.ts';
import { currentTraceId } from './trace.ts';

/** Without `child`: what a child logger adds to each line passes by the redaction. */
export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

const REDACTED = '[redacted]';

/** Field names that never reach a log line with their value, whatever object they sit in. */
const PERSONAL = new Set([
  'nik',
  'nama_lgkp',
  'nama_lgkp_ibu',
  'name',
  'mother',
  'mother_name',
  'mothername',
  'email',
  'phone',
  'phone_number',
  'identifier',
  'login_hint',
  'password',
  'code',
  'otp',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'id_token_hint',
  'code_verifier',
  'client_secret',
  'secret',
  'authorization',
  'cookie',
  'set-cookie',
  'to',
  'text',
  'html',
  'subject',
  'body',
  'recipient',
]);
/** Errors carry a `name` and sometimes a `code` that say what went wrong and are nobody's. */
const MAX_DEPTH = 6;

/** A NIK is sixteen digits wherever it stands, and a mobile number begins with +628 or 08. */
const scrubText = (text: string): string =>
  text.replaceAll(/\d{16}/g, REDACTED).replaceAll(/(?:\+62|62|0)8\d{8,11}/g, REDACTED);

function scrubError(error: Error, depth: number): object {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: scrubText(error.message),
    ...(typeof code === 'string' ? { errorCode: code } : {}),
    stack: error.stack === undefined ? undefined : scrubText(error.stack),
    ...(error.cause === undefined ? {} : { cause: scrub(error.cause, depth + 1) }),
  };
}

function scrub(value: unknown, depth = 0): unknown {
  if (value instanceof Sensitive) return REDACTED;
  if (typeof value === 'string') return scrubText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Error) return scrubError(value, depth);
  if (Buffer.isBuffer(value)) return '[bytes]';
  if (Array.isArray(value)) return value.map((item) => scrub(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      PERSONAL.has(key.toLowerCase()) ? REDACTED : scrub(item, depth + 1),
    ]),
  );
}

/**
 * The log: JSON lines, personal data redacted by type (`Sensitive`), by field name and, as a last net, by shape.
 *
 * @param destination  where lines go; standard output by default.
 * @param pretty       for a person at a terminal.
 */
export function createLog({
  level,
  pretty = false,
  destination,
}: {
  level: string;
  pretty?: boolean;
  destination?: DestinationStream;
}): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => {
        const scrubbed = scrub(fields) as Record<string, unknown>;
        const traceId = currentTraceId();
        // Beside what is scrubbed: of its 32 figures sixteen may be digits.
        return traceId === undefined ? scrubbed : { ...scrubbed, traceId };
      },
    },
    // Errors are scrubbed already; pino's own serializer would take what is left for an error and lose its type and
    // causes.
    serializers: { err: (value: unknown) => value },
    hooks: {
      logMethod(this: Logger, args: Parameters<Logger['info']>, method: (...parts: unknown[]) => void): void {
        const [first, ...rest] = args as unknown[];
        const error = first instanceof Error ? first : (first as { err?: unknown } | null | undefined)?.err;
        // Without a message pino takes the error's, as it is.
        if (rest.length === 0 && error instanceof Error) rest.push(error.message);
        method.apply(this, [typeof first === 'string' ? scrubText(first) : first, ...rest.map((part) => scrub(part))]);
      },
    },
  };
  if (destination !== undefined) return pino(options, destination);
  if (pretty)
    return pino({
      ...options,
      transport: { target: 'pino-pretty', options: { ignore: 'requestId', translateTime: 'HH:MM:ss' } },
    });
  return pino(options);
}
