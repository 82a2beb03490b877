import { z } from 'zod';
import { adminScopes } from '../../domain/admin-scope.ts';
import { tokenAlgorithms, tokenFormats, type Api } from '../../domain/api.ts';
import { reservedScopes, scopes as ownScopes } from '../../domain/claims.ts';
import { PLAIN_LINE } from '../../domain/plain-line.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';

export interface ApiProblem {
  readonly field: string;
  readonly what: string;
}

const oneLine = (least: number, most: number) =>
  z
    .string()
    .trim()
    .min(least, { error: `must say it in ${least} to ${most} characters` })
    .max(most, { error: `must say it in ${least} to ${most} characters` })
    .regex(PLAIN_LINE, { error: 'must be one line of text' });

/** It is compared letter by letter and stands in every token: absolute, without a fragment (RFC 8707, 2). */
const identifier = z
  .string()
  .max(255, { error: 'must have 255 characters at most' })
  .superRefine((text, ctx) => {
    const url = URL.parse(text);
    const what =
      url === null || !['https:', 'urn:'].includes(url.protocol)
        ? 'must be an absolute URI, https: or urn:'
        : text.includes('#')
          ? 'must not hold a fragment'
          : /[^\x21-\x7e]/.test(text) || url.username !== '' || url.password !== ''
            ? 'must be written in plain characters, without a user'
            : undefined;
    if (what !== undefined) ctx.addIssue({ code: 'custom', message: what });
  });

/** A request names scopes of ours and of APIs in one list: the same word must not mean two things. */
const scopeName = z
  .string()
  .regex(/^[a-z][a-z0-9._:-]{1,63}$/, { error: 'must be 2 to 64 of a-z 0-9 . _ : - and begin with a letter' })
  .refine(
    (name) =>
      !ownScopes.includes(name) &&
      !(adminScopes as readonly string[]).includes(name) &&
      !name.startsWith('admin:') &&
      !reservedScopes.includes(name),
    { error: 'means something else here already' },
  );
const scope = z.strictObject({ name: scopeName, means: z.strictObject({ id: oneLine(5, 150), en: oneLine(5, 150) }) });

export const MOST_SCOPES = 100;
const tooMany = { error: `must be ${MOST_SCOPES} at most` };
const seconds = { error: 'must be a whole number from 60 to 3600' };

const members = {
  name: oneLine(3, 100),
  scopes: z
    .array(scope)
    .max(MOST_SCOPES, tooMany)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: 'names a scope twice' }),
  token_format: z.enum(tokenFormats),
  token_algorithm: z.enum(tokenAlgorithms),
  // A JWT cannot be taken back: it must not live long.
  token_seconds: z.int(seconds).min(60, seconds).max(3600, seconds),
};

export const apiDocument = z.strictObject({
  identifier: identifier.describe(
    'An absolute URI, https: or urn:. It is the audience of the tokens and never changes.',
  ),
  ...members,
  scopes: members.scopes.default([]),
  token_format: members.token_format.default('jwt'),
  token_algorithm: members.token_algorithm.default('ES256'),
  token_seconds: members.token_seconds.default(600),
});
/** What may be replaced later; what is not named stays. */
export const apiChanges = z.strictObject(members).partial();

export type ParsedApi = Pick<Api, 'identifier' | 'name' | 'scopes' | 'tokenFormat' | 'tokenAlgorithm' | 'tokenSeconds'>;

/** Reads what an operator says of an API. @returns every problem, not only the first. */
export function parseApi(given: unknown): Result<ParsedApi, readonly ApiProblem[]> {
  const parsed = apiDocument.safeParse(given);
  if (!parsed.success)
    return refuse(
      parsed.error.issues.map(({ path, message }) => ({
        field: path.map(String).join('.') || 'document',
        what: message,
      })),
    );
  const {
    token_format: tokenFormat,
    token_algorithm: tokenAlgorithm,
    token_seconds: tokenSeconds,
    ...rest
  } = parsed.data;
  return ok({ ...rest, tokenFormat, tokenAlgorithm, tokenSeconds });
}

/** The document that `parseApi` reads. */
export const toDocument = ({ identifier: id, name, scopes, tokenFormat, tokenAlgorithm, tokenSeconds }: ParsedApi) => ({
  identifier: id,
  name,
  scopes,
  token_format: tokenFormat,
  token_algorithm: tokenAlgorithm,
  token_seconds: tokenSeconds,
});
