import type { Context } from 'koa';
import { Problem } from './problem.ts';

/**
 * The JSON document that was sent. @throws {Problem} 415 another kind, 413 too large, 400 no JSON or no UTF-8.
 */
export async function readJson(ctx: Context, limitBytes: number): Promise<unknown> {
  if (ctx.is('application/json') !== 'application/json') throw new Problem(415, 'unsupported-media-type', 'Send application/json.');
  const tooLarge = (): Problem => new Problem(413, 'too-large', `At most ${limitBytes} bytes.`, { headers: { Connection: 'close' } });
  if (Number(ctx.get('content-length') || 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))) as unknown;
  } catch (cause) {
    throw new Problem(400, 'no-json', 'The body is no JSON document.', { cause });
  }
}
