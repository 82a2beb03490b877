import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Client } from '../domain/client.ts';
import { withLiveKeys } from '../domain/client-key.ts';
import { PLACEHOLDER } from './client-secrets.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Changes } from '../store/changes.ts';
import type { Store } from '../store/store.ts';
import { holding } from './held.ts';

/** RFC 6749, appendix A.1. Anything else is somebody's typing, and PostgreSQL takes no NUL. */
const CLIENT_ID = /^[\x20-\x7e]{1,255}$/;

/** How the protocol sees a client application; a disabled one does not exist. */
export function toMetadata(client: Client): AdapterPayload | undefined {
  if (client.status !== 'active') return undefined;
  return {
    ...client.metadata,
    ...(client.secrets.length === 0 ? {} : { client_secret: PLACEHOLDER }),
  } as AdapterPayload;
}

export interface ClientDirectory {
  find(id: string): Promise<Client | undefined>;
  /** oidc-provider's storage for its `Client` model. */
  readonly adapter: Adapter;
}

export interface ClientDirectoryDeps {
  readonly store: Pick<Store, 'clients'>;
  readonly clock: Clock;
  readonly changes?: Pick<Changes, 'mark'>;
  readonly present?: typeof toMetadata;
}

/** Client applications, held in the process: every protocol request asks for one or two. */
export function createClientDirectory({
  store,
  clock,
  changes,
  present = toMetadata,
}: ClientDirectoryDeps): ClientDirectory {
  const held = holding({ load: (id) => store.clients.find(id), clock, changes, topic: 'clients' });
  const find = async (id: string): Promise<Client | undefined> => (CLIENT_ID.test(id) ? held(id) : undefined);

  const readOnly = (): Promise<never> =>
    Promise.reject(new Error('client applications are written by the operator, not by the protocol'));

  return {
    find,
    adapter: {
      async find(id) {
        const client = await find(id);
        return client === undefined
          ? undefined
          : present({ ...client, metadata: withLiveKeys(client.metadata, clock.now()) });
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
