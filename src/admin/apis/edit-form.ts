import { MOST_SCOPES, toDocument, type ParsedApi } from './forms.ts';

/** One scope as it is typed; a row that is empty is none. */
export interface ScopeRow {
  readonly name: string;
  readonly id: string;
  readonly en: string;
}

export interface Values {
  readonly identifier: string;
  readonly name: string;
  readonly token_format: string;
  readonly token_algorithm: string;
  readonly token_seconds: string;
  readonly reason: string;
  readonly scopes: readonly ScopeRow[];
}

export const emptyValues: Values = {
  identifier: '',
  name: '',
  token_format: 'jwt',
  token_algorithm: 'ES256',
  token_seconds: '600',
  reason: '',
  scopes: [],
};

/** What stands in the form when an API is changed. */
export function valuesOf(api: ParsedApi): Values {
  const { scopes, token_seconds: seconds, ...rest } = toDocument(api);
  return {
    ...rest,
    token_seconds: String(seconds),
    reason: '',
    scopes: scopes.map(({ name, means }) => ({ name, ...means })),
  };
}

const LONGEST = 1000;

/** @param typed  a field of the form, empty where it was not sent. */
export function readValues(typed: (name: string) => string): Values {
  const read = (name: string): string => typed(name).slice(0, LONGEST).trim();
  const rows = Array.from({ length: MOST_SCOPES }, (_, at): ScopeRow => ({
    name: read(`scope_${at}_name`),
    id: read(`scope_${at}_id`),
    en: read(`scope_${at}_en`),
  }));
  return {
    identifier: read('identifier'),
    name: read('name'),
    token_format: read('token_format'),
    token_algorithm: read('token_algorithm'),
    token_seconds: read('token_seconds'),
    reason: typed('reason').slice(0, LONGEST),
    scopes: rows.filter((row) => Object.values(row).some((text) => text !== '')),
  };
}

/** The document that the form means. */
export const documentOf = ({
  identifier,
  name,
  scopes,
  token_format,
  token_algorithm,
  token_seconds: seconds,
}: Values): Record<string, unknown> => ({
  identifier,
  name,
  scopes: scopes.map(({ name: scope, id, en }) => ({ name: scope, means: { id, en } })),
  token_format,
  token_algorithm,
  token_seconds: /^\d{1,5}$/.test(seconds) ? Number(seconds) : seconds,
});
