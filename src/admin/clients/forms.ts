import type { ClientMetadata, ClientType } from '../../domain/client.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { FieldProblem } from './field-problem.ts';
import { DEVICE_GRANT, document, fields, type Document } from './metadata-fields.ts';
import { complete, findProblems } from './metadata-rules.ts';

export type { FieldProblem } from './field-problem.ts';

export interface ParsedClient {
  readonly type: ClientType;
  /** Complete, but for `client_id` where the document names none. */
  readonly metadata: Omit<ClientMetadata, 'client_id'> & { readonly client_id?: string };
  /** Members that mean nothing here and are left out (RFC 7591, 2). */
  readonly ignored: readonly string[];
}

export interface ParseOptions {
  /** Decides what the rules are; without it the document tells. */
  readonly type?: ClientType | undefined;
  /** The operator grants the scope `nik` on purpose. */
  readonly allowNik?: boolean | undefined;
  /** What a document means that does not say `first_party`. */
  readonly firstParty?: boolean | undefined;
}

/** What a service may ask for when its registration says nothing: never the NIK. */
const DEFAULT_SCOPE = 'openid profile email phone';
const SECRET_METHODS: readonly string[] = ['client_secret_basic', 'client_secret_post'];

/** Set by whoever registers; nothing in a document can choose them. */
const OURS = new Set([
  'client_id_issued_at',
  'client_secret_expires_at',
  'registration_access_token',
  'registration_client_uri',
  'status',
]);

/** What the document describes when nobody says: the least that fits. */
function deriveType({ type, application_type, grant_types = [], token_endpoint_auth_method }: Document): ClientType {
  if (type !== undefined) return type;
  if (grant_types.includes('client_credentials') && !grant_types.includes('authorization_code')) return 'machine';
  if (application_type === 'native' || grant_types.includes(DEVICE_GRANT)) return 'native';
  return token_endpoint_auth_method === 'none' ? 'spa' : 'web';
}

const memberOf = (field: string): string => field.split('.')[0] ?? field;
/** One may stand for the other: where one is wrong, nothing is known of both. */
const KEYS = ['jwks', 'jwks_uri'];

/**
 * What is wrong between the members that are good by themselves, so that nobody mends one mistake to hear of the next.
 */
function findFurtherProblems(
  given: unknown,
  { type: wanted, allowNik = false, firstParty }: ParseOptions,
  bad: ReadonlySet<string>,
): readonly FieldProblem[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return [];
  const rest = document.safeParse({
    client_name: '-',
    ...Object.fromEntries(Object.entries(given).filter(([name]) => !bad.has(name))),
  });
  if (!rest.success) return [];
  const type = wanted ?? deriveType(rest.data);
  const knowsNoKeys = KEYS.some((name) => bad.has(name));
  return [
    ...findProblems(type, rest.data, complete(type, rest.data, { firstParty }), allowNik || rest.data.allow_nik),
  ].filter(({ field, what }) => !bad.has(memberOf(field)) && !(knowsNoKeys && /keys|jwks/.test(what)));
}

/**
 * Reads one RFC 7591 client metadata document, completes it and holds it to the rules of its type.
 * @returns every problem, not only the first.
 */
export function parseClientMetadata(
  given: unknown,
  options: ParseOptions = {},
): Result<ParsedClient, readonly FieldProblem[]> {
  const { type: wanted, allowNik = false, firstParty } = options;
  const parsed = document.safeParse(given);
  if (!parsed.success) {
    const found = parsed.error.issues.map(({ path, message, code }) => ({
      field: path.map(String).join('.') || 'document',
      what: code === 'invalid_type' && path.length === 0 ? 'must be a JSON object' : message,
    }));
    return refuse([
      ...found,
      ...findFurtherProblems(given, options, new Set(found.map(({ field }) => memberOf(field)))),
    ]);
  }
  const { allow_nik, type: _type, client_secret: _secret, scope, ...rest } = parsed.data;
  const type = wanted ?? deriveType(parsed.data);
  const completed = complete(type, parsed.data, { firstParty });
  const problems = [...findProblems(type, parsed.data, completed, allowNik || allow_nik)];
  if (problems.length > 0) return refuse(problems);
  const granted =
    scope === undefined ? (type === 'machine' ? undefined : DEFAULT_SCOPE) : [...new Set(scope.split(/\s+/))].join(' ');
  const metadata = Object.fromEntries(
    Object.entries({ ...rest, ...completed, scope: granted }).filter(([, value]) => value !== undefined),
  ) as ParsedClient['metadata'];
  const ignored = Object.keys(given as object).filter((name) => !(name in fields) && !OURS.has(name));
  return ok({ type, metadata, ignored });
}

/** Whether the client proves itself by a secret that we make. */
export const needsSecret = ({
  token_endpoint_auth_method: method,
}: Pick<ClientMetadata, 'token_endpoint_auth_method'>): boolean =>
  method !== undefined && SECRET_METHODS.includes(method);
