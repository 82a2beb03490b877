import { isIP } from 'node:net';
import type { ClientMetadata } from '../../domain/client.ts';
import { readKeySet, type Jwk, type KeySetFault } from '../../domain/key-set.ts';
import type { Result } from '../../domain/result.ts';
import { readSectorList, type SectorListFault } from '../../domain/sector-list.ts';
import type { OutboundFault } from '../../ports/outbound/document.ts';
import type { FieldProblem } from './field-problem.ts';
import { findKeyProblems, findUnfitKeys, KEY_MEMBERS } from './key-rules.ts';
import { isTeam } from './versions.ts';

/** Members of a registration whose address we call: to read there, or to tell that somebody signed out. */
export const addressMembers = [
  'jwks_uri',
  'sector_identifier_uri',
  'backchannel_logout_uri',
  'test_backchannel_logout_uri',
] as const;
export type AddressMember = (typeof addressMembers)[number];

export type AddressFault = OutboundFault | KeySetFault | SectorListFault;
/**
 * What stands at an address, as its member reads it, or why nothing could be read there; undefined where nothing is to
 * be read.
 */
export type Seen = Result<unknown, AddressFault>;

export interface AddressesJudged {
  /** For which the registration is refused. */
  readonly problems: readonly FieldProblem[];
  /** What may be over in a minute: told to whoever saves it and to whoever reviews it. */
  readonly warnings: readonly FieldProblem[];
  readonly looked: readonly AddressMember[];
  /** How many keys there are, where they were looked at and could be read. */
  readonly keys: number | undefined;
}

interface AddressRule {
  /** Members with which the judgement changes. */
  readonly concerns: readonly string[];
  /** Without it nothing is fetched: it is only asked where the name leads. */
  readonly read?: (text: string) => Seen;
  readonly find: (document: unknown, metadata: ClientMetadata) => Iterable<string>;
  readonly wrong: Readonly<Partial<Record<AddressFault, string>>>;
}

const ENDLESS = 'does not come to the end of its answer in time';
const NO_KEY_SET = 'holds no key set: it has to be JSON with the member "keys"';
const NO_LIST = 'holds no list: it has to be a JSON array of addresses';
const INSIDE = 'leads into a private network: give a public address, or have this one allowed (OUTBOUND_ALLOW)';

function* findKeysWrong(keys: readonly Jwk[], metadata: ClientMetadata): Generator<string> {
  if (keys.length === 0) {
    yield 'holds no key';
    return;
  }
  for (const { field, what } of findKeyProblems(keys)) yield `key ${Number(field.split('.').at(-1)) + 1} ${what}`;
  yield* findUnfitKeys(keys, metadata);
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** As the protocol asks of the list each time it comes upon the client (OpenID Connect Core, 8.1; Registration, 5). */
function* findListWrong(
  list: readonly string[],
  {
    redirect_uris: homes = [],
    response_types: responses = ['code'],
    grant_types: grants = [],
    jwks_uri: keys,
  }: ClientMetadata,
): Generator<string> {
  const missing = responses.length === 0 ? [] : homes.filter((uri) => !list.includes(uri));
  if (missing.length > 0)
    yield `does not list ${missing.join(' ')}: every redirect URI has to stand there, to the letter`;
  if (grants.includes(DEVICE_GRANT) && (keys === undefined || !list.includes(keys)))
    yield 'does not list the jwks_uri, which the device grant needs';
}

const logoutRule = (member: AddressMember): AddressRule => ({
  concerns: [member],
  find: () => [],
  wrong: { 'address-refused': INSIDE },
});

export const addressRules: Readonly<Record<AddressMember, AddressRule>> = {
  jwks_uri: {
    concerns: KEY_MEMBERS,
    read: readKeySet,
    find: (keys, metadata) => findKeysWrong(keys as readonly Jwk[], metadata),
    wrong: {
      'address-refused':
        'leads into a private network: publish the keys at a public address, or have this one allowed (OUTBOUND_ALLOW)',
      redirect: 'redirects, and redirects are not followed: give the address where the keys are',
      'too-large': 'answers with more than 256 KB, which no key set needs',
      unfinished: ENDLESS,
      'not-json': NO_KEY_SET,
      'not-a-key-set': NO_KEY_SET,
      'private-key':
        'holds a private key: whoever has seen it can pose as the service. Make a new pair, and publish the public half alone',
      'unreadable-key': 'holds a key of which a part is missing',
    },
  },
  sector_identifier_uri: {
    concerns: ['sector_identifier_uri', 'redirect_uris', 'response_types', 'grant_types', 'jwks_uri'],
    read: readSectorList,
    find: (list, metadata) => findListWrong(list as readonly string[], metadata),
    wrong: {
      'address-refused': INSIDE,
      redirect: 'redirects, and redirects are not followed: give the address where the list is',
      'too-large': 'answers with more than 256 KB, which no list needs',
      unfinished: ENDLESS,
      'not-json': NO_LIST,
      'not-a-list': NO_LIST,
    },
  },
  backchannel_logout_uri: logoutRule('backchannel_logout_uri'),
  test_backchannel_logout_uri: logoutRule('test_backchannel_logout_uri'),
};

const AWAY: Readonly<Partial<Record<AddressFault, string>>> = {
  'no-name': 'cannot be reached now: its name is not known',
  certificate: 'cannot be reached now: its certificate is not accepted',
  timeout: 'cannot be reached now: no answer in time',
};
const away = (fault: AddressFault): string =>
  AWAY[fault] ??
  (fault.startsWith('http-')
    ? `cannot be read now: it answers with status ${fault.slice('http-'.length)}`
    : 'cannot be reached now: nobody answers');

/**
 * All that a team learns: the address may lead into a network that only we reach, and whoever may ask what answers
 * there can search it.
 */
export const UNREAD =
  'could not be read: it has to be a public address that answers 200 with the document itself, within two seconds, without a redirect, by a certificate that is accepted';
export const UNCALLED = 'cannot be called: it has to be a public address whose name is known';
/** What only those know who have read something that was meant as the document. */
const OF_CONTENT: readonly AddressFault[] = ['private-key', 'unreadable-key'];

/** An address of a host by its number: nobody is asked for it. */
const isNumber = (uri: unknown): boolean =>
  isIP(URL.parse(String(uri))?.hostname.replaceAll(/^\[|\]$/g, '') ?? '') !== 0;

type Found = Pick<AddressesJudged, 'problems' | 'warnings'>;

/**
 * What is wrong with what stands at an address, against what the registration says. @param by who asks: a team learns
 * less than an operator.
 */
export function judgeAddress(member: AddressMember, seen: Seen, metadata: ClientMetadata, by: string): Found {
  const { find, read, wrong } = addressRules[member];
  const at = (what: string): FieldProblem => ({ field: member, what });
  if (seen.ok) return { problems: [...find(seen.value, metadata)].map(at), warnings: [] };
  const fault = seen.refusal;
  // Where a number leads anybody can read; that a name leads inside is known inside alone, and nobody finds it out by
  // being refused where a name that does not exist is taken. Whoever reviews it is told, and cannot approve it.
  if (isTeam(by) && !OF_CONTENT.includes(fault)) {
    const told = [at(read === undefined ? UNCALLED : UNREAD)];
    return fault === 'address-refused' && isNumber(metadata[member])
      ? { problems: told, warnings: [] }
      : { problems: [], warnings: told };
  }
  const what = wrong[fault];
  return what === undefined ? { problems: [], warnings: [at(away(fault))] } : { problems: [at(what)], warnings: [] };
}

export const countKeys = (member: AddressMember, seen: Seen): number | undefined =>
  member === 'jwks_uri' && seen.ok ? (seen.value as readonly Jwk[]).length : undefined;
