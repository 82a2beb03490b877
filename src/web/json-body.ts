import type { Context } from 'koa';
import { readBytes } from './body-bytes.ts';
import { Problem } from './problem.ts';

/** Nothing that is sent here is nested deeper; whoever walks through it must get to its end. */
const DEEPEST = 32;

function depthOf(text: string): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted && letter === '\\') at += 1;
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && (letter === '{' || letter === '[')) deepest = Math.max(deepest, (depth += 1));
    else if (!quoted && (letter === '}' || letter === ']')) depth -= 1;
  }
  return deepest;
}

/**
 * By escapes JSON says what UTF-8 cannot, and no database keeps: U+0000 and halves of characters, in names and values.
 */
const UNKEPT = /\0|\p{Cs}/u;
const refuseUnkept = (name: string, value: unknown): unknown => {
  if (UNKEPT.test(name) || (typeof value === 'string' && UNKEPT.test(value)))
    throw new Problem(400, 'bad-text', 'Text must not hold U+0000 or halves of surrogate pairs.');
  return value;
};

/**
 * The JSON document that was sent.
 * @throws {Problem} 415 another kind, 413 too large, 400 no JSON, no UTF-8, nested too deep, or text that cannot be
 *   kept.
 */
export async function readJson(ctx: Context, limitBytes: number): Promise<unknown> {
  const bytes = await readBytes(ctx, { types: ['application/json'], limitBytes });
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (depthOf(text) > DEEPEST) throw new Problem(400, 'too-deep', `At most ${DEEPEST} levels.`);
    return JSON.parse(text, refuseUnkept) as unknown;
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem(400, 'no-json', 'The body is no JSON document.', { cause });
  }
}
