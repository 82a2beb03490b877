import type { Context } from 'koa';

/** A logout token of some claims, signed, stays far below this. */
const LARGEST_FORM_BYTES = 16_384;

/** @returns the fields of a posted form, or `undefined` where the body is none or too large. */
export async function readForm(ctx: Context): Promise<URLSearchParams | undefined> {
  if (ctx.is('application/x-www-form-urlencoded') !== 'application/x-www-form-urlencoded') return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_FORM_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
