import type { Context } from 'koa';
import { Problem } from './problem.ts';

/**
 * What was sent, whole and as it came.
 * @throws {Problem} 415 where it says to be none of these kinds, 413 where it is longer: what follows is not read.
 */
export async function readBytes(ctx: Context, { types, limitBytes }: { readonly types: readonly string[]; readonly limitBytes: number }): Promise<Buffer> {
  if (!types.some((type) => ctx.is(type) === type)) throw new Problem(415, 'unsupported-media-type', `Send ${types.join(', ')}.`);
  const tooLarge = (): Problem => new Problem(413, 'too-large', `At most ${limitBytes} bytes.`, { headers: { Connection: 'close' } });
  if (Number(ctx.get('content-length') || 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
