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

/** How coarsely it is remembered when a secret was used: one write an hour for each, of each process. */
const USE_MS = 3_600_000;
const MOST_REMEMBERED = 20_000;

export interface ClientSecretsDeps {
  readonly clients: Pick<ClientDirectory, 'find'>;
  readonly store: Pick<Store, 'clientSecrets'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Has the protocol accept each live secret of a client, by its hash: what could be read lies nowhere. */
export function compareByHash(provider: Provider, { clients, store, clock, log }: ClientSecretsDeps): void {
  const prototype = provider.Client.prototype as unknown as {
    compareClientSecret(this: ProtocolClient, shown: string): Promise<boolean>;
  };

  /** What this process has written itself: the row it holds of a client does not change with it. */
  const remembered = new Map<string, Date>();

  function remember(clientId: string, { number, lastUsedAt }: ClientSecret, now: Date): void {
    const secret = `${number} ${clientId}`;
    const isRecent = (at: Date | undefined): boolean => at !== undefined && now.getTime() - at.getTime() < USE_MS;
    if (isRecent(lastUsedAt) || isRecent(remembered.get(secret))) return;
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(secret, now);
    store.clientSecrets.used(clientId, number, now).catch((error: unknown) => {
      log.warn({ err: error, clientId }, 'the use of a secret could not be remembered');
    });
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
