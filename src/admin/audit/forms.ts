import { beginningOf, daysLater, isDay } from '../../domain/day.ts';
import { refuse, ok, type Result } from '../../domain/result.ts';
import type { AuditFilter } from '../../store/audit-search.ts';

/** What can be asked for, as it stands in the address. */
export const filterFields = ['type', 'account', 'client', 'by', 'help', 'from', 'to'] as const;
export type FilterField = (typeof filterFields)[number];
export type TypedFilter = Readonly<Record<FilterField, string>>;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PLAIN = /^[\x21-\x7e]{1,100}$/;

const rules: Readonly<Record<FilterField, RegExp | ((text: string) => boolean)>> = {
  type: PLAIN,
  account: UUID,
  client: PLAIN,
  by: PLAIN,
  help: PLAIN,
  from: isDay,
  to: isDay,
};

/** Reads a filter; what is empty filters nothing. @returns the fields at fault otherwise. */
export function parseFilter(typed: TypedFilter, timeZone: string): Result<AuditFilter, readonly FilterField[]> {
  const wrong = filterFields.filter((name) => {
    const rule = rules[name];
    return typed[name] !== '' && !(rule instanceof RegExp ? rule.test(typed[name]) : rule(typed[name]));
  });
  if (wrong.length > 0) return refuse(wrong);
  const given = (text: string): string | undefined => (text === '' ? undefined : text);
  return ok({
    type: given(typed.type),
    accountId: given(typed.account)?.toLowerCase(),
    clientId: given(typed.client),
    // The id alone means the operator; machines and the command line are named as the log names them.
    by: UUID.test(typed.by) ? `operator:${typed.by.toLowerCase()}` : given(typed.by),
    helpCode: given(typed.help)?.toUpperCase(),
    from: typed.from === '' ? undefined : beginningOf(typed.from, timeZone),
    until: typed.to === '' ? undefined : beginningOf(daysLater(typed.to, 1), timeZone),
  });
}

/** The same filter as part of an address, without what is empty. */
export const toQuery = (typed: TypedFilter, more: Readonly<Record<string, string>> = {}): string =>
  new URLSearchParams([
    ...filterFields.filter((name) => typed[name] !== '').map((name): [string, string] => [name, typed[name]]),
    ...Object.entries(more),
  ]).toString();
