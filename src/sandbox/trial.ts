import type { Client } from '../domain/client.ts';
import type { Store } from '../store/store.ts';

/**
 * The client as it is tried: where a change of it waits for a second operator, as it would be then. Whoever approves the
 * change wants to know that it works, and at the sandbox it gives nobody anything.
 */
export async function findTrial(store: Pick<Store, 'clients' | 'clientVersions'>, id: string): Promise<Client | undefined> {
  const client = await store.clients.find(id);
  const open = client === undefined ? undefined : await store.clientVersions.findOpen(id);
  return client === undefined || open === undefined ? client : { ...client, metadata: open.metadata };
}
