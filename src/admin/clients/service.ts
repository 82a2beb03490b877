import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { Client, ClientStatus, ClientType, Listing } from '../../domain/client.ts';
import { todayIn } from '../../domain/day.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Outbound } from '../../ports/outbound/outbound.ts';
import type { Random } from '../../ports/random/random.ts';
import type { StoredLogo } from '../../store/client-logos.ts';
import type { Store } from '../../store/store.ts';
import { findBridgeDayProblems, holdBridgeDay } from './bridge-rules.ts';
import { createAddresses } from './addresses.ts';
import type { FieldProblem } from './field-problem.ts';
import { needsSecret } from './forms.ts';
import { judgeChange, judgeNew, type ProtocolCheck } from './judgement.ts';
import { holdResources } from './resource-rules.ts';
import { Abandoned, lockClient, whole, type ClientRefusal } from './refusals.ts';
import { makeSecret } from './secrets/service.ts';
import { COMMAND_LINE, effectiveVersion, isTeam, propose, recordEffect, type Hand } from './versions.ts';

export type { ClientRefusal } from './refusals.ts';

/** Who does it, as the audit log names them (`signatureOf`), and why. */
export interface Because {
  readonly by: string;
  readonly reason?: string | undefined;
}

export interface UpdateOptions {
  readonly allowNik?: boolean | undefined;
  readonly listing?: Listing | undefined;
  readonly hand?: Hand;
  /** What the editor saw: where somebody else has changed it since, nothing happens. */
  readonly seenAt?: Date | undefined;
  /** What the member `logo` names: kept with the change, or not at all. */
  readonly picture?: StoredLogo | undefined;
}

export interface CreateOptions {
  readonly hand?: Hand;
  /** A `draft` does not exist for the protocol until somebody who had no hand in it has approved it. */
  readonly status?: 'draft' | 'active';
  /** Why it is registered, for whoever decides. */
  readonly reason?: string | undefined;
}

export interface ClientWish {
  /** An RFC 7591 client metadata document, untrusted. */
  readonly document: unknown;
  readonly type?: ClientType | undefined;
  readonly allowNik?: boolean | undefined;
  /** What a document means that does not say `first_party`; without this it is somebody else's. */
  readonly firstParty?: boolean | undefined;
  readonly listing?: Listing | undefined;
  /** Of the samples alone, which have to know it again; otherwise one is made. */
  readonly secret?: Sensitive<string> | undefined;
}

export interface Registered {
  readonly client: Client;
  /** Members of the document that mean nothing here. */
  readonly ignored: readonly string[];
  /** Of addresses at which nothing could be read just now. */
  readonly warnings: readonly FieldProblem[];
  /** Made just now: it is shown this once. */
  readonly newSecret: Sensitive<string> | undefined;
}

export interface ClientService {
  /**
   * Registers all of them or none; active at once unless they are to be drafts. @returns them in the order of the
   * wishes.
   */
  create(wishes: readonly ClientWish[], options?: CreateOptions): Promise<Result<readonly Registered[], ClientRefusal>>;
  /**
   * For whoever has the machine in hand: takes effect at once, whatever it widens; everybody else goes through the
   * review. A draft stays one, with what it says changed. Replaces the members given; a member given as undefined is
   * taken away. What the client has already, the scope `nik` among it, it may keep. Where nothing changes nothing is
   * recorded.
   */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    options?: UpdateOptions,
  ): Promise<Result<Registered, ClientRefusal>>;
  /**
   * A disabled client does not exist for the protocol, within two seconds on every instance, and what it was given is
   * worth nothing when it comes back. Doing it twice changes nothing; a draft is approved instead.
   */
  setStatus(
    id: string,
    status: Exclude<ClientStatus, 'draft'>,
    because?: Because,
  ): Promise<Result<Client, ClientRefusal>>;
  find(id: string): Promise<Client | undefined>;
  list(): Promise<readonly Client[]>;
}

export interface ClientServiceDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly check: ProtocolCheck;
  readonly config: Pick<Config, 'identity' | 'limits'>;
  /** By which what stands at the addresses of clients is looked at. */
  readonly outbound: Pick<Outbound, 'readDocument' | 'judgeAddress'>;
}

const DAY_MS = 86_400_000;

const detailsOf = ({ by, reason }: Because): { by: string; reason?: string } => ({
  by,
  ...(reason === undefined ? {} : { reason }),
});

const changedFields = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((field) => !isDeepStrictEqual(before[field], after[field]))
    .sort();

/** Client applications: registering, changing and stopping them. */
export function createClientService({
  store,
  audit,
  clock,
  random,
  check,
  config,
  outbound,
}: ClientServiceDeps): ClientService {
  const addresses = createAddresses({ store, audit, outbound });
  const today = (): string => todayIn(config.identity.timeZone, clock.now());

  async function prepare(
    { document, type, allowNik, firstParty, listing, secret }: ClientWish,
    status: 'draft' | 'active',
    by: string,
  ): Promise<Result<Registered, readonly FieldProblem[]>> {
    const judged = judgeNew(check, document, { type, allowNik, firstParty }, () => random.uuid());
    if (!judged.ok) return judged;
    const { metadata, ignored } = judged.value;
    const late = [...findBridgeDayProblems(today(), undefined, metadata)];
    if (late.length > 0) return refuse(late);
    const { problems, warnings } = (await addresses.look(metadata, by)) ?? { problems: [], warnings: [] };
    if (problems.length > 0) return refuse(problems);
    // A draft needs it too: the service is tried out before it is approved.
    const newSecret = needsSecret(metadata) ? (secret ?? makeSecret(random)) : undefined;
    const now = clock.now();
    return ok({
      client: {
        id: metadata.client_id,
        status,
        type: judged.value.type,
        metadata,
        secrets: [],
        listing,
        createdAt: now,
        updatedAt: now,
      },
      ignored,
      warnings,
      newSecret,
    });
  }

  /**
   * A draft costs nobody's look until it is decided, so one person could fill tables and lists. A team has as many as
   * its token says.
   */
  async function holdDrafts(tx: Store, { by, involved }: Hand, more: number, at: Date): Promise<void> {
    if (isTeam(by)) return;
    const drafts = await tx.clientVersions.countDrafts(involved, new Date(at.getTime() - DAY_MS));
    if (drafts + more > config.limits.clientDrafts) throw new Abandoned({ reason: 'drafts-many', id: by });
  }

  return {
    async create(wishes, { hand = COMMAND_LINE, status = 'active', reason } = {}) {
      const prepared: Registered[] = [];
      const problems: FieldProblem[] = [];
      for (const [index, result] of (
        await Promise.all(wishes.map((wish) => prepare(wish, status, hand.by)))
      ).entries()) {
        if (result.ok) prepared.push(result.value);
        else
          problems.push(
            ...result.refusal.map(({ field, what }) => ({
              field: wishes.length === 1 ? field : `${index}.${field}`,
              what,
            })),
          );
      }
      if (problems.length > 0) return refuse({ reason: 'client-metadata', problems });
      return whole(store, async (tx) => {
        const at = clock.now();
        const made: Registered[] = [];
        if (status === 'draft') await holdDrafts(tx, hand, prepared.length, at);
        for (const { client, newSecret, ...told } of prepared) {
          await holdResources(tx, client.metadata);
          if (!(await tx.clients.insert(client))) throw new Abandoned({ reason: 'client-id-taken', id: client.id });
          if (newSecret !== undefined)
            await tx.clientSecrets.insert(client.id, {
              number: 1,
              secret: newSecret,
              createdBy: hand.by,
              createdAt: at,
              expiresAt: undefined,
            });
          await audit.record(tx, 'client.created', { type: client.type, by: hand.by }, { clientId: client.id });
          if (status === 'active') await recordEffect(tx, client, { ...client, reason }, { ...hand, at });
          else {
            const { number, widens } = await propose(tx, client, undefined, { ...client, reason }, { ...hand, at });
            await audit.record(
              tx,
              'client.proposed',
              { version: number, fields: widens, by: hand.by },
              { clientId: client.id },
            );
          }
          made.push({ client: await lockClient(tx, client.id), newSecret, ...told });
        }
        return made;
      });
    },

    update: (id, changes, { allowNik, listing, hand = COMMAND_LINE, seenAt, picture } = {}) =>
      addresses.whole(hand.by, async (tx, holdAddresses) => {
        const before = await lockClient(tx, id);
        if (seenAt !== undefined && before.updatedAt.getTime() !== seenAt.getTime())
          throw new Abandoned({ reason: 'client-changed', id });
        const { metadata, ignored } = judgeChange(check, before, before, changes, allowNik);
        holdBridgeDay(today(), before.metadata, metadata);
        await holdResources(tx, metadata);
        const warnings = holdAddresses(before.metadata, metadata);
        if (picture !== undefined) await tx.clientLogos.put(picture, clock.now());
        const newSecret = needsSecret(metadata) && before.secrets.length === 0 ? makeSecret(random) : undefined;
        const wanted = { metadata, listing: listing ?? before.listing };
        const fields = changedFields(
          { ...before.metadata, listing: before.listing },
          { ...metadata, listing: wanted.listing },
        );
        if (fields.length === 0) return { client: before, ignored, warnings, newSecret: undefined };
        const at = clock.now();
        const base = await effectiveVersion(tx, before);
        await tx.clients.update(id, { metadata, ...(listing === undefined ? {} : { listing }) }, at);
        if (newSecret !== undefined)
          await tx.clientSecrets.insert(id, {
            number: 1,
            secret: newSecret,
            createdBy: hand.by,
            createdAt: at,
            expiresAt: undefined,
          });
        if (before.status === 'draft') await propose(tx, before, undefined, wanted, { ...hand, at });
        else await recordEffect(tx, { ...before, updatedAt: at }, wanted, { ...hand, base, at });
        await audit.record(tx, 'client.updated', { fields, by: hand.by }, { clientId: id });
        return { client: await lockClient(tx, id), ignored, warnings, newSecret };
      }),

    setStatus: (id, status, because = COMMAND_LINE) =>
      whole(store, async (tx) => {
        const client = await lockClient(tx, id);
        if (client.status === 'draft') throw new Abandoned({ reason: 'client-draft', id });
        if (client.status === status) return client;
        await tx.clients.update(id, { status, endTokens: status === 'disabled' }, clock.now());
        await audit.record(tx, status === 'active' ? 'client.enabled' : 'client.disabled', detailsOf(because), {
          clientId: id,
        });
        return lockClient(tx, id);
      }),

    find: (id) => store.clients.find(id),
    list: () => store.clients.list(),
  };
}
