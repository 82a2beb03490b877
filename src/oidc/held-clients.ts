import type Provider from 'oidc-provider';
import type { Client as ProtocolClient } from 'oidc-provider';
import { nextEndOfKeys } from '../domain/client-key.ts';
import type { Client } from '../domain/client.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { ClientDirectory } from './clients.ts';

/**
 * Has the protocol find a client by the very row that the process holds. The library finds out by a hash over all of
 * its properties that it knows them already, and asks two or three times in a request.
 *
 * @param own  ids of clients that have no row.
 */
export function findByRow(
  provider: Provider,
  {
    clients,
    own,
    clock,
  }: { readonly clients: Pick<ClientDirectory, 'find'>; readonly own: ReadonlySet<string>; readonly clock: Clock },
): void {
  /** Up to when one of its keys ends by itself: no row changes then. */
  const known = new WeakMap<Client, { readonly client: ProtocolClient; readonly until: Date | undefined }>();
  const findAnew = provider.Client.find.bind(provider.Client);

  provider.Client.find = async (id) => {
    const row = typeof id === 'string' && !own.has(id) ? await clients.find(id) : undefined;
    const held = row === undefined ? undefined : known.get(row);
    if (held !== undefined && (held.until === undefined || clock.now() < held.until)) return held.client;
    const until = row === undefined ? undefined : nextEndOfKeys(row.metadata, clock.now());
    const found = await findAnew(id);
    // Not where it has been let go in between: what was found may be of another row.
    if (row !== undefined && found !== undefined && row === (await clients.find(id)))
      known.set(row, { client: found, until });
    return found;
  };
}
