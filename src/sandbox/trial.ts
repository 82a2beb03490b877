import type { Client } from '../domain/client.ts';
import type { Store } from '../store/store.ts';

/**
 * The client as it is tried: where a change of it waits for a second operator, as it would be then. Whoever approves
 * the change wants to know that it works, and at the sandbox it gives nobody anything. A draft of which nothing waits
 * was turned down or taken back: it is not tried any more.
 */
export async function findTrial(
  store: Pick<Store, 'clients' | 'clientVersions'>,
  id: string,
): Promise<Client | undefined> {
  const client = await store.clients.find(id);
  if (client === undefined) return undefined;
  const open = await store.clientVersions.findOpen(id);
  if (open !== undefined) return { ...client, metadata: open.metadata };
  return client.status === 'draft' ? undefined : client;
}
