import { changesBetween, rebase, widens, type ClientDescription } from '../../domain/client-change.ts';
import type { Client, ClientVersion } from '../../domain/client.ts';
import type { Store } from '../../store/store.ts';

/** Who does something, as the audit log names them, and everybody who has a hand in it by that. */
export interface Hand {
  readonly by: string;
  /** Whoever answers for a machine is involved besides it. */
  readonly involved: readonly string[];
}

/** The command line was there first and is called so. */
export const COMMAND_LINE: Hand = { by: 'operator', involved: ['operator'] };
/** What a team does, the audit log tells by its token. */
const TEAM = 'initial-token:';
export const teamOf = (tokenId: string): string => `${TEAM}${tokenId}`;
export const isTeam = (by: string): boolean => by.startsWith(TEAM);
export const handOf = (by: string): Hand => ({ by, involved: [by] });
/** Who is counted: the operator, however many machines they answer for. */
export const whoAnswersFor = ({ by, involved }: Hand): string =>
  involved.find((one) => one.startsWith('operator:')) ?? by;

const union = (...lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())];

/** All of it within the transaction that holds the lock of the client. */
type Tx = Pick<Store, 'clients' | 'clientVersions'>;
export interface Written extends ClientDescription {
  readonly reason?: string | undefined;
}

/**
 * The number of what is in effect. Where no version says so, one is written: the client is older than the versions, or
 * was changed by a release that does not know of them.
 * @returns undefined for a draft.
 */
export async function effectiveVersion(tx: Tx, client: Client): Promise<number | undefined> {
  if (client.status === 'draft') return undefined;
  const known = client.version === undefined ? undefined : await tx.clientVersions.find(client.id, client.version);
  if (known !== undefined && changesBetween(known, client).length === 0) return known.number;
  return recordEffect(tx, client, client, { ...COMMAND_LINE, at: client.updatedAt });
}

/** Writes down what takes effect at once. The client's row is the caller's, but for the number. */
export async function recordEffect(
  tx: Tx,
  { id: clientId, updatedAt }: Client,
  { metadata, listing, reason }: Written,
  { by, involved, base, at }: Hand & { readonly base?: number | undefined; readonly at: Date },
): Promise<number> {
  const number = await tx.clientVersions.nextNumber(clientId);
  await tx.clientVersions.insert({
    clientId,
    number,
    state: 'approved',
    base,
    edition: 1,
    metadata,
    listing,
    widens: [],
    proposedBy: by,
    involved,
    reason,
    proposedAt: at,
    decided: { by, note: undefined, at },
    waiver: undefined,
  });
  await tx.clients.update(clientId, { version: number }, updatedAt);
  return number;
}

/**
 * Makes it the one proposal of the client, or changes the one that is open.
 * @param base  the version in effect with what it says; undefined for a draft.
 */
export async function propose(
  tx: Tx,
  client: Client,
  base: number | undefined,
  wanted: Written,
  { by, involved, at }: Hand & { readonly at: Date },
): Promise<ClientVersion> {
  const open = await tx.clientVersions.findOpen(client.id);
  const wide = widens(base === undefined ? undefined : client, wanted);
  if (open !== undefined) {
    // Who let it pass without the check saw another edition.
    const changed: ClientVersion = {
      ...open,
      base,
      edition: open.edition + 1,
      metadata: wanted.metadata,
      listing: wanted.listing,
      widens: wide,
      involved: union(open.involved, involved),
      reason: wanted.reason ?? open.reason,
      proposedAt: at,
      waiver: undefined,
    };
    await tx.clientVersions.replace(changed);
    return changed;
  }
  // What a draft says comes from all who wrote it, whatever became of their proposals.
  const earlier =
    base === undefined ? (await tx.clientVersions.list(client.id)).flatMap((version) => version.involved) : [];
  const made: ClientVersion = {
    clientId: client.id,
    number: await tx.clientVersions.nextNumber(client.id),
    state: 'proposed',
    base,
    edition: 1,
    metadata: wanted.metadata,
    listing: wanted.listing,
    widens: wide,
    proposedBy: by,
    involved: union(involved, earlier),
    reason: wanted.reason,
    proposedAt: at,
    decided: undefined,
    waiver: undefined,
  };
  await tx.clientVersions.insert(made);
  return made;
}

/** The proposal as it would look today: of what took effect meanwhile nothing is undone. */
export async function openOnTop(
  tx: Pick<Store, 'clientVersions'>,
  client: Client,
  open: ClientVersion,
): Promise<ClientDescription> {
  const base =
    client.status === 'draft' || open.base === undefined
      ? undefined
      : await tx.clientVersions.find(client.id, open.base);
  return base === undefined ? open : rebase(base, open, client);
}

/** Whether something else is in effect than what it was made on top of. */
export async function isStale(
  tx: Pick<Store, 'clientVersions'>,
  client: Client,
  open: ClientVersion,
): Promise<boolean> {
  if (client.status === 'draft') return false;
  const base =
    open.base === undefined || open.base !== client.version
      ? undefined
      : await tx.clientVersions.find(client.id, open.base);
  return base === undefined || changesBetween(base, client).length > 0;
}
