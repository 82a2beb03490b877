import type { ClientDirectory } from './clients.ts';
import type { Judge } from './state/judged.ts';

/** What a client holds or will be given: all of it carries the client and the second it was issued. */
const GIVEN = new Set(['AccessToken', 'AuthorizationCode', 'ClientCredentials', 'DeviceCode', 'Grant', 'PushedAuthorizationRequest', 'RefreshToken']);

/** Of what a client was given: whether that was after it was stopped, if it ever was; when it comes back it begins anew. What is asked of is held anyway. */
export const honouredByClient = (model: string, clients: Pick<ClientDirectory, 'find'>): readonly Judge[] =>
  GIVEN.has(model)
    ? [
        async ({ clientId, iat = 0 }) => {
          if (clientId === undefined) return true;
          const cut = (await clients.find(clientId))?.tokensValidAfter;
          return cut === undefined || iat > Math.floor(cut.getTime() / 1000);
        },
      ]
    : [];
