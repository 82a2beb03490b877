import { isDeepStrictEqual } from 'node:util';
import type { ClientMetadata, Listing } from './client.ts';
import { endsSooner, keysOf } from './client-key.ts';

/** What a registration says, of the service itself and of its place on the portal. */
export interface ClientDescription {
  readonly metadata: ClientMetadata;
  readonly listing?: Listing | undefined;
}

export interface MemberChange {
  /** The name of the member, as the form and the documents have it. */
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
  /**
   * Gives the service, or whoever pretends to be it, something it did not have: a second operator looks at it first.
   */
  readonly widens: boolean;
}

type Members = Readonly<Record<string, unknown>>;
type Rule = (before: unknown, after: unknown, all: { readonly before: Members; readonly after: Members }) => boolean;

const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isAddedTo = (before: readonly unknown[], after: readonly unknown[]): boolean =>
  after.some((one) => !before.some((other) => isDeepStrictEqual(one, other)));
const wordsOf = (value: unknown): readonly string[] =>
  typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : [];

const never: Rule = () => false;
/** A list: taking something away narrows. */
const added: Rule = (before, after) => isAddedTo(items(before), items(after));
/** A list that confines; where there is none, anything goes. */
const loosened: Rule = (before, after) =>
  before !== undefined && (after === undefined || isAddedTo(items(before), items(after)));
/** Something extra that one can do without: taking it away narrows, whatever else becomes of it widens. */
const unlessRemoved: Rule = (_before, after) => after !== undefined;
/** A defence: putting it up narrows, taking it down widens. */
const unlessRaised: Rule = (_before, after) => after !== true;

/** Each purpose is approved word for word; one goes unseen only where its scope goes as well. */
const dataUse: Rule = (before, after, all) => {
  const [had, has] = [before, after].map((value) => (value ?? {}) as Members) as [Members, Members];
  const asked = wordsOf(all.after.scope);
  return (
    Object.entries(has).some(([scope, use]) => !isDeepStrictEqual(use, had[scope])) ||
    Object.keys(had).some((scope) => !(scope in has) && asked.includes(scope))
  );
};

/**
 * Members whose change may be harmless. What does not stand here widens, whatever becomes of it: also what nobody has
 * thought of yet.
 */
const rules: Readonly<Record<string, Rule>> = {
  redirect_uris: added,
  post_logout_redirect_uris: added,
  grant_types: added,
  response_types: added,
  response_modes: loosened,
  scope: (before, after) => isAddedTo(wordsOf(before), wordsOf(after)),
  // A key that was lost must go at once, or end sooner; a new one could be anybody's.
  jwks: (before, after) =>
    keysOf(after).some(
      (key) => !keysOf(before).some((other) => isDeepStrictEqual(other, key) || endsSooner(other, key)),
    ),
  jwks_uri: unlessRemoved,
  client_uri: unlessRemoved,
  // What people take for the service itself.
  logo: unlessRemoved,
  logo_uri: unlessRemoved,
  policy_uri: unlessRemoved,
  tos_uri: unlessRemoved,
  initiate_login_uri: unlessRemoved,
  pkce_waived_because: unlessRemoved,
  require_pushed_authorization_requests: unlessRaised,
  require_signed_request_object: unlessRaised,
  dpop_bound_access_tokens: unlessRaised,
  require_auth_time: unlessRaised,
  security_profile: (before) => before !== undefined,
  // Without a number a sign-in may be of any age.
  default_max_age: (before, after) => !(typeof after === 'number' && (before === undefined || after < Number(before))),
  // People are asked rather than told, or told on a page rather than in a list.
  first_party: (_before, after) => after === true,
  notice_page: unlessRaised,
  data_use: dataUse,
  may_introspect: added,
  // More APIs, or more scopes of one: what is taken away narrows.
  resources: (before, after) => {
    const had = (before ?? {}) as Members;
    return Object.entries((after ?? {}) as Members).some(
      ([identifier, scopes]) => !Object.hasOwn(had, identifier) || isAddedTo(items(had[identifier]), items(scopes)),
    );
  },
  bridge: unlessRemoved,
  contacts: never,
  // The sandbox alone sends anybody there, and knows invented people only.
  test_redirect_uris: never,
  test_post_logout_redirect_uris: never,
  test_backchannel_logout_uri: never,
  // What the portal of the ministry says of a service, people believe.
  listing_id: unlessRemoved,
  listing_en: unlessRemoved,
  listing_url: unlessRemoved,
};

/** What a member says where it is left out. */
const absent: Readonly<Record<string, unknown>> = {
  application_type: 'web',
  ...Object.fromEntries(
    [
      'first_party',
      'notice_page',
      'require_pushed_authorization_requests',
      'require_signed_request_object',
      'dpop_bound_access_tokens',
      'require_auth_time',
      'backchannel_logout_session_required',
    ].map((name) => [name, false]),
  ),
  id_token_signed_response_alg: 'ES256',
  token_endpoint_auth_method: 'client_secret_basic',
};

const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && Object.keys(value).length === 0);
const meaningOf = (name: string, value: unknown): unknown => (isNothing(value) ? absent[name] : value);

export const membersOf = ({ metadata, listing }: ClientDescription): Members => ({
  ...metadata,
  ...(listing === undefined ? {} : { listing_url: listing.url, listing_id: listing.id, listing_en: listing.en }),
});

/**
 * Every member that says something else afterwards, those that widen first.
 * @param before  undefined for a service that nobody has approved yet: all of it is new.
 */
export function changesBetween(
  before: ClientDescription | undefined,
  after: ClientDescription,
): readonly MemberChange[] {
  const all = { before: before === undefined ? {} : membersOf(before), after: membersOf(after) };
  return [...new Set([...Object.keys(all.before), ...Object.keys(all.after)])]
    .map((name) => ({
      name,
      before: before === undefined ? undefined : meaningOf(name, all.before[name]),
      after: meaningOf(name, all.after[name]),
    }))
    .filter((change) => !isDeepStrictEqual(change.before, change.after))
    .map((change) => ({
      ...change,
      widens: before === undefined || (rules[change.name] ?? (() => true))(change.before, change.after, all),
    }))
    .sort((a, b) => Number(b.widens) - Number(a.widens));
}

/** The names of the members that need a second operator. */
export const widens = (before: ClientDescription | undefined, after: ClientDescription): readonly string[] =>
  changesBetween(before, after)
    .filter((change) => change.widens)
    .map(({ name }) => name);

/** What the sandbox shows to work hangs on these. */
const SIGN_IN_MEMBERS = [
  'grant_types',
  'response_modes',
  'token_endpoint_auth_method',
  'security_profile',
  'id_token_signed_response_alg',
  'require_pushed_authorization_requests',
  'dpop_bound_access_tokens',
];

/** Whether a sign-in works differently afterwards, wherever people are sent. */
export const changesSignIn = (before: ClientDescription, after: ClientDescription): boolean =>
  changesBetween(before, after).some(({ name }) => SIGN_IN_MEMBERS.includes(name));

/**
 * Whether the integration check has to be passed first: people are sent to the service in a way that was not tried
 * before.
 */
export function needsCheck(before: ClientDescription | undefined, after: ClientDescription): boolean {
  if (after.metadata.grant_types?.includes('authorization_code') !== true) return false;
  return changesBetween(before, after).some(
    (change) => SIGN_IN_MEMBERS.includes(change.name) || (change.name === 'redirect_uris' && change.widens),
  );
}

/** How a proposal stands with the integration check; where it is missing, nobody approves. */
export const checkStandings = ['needless', 'passed', 'waived', 'missing'] as const;
export function checkStandingOf(
  before: ClientDescription | undefined,
  proposed: ClientDescription & { readonly waiver?: unknown },
  hasPassed: boolean,
): (typeof checkStandings)[number] {
  if (!needsCheck(before, proposed)) return 'needless';
  if (hasPassed) return 'passed';
  return proposed.waiver === undefined ? 'missing' : 'waived';
}

/** A proposal on top of what has taken effect since it was made: only what it meant to change is changed. */
export const rebase = (
  base: ClientDescription,
  proposed: ClientDescription,
  current: ClientDescription,
): ClientDescription =>
  withMembers(
    current,
    changesBetween(base, proposed).map(({ name }) => name),
    proposed,
  );

/** What is in effect, but for these members, which say what the proposal says. */
export function withMembers(
  current: ClientDescription,
  names: readonly string[],
  proposed: ClientDescription,
): ClientDescription {
  const moved = Object.entries({
    ...current.metadata,
    ...Object.fromEntries(names.map((name) => [name, proposed.metadata[name]])),
  }).filter(([, value]) => value !== undefined);
  return {
    metadata: Object.fromEntries(moved) as unknown as ClientMetadata,
    listing: names.some((name) => name.startsWith('listing_')) ? proposed.listing : current.listing,
  };
}
