import { randomBytes } from 'node:crypto';
import type Provider from 'oidc-provider';
import type { Client as ProtocolClient } from 'oidc-provider';
import { isLiveSecret, type ClientSecret } from '../domain/client.ts';
import { sensitive } from '../domain/sensitive.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { ClientDirectory } from './clients.ts';

/**
 * The library wants to see a secret wherever one is needed, and compares it in clear. It sees this one, which nobody
 * knows and no other process has, and `compareByHash` compares in its place.
 */
export const PLACEHOLDER = randomBytes(32).toString('base64url');

/** How coarsely it is remembered when a secret was used: one write an hour for each. */
const USE_MS = 3_600_000;

export interface ClientSecretsDeps {
  readonly clients: Pick<ClientDirectory, 'find'>;
  readonly store: Pick<Store, 'clientSecrets'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Has the protocol accept each live secret of a client, by its hash: what could be read lies nowhere. */
export function compareByHash(provider: Provider, { clients, store, clock, log }: ClientSecretsDeps): void {
  const prototype = provider.Client.prototype as unknown as { compareClientSecret(this: ProtocolClient, shown: string): Promise<boolean> };

  function remember(clientId: string, { number, lastUsedAt }: ClientSecret, now: Date): void {
    if (lastUsedAt !== undefined && now.getTime() - lastUsedAt.getTime() < USE_MS) return;
    store.clientSecrets.used(clientId, number, now).catch((error: unknown) => { log.warn({ err: error, clientId }, 'the use of a secret could not be remembered'); });
  }

  prototype.compareClientSecret = async function compareClientSecret(shown) {
    const client = await clients.find(this.clientId);
    if (client === undefined) return false;
    const now = clock.now();
    const fitting = await store.clientSecrets.whichFits(client.id, client.secrets, sensitive(shown));
    if (fitting === undefined || !isLiveSecret(fitting, now)) return false;
    remember(client.id, fitting, now);
    return true;
  };
}
