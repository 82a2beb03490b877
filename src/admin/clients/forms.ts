import { z } from 'zod';
import { scopes } from '../../domain/claims.ts';
import { clientTypes, PORTAL_CLIENT_ID, type ClientMetadata, type ClientType } from '../../domain/client.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { findRedirectUriProblem, findWebUriProblem } from './uris.ts';

/** A field of the document by its RFC 7591 name, and what is wrong with it. */
export interface FieldProblem {
  readonly field: string;
  readonly what: string;
}

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
}

/** What a service may ask for when its registration says nothing: never the NIK. */
const DEFAULT_SCOPE = 'openid profile email phone';
const SECRET_METHODS: readonly string[] = ['client_secret_basic', 'client_secret_post'];

/** Set by whoever registers; nothing in a document can choose them. */
const OURS = new Set(['client_id_issued_at', 'client_secret_expires_at', 'registration_access_token', 'registration_client_uri', 'status']);

const line = z.string().trim().min(1).max(100).regex(/^\P{Cc}*$/u, { error: 'must be one line of text' });
const uris = z.array(z.string()).max(100);
const webUri = z.string().superRefine((text, ctx) => {
  const problem = findWebUriProblem(text);
  if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem });
});
const signingAlg = z.enum(['ES256', 'RS256']);

const fields = {
  client_id: z.string().regex(/^[A-Za-z0-9._~-]{3,64}$/, { error: 'must be 3 to 64 of A-Z a-z 0-9 . _ ~ -' }).refine((id) => id !== PORTAL_CLIENT_ID, { error: 'is the portal’s own' }).optional(),
  client_name: line,
  client_secret: z.undefined({ error: 'is made here and cannot be given' }).optional(),
  application_type: z.enum(['web', 'native']).optional(),
  redirect_uris: uris.default([]),
  post_logout_redirect_uris: uris.default([]),
  grant_types: z.array(z.enum(['authorization_code', 'refresh_token', 'client_credentials'])).min(1).optional(),
  response_types: z.array(z.literal('code', { error: 'may only hold "code"' })).optional(),
  token_endpoint_auth_method: z.enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']).optional(),
  scope: z.string().trim().min(1).optional(),
  id_token_signed_response_alg: signingAlg.default('ES256'),
  introspection_signed_response_alg: signingAlg.optional(),
  jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) }).optional(),
  jwks_uri: webUri.optional(),
  client_uri: webUri.optional(),
  logo_uri: webUri.optional(),
  policy_uri: webUri.optional(),
  tos_uri: webUri.optional(),
  initiate_login_uri: webUri.optional(),
  backchannel_logout_uri: webUri.refine((text) => !text.includes('#'), { error: 'must not hold a fragment' }).optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  contacts: z.array(z.email()).max(20).optional(),
  default_max_age: z.int().min(0).optional(),
  default_acr_values: z.array(z.string()).optional(),
  require_auth_time: z.boolean().optional(),
  subject_type: z.literal('public').optional(),
  allow_nik: z.boolean().default(false),
  type: z.enum(clientTypes).optional(),
};
const document = z.object(fields);
type Document = z.infer<typeof document>;

/** What the document describes when nobody says: the least that fits. */
function deriveType({ type, application_type, grant_types = [], token_endpoint_auth_method }: Document): ClientType {
  if (type !== undefined) return type;
  if (grant_types.includes('client_credentials') && !grant_types.includes('authorization_code')) return 'machine';
  if (application_type === 'native') return 'native';
  return token_endpoint_auth_method === 'none' ? 'spa' : 'web';
}

interface Completed {
  readonly application_type: 'web' | 'native';
  readonly grant_types: readonly string[];
  readonly response_types: readonly string[];
  readonly token_endpoint_auth_method: string;
}

/** Written out when a client is registered, so that a later default changes nobody's registration. */
function complete(type: ClientType, given: Document): Completed {
  const machine = type === 'machine';
  return {
    application_type: given.application_type ?? (type === 'native' ? 'native' : 'web'),
    grant_types: given.grant_types ?? [machine ? 'client_credentials' : 'authorization_code'],
    response_types: given.response_types ?? (machine ? [] : ['code']),
    token_endpoint_auth_method: given.token_endpoint_auth_method ?? (type === 'web' || machine ? 'client_secret_basic' : 'none'),
  };
}

function* findProblems(type: ClientType, given: Document, completed: Completed, mayAskForNik: boolean): Generator<FieldProblem> {
  const confidential = type === 'web' || type === 'machine';
  const { grant_types: grants, token_endpoint_auth_method: method } = completed;

  if (given.type !== undefined && given.type !== type) yield { field: 'type', what: `must be ${type}` };
  if (completed.application_type !== (type === 'native' ? 'native' : 'web')) yield { field: 'application_type', what: `does not go with a client of type ${type}` };
  if (confidential && method === 'none') yield { field: 'token_endpoint_auth_method', what: `must not be none: a client of type ${type} keeps a secret` };
  if (!confidential && method !== 'none') yield { field: 'token_endpoint_auth_method', what: `must be none: a client of type ${type} cannot keep a secret` };
  if (method === 'private_key_jwt' && (given.jwks === undefined) === (given.jwks_uri === undefined)) yield { field: 'jwks', what: 'private_key_jwt needs either jwks or jwks_uri' };

  if (type === 'machine') {
    for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const) if (given[field].length > 0) yield { field, what: 'must be empty: nobody is sent to a machine' };
    if (grants.some((grant) => grant !== 'client_credentials')) yield { field: 'grant_types', what: 'may only hold client_credentials for a machine' };
    if (completed.response_types.length > 0) yield { field: 'response_types', what: 'must be empty for a machine' };
  } else {
    if (given.redirect_uris.length === 0) yield { field: 'redirect_uris', what: 'must hold at least one address' };
    if (!grants.includes('authorization_code')) yield { field: 'grant_types', what: 'must hold authorization_code' };
    if (!confidential && grants.includes('client_credentials')) yield { field: 'grant_types', what: `must not hold client_credentials: a client of type ${type} cannot keep a secret` };
    if (completed.response_types.length === 0) yield { field: 'response_types', what: 'must hold "code"' };
    for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const) {
      for (const [index, uri] of given[field].entries()) {
        const what = findRedirectUriProblem(uri, type);
        if (what !== undefined) yield { field: `${field}.${index}`, what };
      }
    }
  }

  const asked = given.scope?.split(/\s+/) ?? [];
  const unknown = asked.filter((scope) => !scopes.includes(scope));
  if (unknown.length > 0) yield { field: 'scope', what: `does not exist: ${unknown.join(', ')} (there are ${scopes.join(', ')})` };
  if (asked.length > 0 && type !== 'machine' && !asked.includes('openid')) yield { field: 'scope', what: 'must hold openid' };
  if (asked.includes('nik') && !mayAskForNik) yield { field: 'scope', what: 'nik needs a legal basis and is granted only on purpose: --allow-nik, or "allow_nik": true' };
}

/**
 * Reads one RFC 7591 client metadata document, completes it and holds it to the rules of its type.
 * @returns every problem, not only the first.
 */
export function parseClientMetadata(given: unknown, { type: wanted, allowNik = false }: ParseOptions = {}): Result<ParsedClient, readonly FieldProblem[]> {
  const parsed = document.safeParse(given);
  if (!parsed.success) {
    return refuse(parsed.error.issues.map(({ path, message, code }) => ({ field: path.map(String).join('.') || 'document', what: code === 'invalid_type' && path.length === 0 ? 'must be a JSON object' : message })));
  }
  const { allow_nik, type: _type, client_secret: _secret, scope, ...rest } = parsed.data;
  const type = wanted ?? deriveType(parsed.data);
  const completed = complete(type, parsed.data);
  const problems = [...findProblems(type, parsed.data, completed, allowNik || allow_nik)];
  if (problems.length > 0) return refuse(problems);
  const granted = scope === undefined ? (type === 'machine' ? undefined : DEFAULT_SCOPE) : [...new Set(scope.split(/\s+/))].join(' ');
  const metadata = Object.fromEntries(Object.entries({ ...rest, ...completed, scope: granted }).filter(([, value]) => value !== undefined)) as ParsedClient['metadata'];
  const ignored = Object.keys(given as object).filter((name) => !(name in fields) && !OURS.has(name));
  return ok({ type, metadata, ignored });
}

/** Whether the client proves itself by a secret that we make. */
export const needsSecret = ({ token_endpoint_auth_method: method }: Pick<ClientMetadata, 'token_endpoint_auth_method'>): boolean => method !== undefined && SECRET_METHODS.includes(method);
