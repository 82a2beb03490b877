import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Client } from '../domain/client.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';

/** A stop switch acts within this time on every instance. */
const FRESH_MS = 2000;

/** RFC 6749, appendix A.1. Anything else is somebody's typing, and PostgreSQL takes no NUL. */
const CLIENT_ID = /^[\x20-\x7e]{1,255}$/;

/** How the protocol sees a client application; a disabled one does not exist. */
export function toMetadata(client: Client): AdapterPayload | undefined {
  if (client.status !== 'active') return undefined;
  return { ...client.metadata, ...(client.secret === undefined ? {} : { client_secret: client.secret.reveal() }) } as AdapterPayload;
}

export interface ClientDirectory {
  find(id: string): Promise<Client | undefined>;
  /** oidc-provider's storage for its `Client` model. */
  readonly adapter: Adapter;
}

/** Client applications, held in the process for a moment: every protocol request asks for one or two. */
export function createClientDirectory({ store, clock, present = toMetadata }: { store: Pick<Store, 'clients'>; clock: Clock; present?: typeof toMetadata }): ClientDirectory {
  const held = new Map<string, { client: Promise<Client | undefined>; until: number }>();
  const MOST = 1000;

  async function find(id: string): Promise<Client | undefined> {
    if (!CLIENT_ID.test(id)) return undefined;
    const now = clock.now().getTime();
    const entry = held.get(id);
    if (entry !== undefined && entry.until > now) return entry.client;
    const client = store.clients.find(id);
    // Ids that do not exist are somebody's typing: they must not push out those that do.
    if (held.size >= MOST) held.clear();
    held.set(id, { client, until: now + FRESH_MS });
    try {
      return await client;
    } catch (error) {
      held.delete(id);
      throw error;
    }
  }

  const readOnly = (): Promise<never> => Promise.reject(new Error('client applications are written by the operator, not by the protocol'));

  return {
    find,
    adapter: {
      async find(id) {
        const client = await find(id);
        return client === undefined ? undefined : present(client);
      },
      upsert: readOnly,
      findByUid: readOnly,
      findByUserCode: readOnly,
      consume: readOnly,
      destroy: readOnly,
      revokeByGrantId: readOnly,
    },
  };
}
