import type { Core } from '../core.ts';
import { createClientCheck, type ClientCheck } from '../oidc/client-check.ts';
import { createClientDirectory } from '../oidc/clients.ts';
import type { ProtocolPages } from '../oidc/features.ts';
import { openSigningKeys } from '../oidc/key-rotation.ts';
import { createProvider } from '../oidc/provider.ts';
import { createApiDirectory } from '../oidc/resources.ts';

const noPage = (): never => {
  throw new Error('the command line shows no pages');
};
const pages: ProtocolPages = {
  error: noPage,
  signOut: noPage,
  signedOut: noPage,
  deviceCode: noPage,
  deviceConfirm: noPage,
  deviceLinked: noPage,
};

/** The check of the very protocol that the server runs, without a server. */
export async function createStandaloneCheck(core: Core): Promise<ClientCheck> {
  const { signingKeys } = await openSigningKeys(core);
  return createClientCheck(
    createProvider({
      ...core,
      clients: createClientDirectory(core),
      apis: createApiDirectory(core),
      ownClients: [],
      signingKeys,
      pages,
      listShares: () => Promise.resolve(false),
    }),
  );
}
