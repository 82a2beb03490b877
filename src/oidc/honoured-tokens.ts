import { OFFLINE_SCOPE } from '../domain/claims.ts';
import type { ClientDirectory } from './clients.ts';
import type { Judge } from './state/judged.ts';

/** What a client holds or will be given: all of it carries the client and the second it was issued. */
const GIVEN = new Set([
  'AccessToken',
  'AuthorizationCode',
  'ClientCredentials',
  'DeviceCode',
  'Grant',
  'PushedAuthorizationRequest',
  'RefreshToken',
]);

const isAmong = (scope: unknown, name: string): boolean => typeof scope === 'string' && scope.split(' ').includes(name);

/**
 * Of what a client was given: whether that was after it was stopped, if it ever was; when it comes back it begins anew.
 * And whether it may still act while the person is away, where what it was given is good for that. What is asked of is
 * held anyway.
 */
export const honouredByClient = (model: string, clients: Pick<ClientDirectory, 'find'>): readonly Judge[] =>
  GIVEN.has(model)
    ? [
        async ({ clientId, iat = 0, scope }) => {
          const client = clientId === undefined ? undefined : await clients.find(clientId);
          if (client === undefined) return true;
          if (isAmong(scope, OFFLINE_SCOPE) && !isAmong(client.metadata.scope, OFFLINE_SCOPE)) return false;
          const cut = client.tokensValidAfter;
          return cut === undefined || iat > Math.floor(cut.getTime() / 1000);
        },
      ]
    : [];
