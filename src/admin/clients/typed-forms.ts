import type { Context } from 'koa';
import type { ClientType } from '../../domain/client.ts';
import { parseReason } from '../../domain/operator.ts';
import { everyField, field } from '../../web/form.ts';
import { say, type FieldError, type Sentence } from '../../web/screen.ts';
import { editFields, listingOf, type Values } from './edit-form.ts';
import { explain, explainRefusal, labelOf, toErrors } from './explain.ts';
import { parseClientMetadata, type ParsedClient } from './forms.ts';
import { listing as listingFields } from './metadata-fields.ts';
import { isPrivileged } from './privileged.ts';
import type { ClientRefusal } from './refusals.ts';

const LONGEST = 5000;
/** Fields at which something can be told. */
export const FIELDS = new Set([...editFields.map(({ name }) => name), 'type']);

/** What is wrong with a form that was to be saved. */
export interface Saved {
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
  /** Beside fields that are good enough. */
  readonly warnings?: readonly FieldError[];
}

/** As it was typed. */
export const typedIn = (ctx: Context): Values => ({
  ...Object.fromEntries(
    [...editFields.map(({ name }) => name), 'why'].map((name) => [name, field(ctx, name).slice(0, LONGEST)]),
  ),
  // A box for each; whoever fills in the form by a program may as well send them as one.
  scope: everyField(ctx, 'scope').join(' ').slice(0, LONGEST),
});

/** What the service has refused, told at the fields of the form. */
export const refusalOf = (refusal: ClientRefusal): Saved =>
  refusal.reason === 'client-metadata'
    ? toErrors(refusal.problems, FIELDS)
    : { errors: [], problem: explainRefusal(refusal) };

function findListingErrors(values: Values): FieldError[] {
  const listing = listingOf(values);
  if (listing === undefined) return [];
  const parsed = listingFields.safeParse(listing);
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => ({
        field: `listing_${String(path[0])}`,
        sentence: explain(message),
      }));
}

/** Every mistake at once: of the members, between them, and of what is the form's own. */
export function judge(
  document: Record<string, unknown>,
  type: ClientType,
  values: Values,
  before: unknown,
): {
  readonly metadata: ParsedClient['metadata'] | undefined;
  readonly found: Saved;
  readonly faults: readonly { readonly field: string }[];
  readonly reason: string | undefined;
} {
  // Whoever reviews it judges the legal basis; the form only asks that it is there.
  const parsed = parseClientMetadata(document, { type, allowNik: true });
  const { errors, problem } = parsed.ok ? { errors: [], problem: undefined } : toErrors(parsed.refusal, FIELDS);
  const reason = parseReason(values.why ?? '');
  const ours = [
    ...findListingErrors(values),
    ...(isPrivileged(document.scope, before)
      ? [{ field: 'scope', sentence: say('admin.clients.problem.privileged') }]
      : []),
    ...((values.why ?? '') === '' || reason.ok
      ? []
      : [{ field: 'why', sentence: say(`admin.reason.refusal.${reason.refusal}`) }]),
  ];
  return {
    metadata: parsed.ok && ours.length === 0 ? parsed.value.metadata : undefined,
    found: { errors: [...errors, ...ours.map((one) => ({ ...one, label: labelOf(one.field) }))], problem },
    faults: [...(parsed.ok ? [] : parsed.refusal), ...ours.filter((one) => one.field !== 'why')],
    reason: reason.ok ? reason.value : undefined,
  };
}
