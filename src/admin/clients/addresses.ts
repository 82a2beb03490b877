import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../../audit/log.ts';
import type { ClientMetadata } from '../../domain/client.ts';
import { isMeant } from '../../domain/key-set.ts';
import { refuse, type Result } from '../../domain/result.ts';
import type { Outbound } from '../../ports/outbound/outbound.ts';
import type { Store } from '../../store/store.ts';
import {
  addressMembers,
  addressRules,
  countKeys,
  judgeAddress,
  type AddressesJudged,
  type AddressMember,
  type Seen,
} from './address-rules.ts';
import type { FieldProblem } from './field-problem.ts';
import { Abandoned, whole, type ClientRefusal } from './refusals.ts';

/** As long as the protocol itself waits: who answers later has no keys at `/token` either. */
const PATIENCE_MS = 2500;

interface Place {
  readonly member: AddressMember;
  readonly address: string;
}
const keyOf = ({ member, address }: Place): string => `${member} ${address}`;

/** Where something has to be looked at: another address, or other things that what stands there must be good for. */
function placesOf(
  before: ClientMetadata | undefined,
  after: ClientMetadata,
  members: readonly AddressMember[] = addressMembers,
): readonly Place[] {
  return members.flatMap((member) => {
    const address = after[member];
    const isConcerned =
      before === undefined ||
      addressRules[member].concerns.some((name) => !isDeepStrictEqual(before[name], after[name]));
    return typeof address === 'string' && isConcerned ? [{ member, address }] : [];
  });
}

function judge(seen: readonly (readonly [Place, Seen])[], metadata: ClientMetadata, by: string): AddressesJudged {
  const found = seen.map(([{ member }, one]) => judgeAddress(member, one, metadata, by));
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
    looked: seen.map(([{ member }]) => member),
    keys: seen.map(([{ member }, one]) => countKeys(member, one)).find((count) => count !== undefined),
  };
}

/**
 * In a transaction that has to know what stands at some addresses: they are looked at outside, and the work begins
 * anew.
 */
class NotLookedAt extends Error {
  readonly places: readonly Place[];
  readonly metadata: ClientMetadata;

  constructor(places: readonly Place[], metadata: ClientMetadata) {
    super('nobody has looked at the addresses yet');
    this.places = places;
    this.metadata = metadata;
  }
}

/** @throws {Abandoned} where what stands at an address will not do. @returns what whoever saves should know. */
export type HoldAddresses = (before: ClientMetadata | undefined, after: ClientMetadata) => readonly FieldProblem[];

export interface Addresses {
  /**
   * Looks at what stands at the addresses of a client, and judges it; undefined where there is none to look at.
   * @param by  who wants to know, as the audit log names them.
   * @param before  with it, nothing is looked at of which nothing is different.
   * @param members  those that are looked at; else all.
   */
  look(
    metadata: ClientMetadata,
    by: string,
    before?: ClientMetadata,
    members?: readonly AddressMember[],
  ): Promise<AddressesJudged | undefined>;
  /**
   * One transaction, in which new or changed addresses are held to the rules. Nothing is fetched while it holds locks:
   * it begins again when that is done.
   */
  whole<T>(by: string, work: (tx: Store, hold: HoldAddresses) => Promise<T>): Promise<Result<T, ClientRefusal>>;
}

export interface AddressesDeps {
  readonly store: Store;
  readonly audit: Pick<Audit, 'recordOnce'>;
  readonly outbound: Pick<Outbound, 'readDocument' | 'judgeAddress'>;
}

export function createAddresses({ store, audit, outbound }: AddressesDeps): Addresses {
  async function look({ member, address }: Place): Promise<Seen> {
    const { read } = addressRules[member];
    const options = { signal: AbortSignal.timeout(PATIENCE_MS) };
    if (read === undefined) return outbound.judgeAddress(address, options);
    const found = await outbound.readDocument(address, options);
    return found.ok ? read(found.value.text) : refuse(found.refusal);
  }

  /** Somebody who has us call into the inner network, say, should be seen doing so. */
  async function tell(
    { member, address }: Place,
    seen: Seen,
    { client_id: clientId }: ClientMetadata,
    by: string,
  ): Promise<void> {
    if (seen.ok || !isMeant(seen.refusal)) return;
    const reason = seen.refusal;
    if (member === 'jwks_uri')
      await audit.recordOnce(store, [by, address, reason], 'client.keys-refused', { reason, by }, { clientId });
    else
      await audit.recordOnce(
        store,
        [by, member, address, reason],
        'client.address-refused',
        { member, reason, by },
        { clientId },
      );
  }

  const see = (
    places: readonly Place[],
    metadata: ClientMetadata,
    by: string,
  ): Promise<readonly (readonly [Place, Seen])[]> =>
    Promise.all(
      places.map(async (place) => {
        const seen = await look(place);
        await tell(place, seen, metadata, by);
        return [place, seen] as const;
      }),
    );

  return {
    async look(metadata, by, before, members) {
      const places = placesOf(before, metadata, members);
      return places.length === 0 ? undefined : judge(await see(places, metadata, by), metadata, by);
    },

    async whole(by, work) {
      const seen = new Map<string, Seen>();
      const hold: HoldAddresses = (before, after) => {
        const places = placesOf(before, after);
        const known = places.flatMap((place) => {
          const one = seen.get(keyOf(place));
          return one === undefined ? [] : [[place, one] as const];
        });
        if (known.length < places.length)
          throw new NotLookedAt(
            places.filter((place) => !seen.has(keyOf(place))),
            after,
          );
        const { problems, warnings } = judge(known, after, by);
        if (problems.length > 0) throw new Abandoned({ reason: 'client-metadata', problems });
        return warnings;
      };
      for (;;) {
        try {
          return await whole(store, (tx) => work(tx, hold));
        } catch (error) {
          if (!(error instanceof NotLookedAt)) throw error;
          for (const [place, one] of await see(error.places, error.metadata, by)) seen.set(keyOf(place), one);
        }
      }
    },
  };
}
