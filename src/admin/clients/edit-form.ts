import { scopes } from '../../domain/claims.ts';
import type { ClientMetadata, ClientType, Listing } from '../../domain/client.ts';
import type { ClientDescription } from '../../domain/client-change.ts';
import { legalBases, personalScopes } from '../../domain/sharing.ts';

/**
 * The fields of the console's form: what matters first, then what few clients need. They bear the names of RFC 7591;
 * what a client has besides them an edit leaves as it is.
 */
export type Kind = 'line' | 'lines' | 'choice' | 'check' | 'number' | 'scopes';
export interface EditField {
  readonly name: string;
  readonly kind: Kind;
  readonly options?: readonly string[];
}

const line = (name: string): EditField => ({ name, kind: 'line' });
const lines = (name: string): EditField => ({ name, kind: 'lines' });
const choice = (name: string, options: readonly string[]): EditField => ({
  name,
  kind: 'choice',
  options: ['', ...options],
});
const check = (name: string): EditField => ({ name, kind: 'check' });

export const firstFields: readonly EditField[] = [
  line('client_name'),
  lines('redirect_uris'),
  lines('test_redirect_uris'),
  { name: 'scope', kind: 'scopes' },
  check('first_party'),
  lines('contacts'),
  line('client_uri'),
];
export const furtherFields: readonly EditField[] = [
  lines('post_logout_redirect_uris'),
  line('backchannel_logout_uri'),
  lines('test_post_logout_redirect_uris'),
  line('test_backchannel_logout_uri'),
  line('initiate_login_uri'),
  line('logo_uri'),
  line('policy_uri'),
  line('tos_uri'),
  choice('token_endpoint_auth_method', ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']),
  line('jwks_uri'),
  check('refresh'),
  choice('id_token_signed_response_alg', ['ES256', 'RS256', 'EdDSA']),
  choice('subject_type', ['public', 'pairwise']),
  line('sector_identifier_uri'),
  { name: 'default_max_age', kind: 'number' },
  choice('security_profile', ['fapi2']),
  check('require_pushed_authorization_requests'),
  check('require_signed_request_object'),
  check('dpop_bound_access_tokens'),
  line('pkce_waived_because'),
  lines('resources'),
  lines('may_introspect'),
  line('bridge_until'),
  check('bridge_state'),
  line('listing_url'),
  line('listing_id'),
  line('listing_en'),
];
/** The boxes that can be ticked; what else a registration asks for is no matter of the form. */
export const offeredScopes = scopes;
/** What each of them is wanted for, in both languages, and on which basis. */
export const usedScopes: readonly string[] = personalScopes;
export const useFields = (scope: string): readonly EditField[] => [
  line(`use_${scope}_id`),
  line(`use_${scope}_en`),
  choice(`use_${scope}_basis`, legalBases),
];
const allUseFields = usedScopes.flatMap(useFields);
export const editFields: readonly EditField[] = [...firstFields, ...furtherFields, ...allUseFields];

/** Fields of the form that are no members of the document by themselves. */
const OURS = new Set([
  'refresh',
  'resources',
  'bridge_until',
  'bridge_state',
  'listing_url',
  'listing_id',
  'listing_en',
  ...allUseFields.map(({ name }) => name),
]);
/** What a form says by an empty mark, and what a document need not say at all. */
export type Values = Readonly<Record<string, string>>;

export const emptyValues: Values = {
  ...Object.fromEntries(editFields.map(({ name }) => [name, ''])),
  scope: 'openid profile',
};

const inField = (value: unknown): string => {
  if (Array.isArray(value)) return value.join('\n');
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : value === true ? 'yes' : '';
};

/** What stands in the form when a client is edited. */
export function valuesOf({ metadata, listing }: ClientDescription): Values {
  return {
    ...Object.fromEntries(editFields.map(({ name }) => [name, inField(metadata[name])])),
    refresh: metadata.grant_types?.includes('refresh_token') === true ? 'yes' : '',
    ...Object.fromEntries(
      Object.entries(metadata.data_use ?? {}).flatMap(([scope, use]) => [
        [`use_${scope}_id`, use?.purpose.id ?? ''],
        [`use_${scope}_en`, use?.purpose.en ?? ''],
        [`use_${scope}_basis`, use?.legal_basis ?? ''],
      ]),
    ),
    resources: Object.entries(metadata.resources ?? {})
      .map(([api, scopes = []]) => [api, ...scopes].join(' '))
      .join('\n'),
    bridge_until: metadata.bridge?.until ?? '',
    bridge_state: metadata.bridge?.state_required === true ? 'yes' : '',
    listing_url: listing?.url ?? '',
    listing_id: listing?.id ?? '',
    listing_en: listing?.en ?? '',
  };
}

export const scopesIn = ({ scope = '' }: Values): readonly string[] => scope.split(/\s+/).filter((one) => one !== '');

const linesOf = (text: string): readonly string[] =>
  text
    .split(/[\r\n]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '');

function toMember({ name, kind }: EditField, values: Values): unknown {
  const text = (values[name] ?? '').trim();
  if (kind === 'lines') {
    const all = linesOf(text);
    return all.length === 0 ? undefined : all;
  }
  if (text === '') return undefined;
  if (kind === 'check') return true;
  return kind === 'number' && /^\d{1,9}$/.test(text) ? Number(text) : text;
}

/**
 * What is filled in only in part is kept as it is: the rules say what is missing. Of what is not asked for nothing is
 * said.
 */
function toDataUse(values: Values): Record<string, unknown> | undefined {
  const asked = scopesIn(values);
  const uses = usedScopes
    .filter((scope) => asked.includes(scope))
    .flatMap((scope) => {
      const [id, en, basis] = useFields(scope).map(({ name }) => (values[name] ?? '').trim());
      return [id, en, basis].every((text) => text === '')
        ? []
        : [[scope, { purpose: { id, en }, legal_basis: basis }] as const];
    });
  return uses.length === 0 ? undefined : Object.fromEntries(uses);
}

/** An API on each line, behind it the scopes of it that the application may ask for. */
function toResources({ resources = '' }: Values): Record<string, readonly string[]> | undefined {
  const all = linesOf(resources)
    .map((one) => one.split(/\s+/))
    .map(([api = '', ...scopes]) => [api, scopes] as const);
  return all.length === 0 ? undefined : Object.fromEntries(all);
}

function toBridge({ bridge_until: until = '', bridge_state: state = '' }: Values): Record<string, unknown> | undefined {
  if (until.trim() === '' && state !== 'yes') return undefined;
  return { until: until.trim(), ...(state === 'yes' ? { state_required: true } : {}) };
}

/** The members of an RFC 7591 document that the form decides; undefined where it leaves one out. */
export function toDocument(values: Values, type: ClientType, before?: ClientMetadata): Record<string, unknown> {
  const members = Object.fromEntries(
    editFields.filter(({ name }) => !OURS.has(name)).map((field) => [field.name, toMember(field, values)]),
  );
  // Nothing ticked is a mistake, and not the silence for which a document gets the usual scopes.
  const asked = scopesIn(values).join(' ');
  members.scope = asked === '' && type === 'machine' ? undefined : asked;
  members.data_use = toDataUse(values);
  members.resources = toResources(values);
  members.bridge = toBridge(values);
  if (type === 'machine') return members;
  const grants = (before?.grant_types ?? ['authorization_code']).filter((grant) => grant !== 'refresh_token');
  // Said in so many words: a service of somebody else asks people, and nobody becomes one of the house by silence.
  const sharing = values.first_party === 'yes' ? { first_party: true } : { first_party: false, notice_page: undefined };
  return { ...members, ...sharing, grant_types: values.refresh === 'yes' ? [...grants, 'refresh_token'] : grants };
}

/** What the portal says of the service, where all of it is given. */
export const listingOf = ({
  listing_url: url = '',
  listing_id: id = '',
  listing_en: en = '',
}: Values): Listing | undefined => (url.trim() === '' ? undefined : { url: url.trim(), id: id.trim(), en: en.trim() });
