import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../../audit/log.ts';
import type { ClientMetadata } from '../../domain/client.ts';
import { isMeant, readKeySet, type Jwk, type KeySetFault } from '../../domain/key-set.ts';
import { refuse, type Result } from '../../domain/result.ts';
import type { OutboundFault } from '../../ports/outbound/document.ts';
import type { Outbound } from '../../ports/outbound/outbound.ts';
import type { Store } from '../../store/store.ts';
import type { FieldProblem } from './field-problem.ts';
import { findKeyProblems, findUnfitKeys, KEY_MEMBERS } from './key-rules.ts';
import { Abandoned, whole, type ClientRefusal } from './refusals.ts';
import { isTeam } from './versions.ts';

/** What stands at a `jwks_uri`, or why nothing could be read there. */
export type Published = Result<readonly Jwk[], KeySetFault | OutboundFault>;

export interface KeysJudged {
  /** For which the registration is refused. */
  readonly problems: readonly FieldProblem[];
  /** What may be over in a minute: told to whoever saves it and to whoever reviews it. */
  readonly warnings: readonly FieldProblem[];
  readonly count: number;
}

/** As long as the protocol itself waits: who answers later has no keys at `/token` either. */
const PATIENCE_MS = 2500;

const WRONG: Readonly<Partial<Record<KeySetFault | OutboundFault, string>>> = {
  'address-refused': 'leads into a private network: publish the keys at a public address, or have this one allowed (OUTBOUND_ALLOW)',
  redirect: 'redirects, and redirects are not followed: give the address where the keys are',
  'too-large': 'answers with more than 256 KB, which no key set needs',
  unfinished: 'does not come to the end of its answer in time',
  'not-json': 'holds no key set: it has to be JSON with the member "keys"',
  'not-a-key-set': 'holds no key set: it has to be JSON with the member "keys"',
  'private-key': 'holds a private key: whoever has seen it can pose as the service. Make a new pair, and publish the public half alone',
  'unreadable-key': 'holds a key of which a part is missing',
};
const AWAY: Readonly<Partial<Record<OutboundFault, string>>> = {
  'no-name': 'cannot be reached now: its name is not known',
  certificate: 'cannot be reached now: its certificate is not accepted',
  timeout: 'cannot be reached now: no answer in time',
};
const away = (fault: KeySetFault | OutboundFault): string => AWAY[fault as OutboundFault] ?? (fault.startsWith('http-') ? `cannot be read now: it answers with status ${fault.slice('http-'.length)}` : 'cannot be reached now: nobody answers');

/** All that a team learns: the address may lead into a network that only we reach, and whoever may ask what answers there can search it. */
export const UNREAD = 'could not be read: it has to be a public address that answers 200 with the document itself, within two seconds, without a redirect, by a certificate that is accepted';
const HIDDEN: readonly (KeySetFault | OutboundFault)[] = ['redirect', 'too-large', 'unfinished', 'not-json', 'not-a-key-set'];

/** What is wrong with what a service publishes, against what its registration says. @param by  who asks: a team learns less than an operator. */
export function judgePublished(published: Published, metadata: ClientMetadata, by: string): KeysJudged {
  const at = (what: string): FieldProblem => ({ field: 'jwks_uri', what });
  if (!published.ok && isTeam(by)) {
    // Nobody is called there, so that a refusal tells nothing of who would answer.
    if (published.refusal === 'address-refused') return { problems: [at(UNREAD)], warnings: [], count: 0 };
    if (HIDDEN.includes(published.refusal) || WRONG[published.refusal] === undefined) return { problems: [], warnings: [at(UNREAD)], count: 0 };
  }
  if (!published.ok) {
    const wrong = WRONG[published.refusal];
    return { problems: wrong === undefined ? [] : [at(wrong)], warnings: wrong === undefined ? [at(away(published.refusal))] : [], count: 0 };
  }
  const keys = published.value;
  if (keys.length === 0) return { problems: [at('holds no key')], warnings: [], count: 0 };
  const ofKeys = [...findKeyProblems(keys)].map(({ field, what }) => at(`key ${Number(field.split('.').at(-1)) + 1} ${what}`));
  return { problems: [...ofKeys, ...[...findUnfitKeys(keys, metadata)].map(at)], warnings: [], count: keys.length };
}

/** Whether keys have to be looked at: another address, or other things that they must be good for. */
const concernsKeys = (before: ClientMetadata | undefined, after: ClientMetadata): boolean => KEY_MEMBERS.some((name) => !isDeepStrictEqual(before?.[name], after[name]));

/** In a transaction that has to know what stands at an address: it is looked at outside, and the work begins anew. */
class NotLookedAt extends Error {
  readonly address: string;

  constructor(address: string) {
    super('nobody has looked at the keys yet');
    this.address = address;
  }
}

/** @throws {Abandoned} where the keys will not do. @returns what whoever saves should know. */
export type HoldKeys = (before: ClientMetadata | undefined, after: ClientMetadata) => readonly FieldProblem[];

export interface PublishedKeys {
  /**
   * Fetches and judges what stands at the client's `jwks_uri`; undefined where it has none.
   * @param by  who wants to know, as the audit log names them.
   * @param before  with it, nothing is fetched where nothing that concerns keys is different.
   */
  look(metadata: ClientMetadata, by: string, before?: ClientMetadata): Promise<KeysJudged | undefined>;
  /** One transaction, in which new or changed keys are held to the rules. Nothing is fetched while it holds locks: it begins again when that is done. */
  whole<T>(by: string, work: (tx: Store, hold: HoldKeys) => Promise<T>): Promise<Result<T, ClientRefusal>>;
}

export interface PublishedKeysDeps {
  readonly store: Store;
  readonly audit: Pick<Audit, 'recordOnce'>;
  readonly outbound: Pick<Outbound, 'readDocument'>;
}

export function createPublishedKeys({ store, audit, outbound }: PublishedKeysDeps): PublishedKeys {
  async function read(address: string): Promise<Published> {
    const found = await outbound.readDocument(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return found.ok ? readKeySet(found.value.text) : refuse(found.refusal);
  }

  /** Somebody who has us call into the inner network, say, should be seen doing so. */
  async function tell(published: Published, { client_id: clientId, jwks_uri: address = '' }: ClientMetadata, by: string): Promise<void> {
    if (!published.ok && isMeant(published.refusal)) await audit.recordOnce(store, [by, address, published.refusal], 'client.keys-refused', { reason: published.refusal, by }, { clientId });
  }

  return {
    async look(metadata, by, before) {
      if (metadata.jwks_uri === undefined || (before !== undefined && !concernsKeys(before, metadata))) return undefined;
      const published = await read(metadata.jwks_uri);
      await tell(published, metadata, by);
      return judgePublished(published, metadata, by);
    },

    async whole(by, work) {
      const seen = new Map<string, Published>();
      let wanted: ClientMetadata | undefined;
      const hold: HoldKeys = (before, after) => {
        const { jwks_uri: address } = after;
        if (address === undefined || !concernsKeys(before, after)) return [];
        wanted = after;
        const published = seen.get(address);
        if (published === undefined) throw new NotLookedAt(address);
        const { problems, warnings } = judgePublished(published, after, by);
        if (problems.length > 0) throw new Abandoned({ reason: 'client-metadata', problems });
        return warnings;
      };
      for (;;) {
        try {
          return await whole(store, (tx) => work(tx, hold));
        } catch (error) {
          if (!(error instanceof NotLookedAt) || wanted === undefined) throw error;
          const published = await read(error.address);
          seen.set(error.address, published);
          await tell(published, wanted, by);
        }
      }
    },
  };
}
