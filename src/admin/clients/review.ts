import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import { changesBetween, changesSignIn, needsCheck, type ClientDescription } from '../../domain/client-change.ts';
import type { Client, ClientMetadata, ClientVersion, Listing } from '../../domain/client.ts';
import { todayIn } from '../../domain/day.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Outbound } from '../../ports/outbound/outbound.ts';
import type { StoredLogo } from '../../store/client-logos.ts';
import type { Store } from '../../store/store.ts';
import { createAddresses, type Addresses, type HoldAddresses } from './addresses.ts';
import { holdBridgeDay } from './bridge-rules.ts';
import { judgeChange, type ProtocolCheck } from './judgement.ts';
import { isPrivileged, PRIVILEGED } from './privileged.ts';
import { Abandoned, lockClient, whole, type ClientRefusal } from './refusals.ts';
import { holdResources } from './resource-rules.ts';
import type { ClientService, ClientWish, Registered } from './service.ts';
import { createSettling, type Outcome } from './settling.ts';
import { COMMAND_LINE, effectiveVersion, openOnTop, type Hand, type Written } from './versions.ts';

/** Which proposal somebody has read: what was changed since, they have not. */
export interface Position {
  readonly number: number;
  readonly edition: number;
}

export interface Saved {
  readonly client: Client;
  readonly ignored: readonly string[];
  readonly warnings: Registered['warnings'];
  readonly outcome: Outcome;
}

export interface SaveOptions {
  readonly hand: Hand;
  /** Null takes the service off the portal. */
  readonly listing?: Listing | null | undefined;
  readonly allowNik?: boolean | undefined;
  /** What the editor saw, see `seenOf`: where it is another by now, nothing happens. */
  readonly seen?: string | undefined;
  readonly reason?: string | undefined;
  /** What the member `logo` names: kept with the change, or not at all. */
  readonly picture?: StoredLogo | undefined;
}

export interface ClientReview {
  /** A draft, with its proposal. */
  register(
    wish: ClientWish,
    options: { readonly hand: Hand; readonly reason?: string | undefined },
  ): Promise<Result<Registered, ClientRefusal>>;
  /**
   * Changes members as `ClientService.update` does, on top of the open proposal where there is one. What widens nothing
   * takes effect at once, also below a proposal that goes on waiting; what widens becomes the one proposal of the
   * client. What others proposed is changed only by who has `seen` it. A proposal that lost nothing but its base is
   * renewed by saving it as it is.
   */
  save(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    options: SaveOptions,
  ): Promise<Result<Saved, ClientRefusal>>;
  /** The proposal takes effect. Nobody approves what they had a hand in. */
  approve(
    id: string,
    read: Position,
    by: { readonly hand: Hand; readonly note?: string | undefined },
  ): Promise<Result<Client, ClientRefusal>>;
  reject(
    id: string,
    read: Position,
    by: { readonly hand: Hand; readonly note: string },
  ): Promise<Result<Client, ClientRefusal>>;
  withdraw(id: string, read: Position, hand: Hand): Promise<Result<Client, ClientRefusal>>;
  /** Lets this edition of the proposal pass without the integration check. */
  waive(
    id: string,
    read: Position,
    by: { readonly hand: Hand; readonly reason: string },
  ): Promise<Result<Client, ClientRefusal>>;
  /**
   * Whether the service has shown that it works with what is proposed, as the sandbox tries it. What was tried before
   * does too for a proposal which only sends people to another address.
   */
  hasPassed(client: Client, open: ClientVersion): Promise<boolean>;
  lookAtAddresses: Addresses['look'];
  /** Brings back what the client said before, the same way as a change that somebody types. */
  returnTo(
    id: string,
    number: number,
    by: { readonly hand: Hand; readonly reason: string },
  ): Promise<Result<Saved, ClientRefusal>>;
}

export interface ClientReviewDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly clients: Pick<ClientService, 'create'>;
  readonly check: ProtocolCheck;
  readonly config: Pick<Config, 'identity'>;
  readonly outbound: Pick<Outbound, 'readDocument' | 'judgeAddress'>;
  /** Whether the service has shown that it works with these settings of sign-in. */
  readonly hasPassedCheck: (clientId: string, metadata: ClientMetadata) => Promise<boolean>;
}

/** Names what an editor sees: the client's row and the edition of its proposal. */
export const seenOf = (
  { updatedAt, version }: Pick<Client, 'updatedAt' | 'version'>,
  open: Position | undefined,
): string =>
  [updatedAt.toISOString(), version ?? 0, open === undefined ? '-' : `${open.number}.${open.edition}`].join('/');

/** Registrations on their way past a second pair of eyes. */
export function createClientReview({
  store,
  audit,
  clock,
  clients,
  check,
  config,
  outbound,
  hasPassedCheck,
}: ClientReviewDeps): ClientReview {
  const addresses = createAddresses({ store, audit, outbound });
  const privileged = (): Abandoned =>
    new Abandoned({ reason: 'client-metadata', problems: [{ field: 'scope', what: PRIVILEGED }] });

  const { close, settle } = createSettling({ audit, clock, check });

  async function getOpen(
    tx: Store,
    id: string,
    read: Position,
  ): Promise<{ readonly client: Client; readonly open: ClientVersion }> {
    const client = await lockClient(tx, id);
    const open = await tx.clientVersions.findOpen(id);
    if (open?.number !== read.number || open.edition !== read.edition)
      throw new Abandoned({ reason: 'proposal-changed', id });
    return { client, open };
  }

  /**
   * What somebody else proposed is not undone by whoever has not seen it: a registration that is written as a whole,
   * say, which knows what is in effect and nothing of the proposal. Of a draft there is nothing in effect: it is itself
   * what everybody is shown.
   */
  function holdProposalOfOthers(
    client: Client,
    open: ClientVersion,
    onTop: ClientDescription,
    wanted: Written,
    hand: Hand,
  ): void {
    if (client.status === 'draft' || open.involved.every((one) => hand.involved.includes(one))) return;
    const proposed = new Set(changesBetween(client, onTop).map(({ name }) => name));
    if (changesBetween(onTop, wanted).some(({ name }) => proposed.has(name)))
      throw new Abandoned({ reason: 'proposal-open', id: client.id });
  }

  /** Whoever has the machine in hand could do it without asking: there is nobody to protect from. */
  const hasHand = ({ involved }: ClientVersion, hand: Hand): boolean =>
    hand.by !== COMMAND_LINE.by && involved.some((one) => hand.involved.includes(one));

  /** A decision on what was read, by somebody who had no hand in it. */
  async function decide(
    id: string,
    read: Position,
    hand: Hand,
    work: (tx: Store, client: Client, open: ClientVersion, holdAddresses: HoldAddresses) => Promise<void>,
  ): Promise<Result<Client, ClientRefusal>> {
    const decided = await addresses.whole(hand.by, async (tx, holdAddresses) => {
      const { client, open } = await getOpen(tx, id, read);
      if (hasHand(open, hand)) throw new Abandoned({ reason: 'proposal-own', id });
      await work(tx, client, open, holdAddresses);
      return lockClient(tx, id);
    });
    if (!decided.ok && decided.refusal.reason === 'proposal-own')
      await audit.recordOnce(
        store,
        [hand.by, id, String(read.number)],
        'client.review-refused',
        { version: read.number, by: hand.by, reason: 'own' },
        { clientId: id },
      );
    return decided;
  }

  const hasPassed: ClientReview['hasPassed'] = async (client, open) =>
    (await hasPassedCheck(client.id, open.metadata)) ||
    (client.status !== 'draft' && !changesSignIn(client, open) && (await hasPassedCheck(client.id, client.metadata)));

  return {
    hasPassed,
    lookAtAddresses: (...which) => addresses.look(...which),

    async register(wish, { hand, reason }) {
      if (isPrivileged((wish.document as { scope?: unknown } | null)?.scope)) return refuse(privileged().refusal);
      const made = await clients.create([wish], { hand, status: 'draft', reason });
      if (!made.ok) return made;
      const [registered] = made.value;
      if (registered === undefined) throw new Error('a client just registered is not there');
      return ok(registered);
    },

    save: (id, changes, { hand, listing, allowNik, seen, reason, picture }) =>
      addresses.whole(hand.by, async (tx, holdAddresses) => {
        const client = await lockClient(tx, id);
        const open = await tx.clientVersions.findOpen(id);
        if (seen !== undefined && seen !== seenOf(client, open)) throw new Abandoned({ reason: 'client-changed', id });
        const from = open === undefined ? client : await openOnTop(tx, client, open);
        if (isPrivileged(client.metadata.scope, from.metadata.scope, changes.scope)) throw privileged();
        const { metadata, ignored } = judgeChange(check, client, from, changes, allowNik);
        holdBridgeDay(todayIn(config.identity.timeZone, clock.now()), from.metadata, metadata);
        await holdResources(tx, metadata);
        const wanted = { metadata, listing: listing === undefined ? from.listing : (listing ?? undefined), reason };
        if (open !== undefined && seen === undefined) holdProposalOfOthers(client, open, from, wanted, hand);
        const warnings = holdAddresses(from.metadata, metadata);
        if (picture !== undefined) await tx.clientLogos.put(picture, clock.now());
        const { outcome } = await settle(
          tx,
          client,
          open === undefined
            ? undefined
            : {
                version: open,
                onTop: from,
                named: [...Object.keys(changes), ...(listing === undefined ? [] : ['listing_url'])],
              },
          wanted,
          hand,
        );
        return { client: await lockClient(tx, id), ignored, warnings, outcome };
      }),

    async approve(id, read, { hand, note }) {
      const [now, ofLate] = [await store.clients.find(id), await store.clientVersions.findOpen(id)];
      // Asked beforehand: it is somebody else's table, and of another edition it would say nothing.
      const passed =
        now !== undefined &&
        ofLate?.number === read.number &&
        ofLate.edition === read.edition &&
        (await hasPassed(now, ofLate));
      return decide(id, read, hand, async (tx, client, open, holdAddresses) => {
        const byCommandLine = hand.by === COMMAND_LINE.by;
        if (!byCommandLine && isPrivileged(open.metadata.scope)) throw privileged();
        const at = clock.now();
        const base = await effectiveVersion(tx, client);
        if (base !== open.base) throw new Abandoned({ reason: 'proposal-stale', id });
        if (
          !byCommandLine &&
          !passed &&
          open.waiver === undefined &&
          needsCheck(base === undefined ? undefined : client, open)
        )
          throw new Abandoned({ reason: 'proposal-unchecked', id });
        // The rules may have become stricter since, and what the service publishes another.
        const { metadata } = judgeChange(check, client, open, {}, true);
        await holdResources(tx, metadata);
        holdAddresses(client.status === 'draft' ? undefined : client.metadata, metadata);
        await tx.clients.update(
          id,
          {
            metadata,
            listing: open.listing ?? null,
            version: open.number,
            ...(client.status === 'draft' ? { status: 'active' } : {}),
          },
          at,
        );
        await tx.clientVersions.replace({ ...open, metadata, state: 'approved', decided: { by: hand.by, note, at } });
        await audit.record(
          tx,
          'client.approved',
          { version: open.number, fields: open.widens, by: hand.by, ...(note === undefined ? {} : { note }) },
          { clientId: id },
        );
      });
    },

    reject: (id, read, { hand, note }) =>
      decide(id, read, hand, (tx, client, open) => close(tx, client, open, 'rejected', hand.by, note)),

    withdraw: (id, read, hand) =>
      whole(store, async (tx) => {
        const { client, open } = await getOpen(tx, id, read);
        await close(tx, client, open, 'withdrawn', hand.by);
        return lockClient(tx, id);
      }),

    waive: (id, read, { hand, reason }) =>
      decide(id, read, hand, async (tx, _client, open) => {
        await tx.clientVersions.replace({ ...open, waiver: { by: hand.by, reason, at: clock.now() } });
        await audit.record(tx, 'client.check-waived', { version: open.number, by: hand.by, reason }, { clientId: id });
      }),

    returnTo: (id, number, { hand, reason }) =>
      addresses.whole(hand.by, async (tx, holdAddresses) => {
        const client = await lockClient(tx, id);
        const version = await tx.clientVersions.find(id, number);
        if (version?.state !== 'approved') throw new Abandoned({ reason: 'version-unknown', id });
        if (isPrivileged(client.metadata.scope, version.metadata.scope)) throw privileged();
        if ((await tx.clientVersions.findOpen(id)) !== undefined) throw new Abandoned({ reason: 'proposal-open', id });
        const { metadata, ignored } = judgeChange(check, client, version, {}, true);
        await holdResources(tx, metadata);
        const warnings = holdAddresses(client.metadata, metadata);
        const done = await settle(tx, client, undefined, { metadata, listing: version.listing, reason }, hand);
        if (done.outcome === 'unchanged') throw new Abandoned({ reason: 'version-in-effect', id });
        await audit.record(
          tx,
          'client.returned',
          { version: done.number ?? number, to: number, by: hand.by, reason },
          { clientId: id },
        );
        return { client: await lockClient(tx, id), ignored, warnings, outcome: done.outcome };
      }),
  };
}
