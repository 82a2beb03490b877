import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import type { Context } from 'koa';
import { Problem } from './problem.ts';

/**
 * How much is read to the end although it is refused: who is still sending when the connection closes sees it broken,
 * and not the answer that says what is wrong.
 */
export const PATIENCE_BYTES = 8 * 1024 * 1024;

/** Nobody waits longer than that for the rest of it. */
const PAUSE_MS = 1000;

/** What was sent, whole and as it came; undefined where it is longer. No more than the limit is ever held. */
export function readUpTo(limitBytes: number, req: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(req.headers['content-length'] ?? 0) > PATIENCE_BYTES) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let pause: NodeJS.Timeout | undefined;
    // What comes after the answer flows on to nobody: a stream that is destroyed takes its connection along.
    const leave = (answer: () => void): void => {
      clearTimeout(pause);
      req.off('data', take);
      forget();
      answer();
    };
    const giveUp = (): void => {
      leave(() => {
        resolve(undefined);
      });
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      clearTimeout(pause);
      if (size > PATIENCE_BYTES) giveUp();
      else pause = setTimeout(giveUp, PAUSE_MS);
    };
    const forget = finished(req, { writable: false }, (error) => {
      leave(() => {
        if (error) reject(error);
        else resolve(size > limitBytes ? undefined : Buffer.concat(chunks));
      });
    });
    req.on('data', take);
  });
}

/**
 * The body of a request to an API.
 * @throws {Problem} 415 where it says to be none of these kinds, 413 where it is longer.
 */
export async function readBytes(
  ctx: Context,
  { types, limitBytes }: { readonly types: readonly string[]; readonly limitBytes: number },
): Promise<Buffer> {
  if (!types.some((type) => ctx.is(type) === type))
    throw new Problem(415, 'unsupported-media-type', `Send ${types.join(', ')}.`);
  const bytes = await readUpTo(limitBytes, ctx.req);
  if (bytes === undefined)
    throw new Problem(413, 'too-large', `At most ${limitBytes} bytes.`, { headers: { Connection: 'close' } });
  return bytes;
}
