import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import type { Context, Middleware } from 'koa';
import { PATIENCE_BYTES } from './body-bytes.ts';
import type { FormState } from './form.ts';
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
const LIMITS = { files: 1, fields: 10, parts: 12, fieldNameSize: 100, fieldSize: 4096, headerPairs: 20, headerSize: 4096 };

async function* upTo(most: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > most) throw new Refused(413, 'errors.too-large');
    yield chunk;
  }
}

/** Reads a form with one file: its fields into `ctx.state.form`, as `form()` does, and the file into `uploadOf(ctx)`. */
export function upload({ limitBytes }: { readonly limitBytes: number }): Middleware {
  return async (ctx, next) => {
    if (ctx.is('multipart/form-data') !== 'multipart/form-data' || !BOUNDARY.test(ctx.get('content-type'))) throw new Refused(415, 'errors.bad-encoding');
    if (Number(ctx.get('content-length') || 0) > PATIENCE_BYTES) throw new Refused(413, 'errors.too-large');
    const fields = new Map<string, string>();
    const chunks: Buffer[] = [];
    let isCut = false;
    try {
      const parser = new Busboy({ headers: { ...ctx.headers, 'content-type': ctx.get('content-type') }, limits: { ...LIMITS, fileSize: limitBytes } });
      parser.on('field', (name, value) => {
        if (!fields.has(name)) fields.set(name, value);
      });
      parser.on('file', (_name, file) => {
        file.on('data', (chunk: Buffer) => chunks.push(chunk));
        file.on('limit', () => { isCut = true; });
        // A body that breaks off in the middle of the file: the form as a whole says so.
        file.on('error', () => { isCut = true; });
      });
      await pipeline(upTo(PATIENCE_BYTES, ctx.req as AsyncIterable<Buffer>), parser, { signal: AbortSignal.timeout(LONGEST_MS) });
    } catch (cause) {
      if (cause instanceof Refused) throw cause;
      throw new Refused(400, 'errors.bad-encoding', { cause });
    }
    const bytes = Buffer.concat(chunks);
    Object.assign(ctx.state, { form: fields, upload: bytes.length === 0 ? undefined : { bytes, isCut } } satisfies UploadState);
    await next();
  };
}
