import type Provider from 'oidc-provider';
import type { Client } from 'oidc-provider';
import { readKeySet, type KeySetFault } from '../domain/key-set.ts';
import { readSectorList, type SectorListFault } from '../domain/sector-list.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { OutboundFault, ReadDocument } from '../ports/outbound/document.ts';

/** Keys of a service are good for so long after they were fetched, whatever its server says. */
export const LONGEST_SECONDS = 300;
/** An address that has just failed is not called again by each request that needs it. */
export const FAILURE_MS = 10_000;
const MOST_FAILURES = 1000;

/** Members of a registration at whose address the protocol reads something. */
export type PublishedMember = 'jwks_uri' | 'sector_identifier_uri';
type Reason = OutboundFault | KeySetFault | SectorListFault;

/** What a service publishes could not be had, or is not what it should be. */
export class NotPublished extends Error {
  readonly member: PublishedMember;
  readonly reason: Reason;

  constructor(member: PublishedMember, reason: Reason) {
    super(`what the service publishes could not be used: ${member} ${reason}`);
    this.member = member;
    this.reason = reason;
  }
}

/** What was not to be had, and why, if that was the reason of an error of the protocol. */
export function findNotPublished(error: unknown): NotPublished | undefined {
  for (let one = error; one instanceof Error; one = one.cause) if (one instanceof NotPublished) return one;
  return undefined;
}

const READERS = { jwks_uri: readKeySet, sector_identifier_uri: readSectorList } as const;

export interface KeptShortlyDeps {
  readonly read: ReadDocument;
  readonly clock: Clock;
}

export interface KeptShortly {
  readonly fetch: typeof globalThis.fetch;
  /** The library asks it right before it fetches the list of a sector. */
  readonly sectorIdentifierUriValidate: (client: Client) => true;
}

/** A clock that was set back makes nothing last for as long as it was wrong. */
const isYounger = (ageMs: number, ms: number): boolean => ageMs >= 0 && ageMs < ms;

/**
 * The fetch by which the protocol gets what services publish. The library remembers an answer that it could not use as
 * if it were keys, and says of whatever comes then that its signature is wrong; so only a key set gets through to it,
 * and anything else is an error each time. It keeps keys for as long as the answer says, which here is not for long.
 */
export function keptShortly({ read, clock }: KeptShortlyDeps): KeptShortly {
  const failures = new Map<string, { readonly at: number; readonly reason: Reason }>();
  /** Of which the next fetch wants a list: it comes before anything else can run, so that no keys are taken for one. */
  const lists = new Set<string>();

  function fail(key: string, member: PublishedMember, reason: Reason): never {
    if (failures.size >= MOST_FAILURES) failures.clear();
    failures.set(key, { at: clock.now().getTime(), reason });
    throw new NotPublished(member, reason);
  }

  return {
    sectorIdentifierUriValidate({ sectorIdentifierUri = '' }) {
      lists.add(new URL(sectorIdentifierUri).href);
      return true;
    },

    async fetch(input, init) {
      // It answers with what stands at an address; whoever wants to send something wants another.
      if ((init?.method ?? 'GET') !== 'GET') throw new TypeError('documents of services are read, and nothing is sent');
      const address = input instanceof Request ? input.url : String(input);
      const member = lists.delete(address) ? 'sector_identifier_uri' : 'jwks_uri';
      const key = `${member} ${address}`;
      const failed = failures.get(key);
      if (failed !== undefined && isYounger(clock.now().getTime() - failed.at, FAILURE_MS))
        throw new NotPublished(member, failed.reason);
      const found = await read(address, { signal: init?.signal ?? undefined });
      if (!found.ok) return fail(key, member, found.refusal);
      const { text, headers } = found.value;
      const document = READERS[member](text);
      if (!document.ok) return fail(key, member, document.refusal);
      failures.delete(key);
      const said = /max-age=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1];
      return new Response(text, {
        headers: {
          'content-type': 'application/json',
          ...(said === undefined ? {} : { 'cache-control': `max-age=${Math.min(Number(said), LONGEST_SECONDS)}` }),
        },
      });
    },
  };
}

/** The library's own, of which its types say nothing. */
interface KeyStore {
  freshUntil?: number;
  clear(): void;
  selectForVerify(wanted: object): readonly object[];
}

/**
 * The library fetches keys anew where a signature does not fit those that it has. One that fits it takes, however long
 * ago that key was fetched: what a service took out of its document, because it leaked, would be good until somebody
 * came with another.
 */
export function forgetOldKeys(provider: Provider, clock: Clock): void {
  const seen = new WeakSet<Client>();
  const find = provider.Client.find.bind(provider.Client);

  function guard(client: Client): void {
    seen.add(client);
    const keys = (client as unknown as { asymmetricKeyStore: KeyStore }).asymmetricKeyStore;
    const clear = keys.clear.bind(keys);
    const select = keys.selectForVerify.bind(keys);
    let fetchedAt = clock.now();
    // Called where new ones take the place of the old ones.
    keys.clear = () => {
      fetchedAt = clock.now();
      clear();
    };
    keys.selectForVerify = (wanted) => {
      if (isYounger(clock.now().getTime() - fetchedAt.getTime(), LONGEST_SECONDS * 1000)) return select(wanted);
      keys.freshUntil = 0;
      return [];
    };
  }

  provider.Client.find = async (id) => {
    const client = await find(id);
    if (client?.jwksUri !== undefined && !seen.has(client)) guard(client);
    return client;
  };
}
