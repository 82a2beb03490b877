import type { Context, Middleware } from 'koa';
import { readUpTo } from './body-bytes.ts';
import { Refused } from './refused.ts';

/**
 * Strict where libraries are lenient: bytes that are no UTF-8 are refused, not replaced, so that no name is stored
 * mangled.
 */
function decode(text: string): string {
  try {
    if (/[\u0080-\u00ff]/.test(text)) throw new URIError('raw bytes in a form');
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new Refused(400, 'errors.bad-encoding', { cause });
  }
}

/**
 * Reads a form into `ctx.state.form`. Fields may be unknown (they are ignored) or repeated (the first counts, but for
 * `everyField`); a body that is too large, of another kind or not UTF-8 is refused.
 */
export function form({ limitBytes }: { limitBytes: number }): Middleware {
  return async (ctx, next) => {
    if (ctx.is('application/x-www-form-urlencoded') !== 'application/x-www-form-urlencoded')
      throw new Refused(415, 'errors.bad-encoding');
    const body = await readUpTo(limitBytes, ctx.req);
    if (body === undefined) throw new Refused(413, 'errors.too-large');
    const fields = createFields();
    for (const pair of body.toString('latin1').split('&')) {
      if (pair === '') continue;
      const at = pair.indexOf('=');
      const name = decode(at === -1 ? pair : pair.slice(0, at));
      const value = at === -1 ? '' : decode(pair.slice(at + 1));
      fields.add(name, value);
    }
    Object.assign(ctx.state, fields.read);
    await next();
  };
}

export interface FormState {
  form: ReadonlyMap<string, string>;
  /** Every value of each field, for boxes of one name. */
  boxes: ReadonlyMap<string, readonly string[]>;
}

/** Gathers the fields of a form, however it is encoded. */
export function createFields(): { readonly add: (name: string, value: string) => void; readonly read: FormState } {
  const first = new Map<string, string>();
  const every = new Map<string, string[]>();
  return {
    add(name, value) {
      if (!first.has(name)) first.set(name, value);
      const values = every.get(name);
      if (values === undefined) every.set(name, [value]);
      else values.push(value);
    },
    read: { form: first, boxes: every },
  };
}

/** A field of the form that was read; empty where it was not sent. */
export const field = (ctx: Context, name: string): string => (ctx.state as FormState).form.get(name) ?? '';

/** Every value of a field that stands in the form several times, as boxes to be ticked do. */
export const everyField = (ctx: Context, name: string): readonly string[] =>
  (ctx.state as FormState).boxes.get(name) ?? [];
