import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { AccountId } from '../domain/account.ts';
import { entered } from './entrance.ts';

export interface SignedIn {
  readonly accountId: AccountId;
  readonly acr: string;
  readonly amr: readonly string[];
  /** Whether the session outlives the browser's. */
  readonly remember: boolean;
  /**
   * When the person proved themselves, in seconds since 1970: `signInMoment`. Not when the browser comes back: sessions
   * may have been ended in between.
   */
  readonly at: number;
}

/** Ends a sign-in: the only callers of the provider's `interactionResult`. */
export interface Finish {
  signedIn(ctx: Context, who: SignedIn): Promise<void>;
  /** The person goes back to the service without signing in; it hears `access_denied`. */
  cancelled(ctx: Context): Promise<void>;
}

export function createFinish({ provider }: { provider: Provider }): Finish {
  async function leave(ctx: Context, result: Parameters<Provider['interactionResult']>[2]): Promise<void> {
    const returnTo = await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
    ctx.status = 303;
    ctx.redirect(returnTo);
  }

  return {
    async signedIn(ctx, { accountId, acr, amr, remember, at }) {
      // Whoever was signed in here before is signed out: a session belongs to one person.
      const session = await provider.Session.get(ctx);
      if (session.accountId !== undefined && session.accountId !== accountId) {
        await session.destroy();
        const { interaction } = entered(ctx);
        interaction.session = undefined;
        await interaction.persist();
      }
      // `create` answers a request that began with prompt=create, however the person came in at last.
      await leave(ctx, { create: {}, login: { accountId, acr, amr: [...amr], remember, ts: at } });
    },

    cancelled: (ctx) => leave(ctx, { error: 'access_denied', error_description: 'the person went back without signing in' }),
  };
}
