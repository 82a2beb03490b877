import type { Context, Middleware } from 'koa';
import { senderOf } from '../web/sender.ts';
import { entered, isOver, type Entered } from './entrance.ts';

/**
 * What is proved in a sign-in is proved in one browser, and goes on in no other. Its cookie alone does not tell:
 * another host of the domain can plant in a browser that of a sign-in which it began itself, and come afterwards for
 * what its owner has proved there. The mark of the browser no other host can set.
 *
 * From the first form on: tabs that a new browser opens at the same moment each bring a mark, and until somebody types
 * one of them stays.
 *
 * @returns false where it has become another browser's, or has ended, since the entrance has looked: a form may have
 *   begun to come before, and ended only now. Nothing is done with it then.
 */
export async function keepToBrowser(ctx: Context): Promise<boolean> {
  const { interaction, markTicket, reread } = entered(ctx);
  if (interaction.browser === undefined) {
    const { device } = senderOf(ctx);
    interaction.browser = device;
    try {
      await interaction.persist();
    } catch (error) {
      if (!isOver(error)) throw error;
      const now = await reread();
      if (now?.browser !== device) {
        interaction.browser = undefined;
        return false;
      }
      // Another press in this browser has marked it first, and what it has written since stays.
      ctx.state.entered = { ...entered(ctx), interaction: now } satisfies Entered;
    }
  }
  markTicket();
  return true;
}

/** For forms with which something is proved, or goes on that was. */
export const inOneBrowser: Middleware = async (ctx, next) => {
  if (await keepToBrowser(ctx)) await next();
  else await entered(ctx).leadOn();
};
