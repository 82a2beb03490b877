import { Sensitive, sensitive } from '../domain/sensitive.ts';

const MARK = '$sensitive';

/**
 * JSON for state that is sealed right after: the one place where `Sensitive` values are written out on purpose.
 * Reading restores them as `Sensitive`.
 */
export function stringifySensitive(state: object): string {
  return JSON.stringify(state, function (this: Record<string, unknown>, key, value: unknown) {
    const original = this[key]; // `value` has been through toJSON, which redacts
    return original instanceof Sensitive ? { [MARK]: original.reveal() as unknown } : value;
  });
}

/** By a walk, for a reviver of `JSON.parse` is asked about each number and text as well. */
function restore(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (MARK in value) return sensitive(value[MARK]);
  const node = value as Record<string, unknown>;
  for (const key of Object.keys(node)) node[key] = restore(node[key]);
  return node;
}

export const parseSensitive = (text: string): unknown => restore(JSON.parse(text));
