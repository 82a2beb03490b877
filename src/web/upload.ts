import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import type { Context, Middleware } from 'koa';
import { PATIENCE_BYTES } from './body-bytes.ts';
import { createFields, type FormState } from './form.ts';
import { Refused } from './refused.ts';

/** A file as it came: what it is called and what it is said to be means nothing. */
export interface Upload {
  readonly bytes: Buffer;
  /** It was longer than it may be; the rest is not there. */
  readonly isCut: boolean;
}

interface UploadState extends FormState {
  upload: Upload | undefined;
}

/** The file of the form that was read; undefined where none was chosen. */
export const uploadOf = (ctx: Context): Upload | undefined => (ctx.state as UploadState).upload;

/** Much longer than a phone needs; and where the parser waits for something that never comes, it ends. */
const LONGEST_MS = 30_000;
/** RFC 2046, 5.1.1: once, and not empty, which the parser takes and then waits. */
const BOUNDARY = /^[^;]*;\s*boundary=(?:"[^"]{1,70}"|[^\s;"]{1,70})\s*$/i;
const LIMITS = { files: 1, fields: 100, parts: 102, fieldNameSize: 100, headerPairs: 20, headerSize: 4096 };

async function* upTo(most: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > most) throw new Refused(413, 'errors.too-large');
    yield chunk;
  }
}

/**
 * Reads a form with one file: its fields into `ctx.state.form`, as `form()` does, and the file into `uploadOf(ctx)`.
 * @param fieldBytes  how much its fields may hold together: nothing of them is cut off.
 */
export function upload({
  limitBytes,
  fieldBytes,
}: {
  readonly limitBytes: number;
  readonly fieldBytes: number;
}): Middleware {
  return async (ctx, next) => {
    if (ctx.is('multipart/form-data') !== 'multipart/form-data' || !BOUNDARY.test(ctx.get('content-type')))
      throw new Refused(415, 'errors.bad-encoding');
    if (Number(ctx.get('content-length') || 0) > PATIENCE_BYTES) throw new Refused(413, 'errors.too-large');
    const fields = createFields();
    const seen = { bytes: 0, isTooMuch: false, isMangled: false };
    const chunks: Buffer[] = [];
    let isCut = false;
    try {
      const parser = new Busboy({
        headers: { ...ctx.headers, 'content-type': ctx.get('content-type') },
        limits: { ...LIMITS, fieldSize: fieldBytes, fileSize: limitBytes },
      });
      parser.on('field', (name, value) => {
        seen.bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
        seen.isTooMuch ||= seen.bytes > fieldBytes;
        // The parser puts this in the place of what is no UTF-8; `form()` refuses that too.
        seen.isMangled ||= `${name}${value}`.includes('\ufffd');
        fields.add(name, value);
      });
      for (const limit of ['fieldsLimit', 'partsLimit'] as const)
        parser.on(limit, () => {
          seen.isTooMuch = true;
        });
      parser.on('file', (_name, file) => {
        file.on('data', (chunk: Buffer) => chunks.push(chunk));
        file.on('limit', () => {
          isCut = true;
        });
        // A body that breaks off in the middle of the file: the form as a whole says so.
        file.on('error', () => {
          isCut = true;
        });
      });
      await pipeline(upTo(PATIENCE_BYTES, ctx.req as AsyncIterable<Buffer>), parser, {
        signal: AbortSignal.timeout(LONGEST_MS),
      });
    } catch (cause) {
      if (cause instanceof Refused) throw cause;
      throw new Refused(400, 'errors.bad-encoding', { cause });
    }
    if (seen.isTooMuch) throw new Refused(413, 'errors.too-large');
    if (seen.isMangled) throw new Refused(400, 'errors.bad-encoding');
    const bytes = Buffer.concat(chunks);
    Object.assign(ctx.state, {
      ...fields.read,
      upload: bytes.length === 0 ? undefined : { bytes, isCut },
    } satisfies UploadState);
    await next();
  };
}
