import type { Audit } from '../../audit/log.ts';
import { changesBetween, rebase, widens, withMembers, type ClientDescription } from '../../domain/client-change.ts';
import type { Client, ClientVersion } from '../../domain/client.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { judgeNew, type ProtocolCheck } from './judgement.ts';
import { lockClient } from './refusals.ts';
import { effectiveVersion, propose, recordEffect, type Hand, type Written } from './versions.ts';

export type Outcome = 'applied' | 'proposed' | 'unchanged';

export interface Settled {
  readonly outcome: Outcome;
  /** Of the version that came of it. */
  readonly number: number | undefined;
}

/** A proposal that somebody changes. */
export interface Waiting {
  readonly version: ClientVersion;
  /** What it says on top of what has taken effect since. */
  readonly onTop: ClientDescription;
  /** The members that the change names. */
  readonly named: readonly string[];
}

/** How a change comes to be in effect, or waits. All of it within the transaction that holds the lock of the client. */
export interface Settling {
  /** At once where it widens nothing, else as the proposal of the client. */
  readonly settle: (
    tx: Store,
    client: Client,
    waiting: Waiting | undefined,
    wanted: Written,
    hand: Hand,
  ) => Promise<Settled>;
  /** Ends a proposal that is not to take effect. */
  readonly close: (
    tx: Store,
    client: Client,
    open: ClientVersion,
    state: 'rejected' | 'withdrawn',
    by: string,
    note?: string,
  ) => Promise<void>;
}

export interface SettlingDeps {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly check: ProtocolCheck;
}

export function createSettling({ audit, clock, check }: SettlingDeps): Settling {
  /** What was tried of it is tried no more; of a draft nothing is left at the sandbox. */
  async function leaveSandbox(tx: Store, { id, status }: Client): Promise<void> {
    await tx.clientChecks.endOpen(id, clock.now());
    await tx.sandboxKeys.removeOfClient(id);
    if (status === 'draft') await tx.clientChecks.removeLink(id);
  }

  async function close(
    tx: Store,
    client: Client,
    open: ClientVersion,
    state: 'rejected' | 'withdrawn',
    by: string,
    note?: string,
  ): Promise<void> {
    await leaveSandbox(tx, client);
    await tx.clientVersions.replace({ ...open, state, decided: { by, note, at: clock.now() } });
    if (state === 'rejected')
      await audit.record(
        tx,
        'client.rejected',
        { version: open.number, by, note: note ?? '' },
        { clientId: open.clientId },
      );
    else await audit.record(tx, 'client.withdrawn', { version: open.number, by }, { clientId: open.clientId });
  }

  async function putForward(
    tx: Store,
    client: Client,
    base: number | undefined,
    wanted: Written,
    hand: Hand,
  ): Promise<number> {
    const { number, widens } = await propose(tx, client, base, wanted, { ...hand, at: clock.now() });
    await audit.record(
      tx,
      'client.proposed',
      {
        version: number,
        fields: widens,
        by: hand.by,
        ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
      },
      { clientId: client.id },
    );
    return number;
  }

  /** The client says it from now on. @returns the number of the version. */
  async function apply(
    tx: Store,
    client: Client,
    base: number,
    { metadata, listing, reason }: Written,
    hand: Hand,
  ): Promise<number> {
    const at = clock.now();
    const fields = changesBetween(client, { metadata, listing }).map(({ name }) => name);
    await tx.clients.update(client.id, { metadata, listing: listing ?? null }, at);
    const number = await recordEffect(
      tx,
      { ...client, updatedAt: at },
      { metadata, listing, reason },
      { ...hand, base, at },
    );
    await audit.record(tx, 'client.updated', { fields, by: hand.by }, { clientId: client.id });
    return number;
  }

  /** Changes something, stands by itself and gives nobody anything. */
  const narrows = (client: Client, alone: ClientDescription): boolean =>
    changesBetween(client, alone).length > 0 &&
    widens(client, alone).length === 0 &&
    judgeNew(check, alone.metadata, { type: client.type, allowNik: true }, () => client.id).ok;

  /**
   * What waits for nobody of a change to a proposal: what it names may be in the proposal already; a form names all
   * members, and means those that it changes.
   */
  const aloneOf = (client: Client, { onTop, named }: Waiting, wanted: Written): ClientDescription | undefined =>
    [withMembers(client, named, wanted), rebase(onTop, wanted, client)].find((alone) => narrows(client, alone));

  async function settle(
    tx: Store,
    client: Client,
    waiting: Waiting | undefined,
    wanted: Written,
    hand: Hand,
  ): Promise<Settled> {
    const open = waiting?.version;
    const base = await effectiveVersion(tx, client);
    const alone = waiting === undefined || base === undefined ? undefined : aloneOf(client, waiting, wanted);
    if (alone === undefined && open?.base === base && open !== undefined && changesBetween(open, wanted).length === 0)
      return { outcome: 'unchanged', number: open.number };
    if (base === undefined) {
      await tx.clients.update(client.id, { metadata: wanted.metadata, listing: wanted.listing ?? null }, clock.now());
      return { outcome: 'proposed', number: await putForward(tx, client, base, wanted, hand) };
    }
    if (widens(client, wanted).length > 0) {
      if (alone === undefined) return { outcome: 'proposed', number: await putForward(tx, client, base, wanted, hand) };
      const number = await apply(tx, client, base, { ...alone, reason: wanted.reason }, hand);
      await putForward(tx, await lockClient(tx, client.id), number, wanted, hand);
      return { outcome: 'applied', number };
    }
    // Nothing is left of it to look at.
    if (open !== undefined) await close(tx, client, open, 'withdrawn', hand.by);
    if (changesBetween(client, wanted).length === 0) return { outcome: 'unchanged', number: base };
    return { outcome: 'applied', number: await apply(tx, client, base, wanted, hand) };
  }

  return { settle, close };
}
