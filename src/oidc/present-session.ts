import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { AccountId } from '../domain/account.ts';
import type { PresentSession } from '../web/session.ts';

/** Reads the provider's session for pages of ours; one that its account does not honour is none (`sessions.ts`). */
export const readPresentSession =
  (provider: Provider) =>
  async (ctx: Context): Promise<PresentSession | undefined> => {
    const { accountId, acr, loginTs } = await provider.Session.get(ctx);
    return accountId === undefined ? undefined : { accountId: accountId as AccountId, acr, signedInAt: loginTs ?? 0 };
  };
