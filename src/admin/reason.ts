import type { Context } from 'koa';
import { parseReason, type Reason } from '../domain/operator.ts';
import { field } from '../web/form.ts';
import { say, type FieldError } from '../web/screen.ts';

/** The field of a page with several reasons on it: one for each thing that can be done. */
const reasonField = (action: string): string => `${action}-reason`;

/** Why the operator does it, from the form of that action. */
export function readReason(
  ctx: Context,
  action: string,
): { readonly typed: string; readonly reason: Reason | undefined; readonly errors: readonly FieldError[] } {
  const typed = field(ctx, 'reason').slice(0, 1000);
  const parsed = parseReason(typed);
  if (parsed.ok) return { typed, reason: parsed.value, errors: [] };
  return {
    typed,
    reason: undefined,
    errors: [{ field: reasonField(action), sentence: say(`admin.reason.refusal.${parsed.refusal}`) }],
  };
}
