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

export const parseSensitive = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown) => (typeof value === 'object' && value !== null && MARK in value ? sensitive((value as Record<string, unknown>)[MARK]) : value));
