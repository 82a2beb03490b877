import type { Middleware } from 'koa';
import type { AccountId } from '../domain/account.ts';
import { acr } from '../domain/assurance.ts';
import { lookAgain } from './let-in.ts';
import { sessionOf, type Demand, type Sessions } from './session.ts';

export interface AllFactorsDeps {
  readonly sessions: Pick<Sessions, 'require'>;
  readonly isEnrolled: (accountId: AccountId) => Promise<boolean>;
}

/**
 * Lets in who is signed in as the page demands, and whoever has a second factor has to have used it: also one that was
 * enrolled elsewhere since this session began.
 */
export const createAllFactors =
  ({ sessions, isEnrolled }: AllFactorsDeps) =>
  (demand: Demand): Middleware => {
    const byPassword = sessions.require(demand);
    const byBoth = sessions.require({ ...demand, acr: acr.twoFactor });
    return async (ctx, next) => {
      await byPassword(ctx, async () => {
        let hasUsedBoth = false;
        const look = async (): Promise<boolean> => {
          if (!(await isEnrolled(sessionOf(ctx).accountId))) return true;
          await byBoth(ctx, () => {
            hasUsedBoth = true;
            return Promise.resolve();
          });
          return hasUsedBoth;
        };
        await lookAgain(ctx, look);
        if (await look()) await next();
      });
    };
  };
