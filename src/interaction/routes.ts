import type { Context } from 'koa';
import Router from 'koa-router';
import type { Clock } from '../ports/clock/clock.ts';
import { Refused } from '../web/refused.ts';
import { seeOther } from '../web/see-other.ts';
import { senderOf } from '../web/sender.ts';
import type { Beginning } from './beginning.ts';
import { uidOf, type createEntrance } from './entrance.ts';
import type { Finish } from './finish.ts';
import { answeredParams, type Reconnect } from './reconnect.ts';
import type { Tickets } from './ticket.ts';

export interface InteractionRoutesDeps {
  readonly entrance: ReturnType<typeof createEntrance>;
  readonly tickets: Tickets;
  readonly finish: Finish;
  readonly beginning: Pick<Beginning, 'byAddress'>;
  readonly reconnect: Reconnect;
  readonly clock: Clock;
  /** Adds the journeys: each takes the router that has already let the visitor in. */
  readonly journeys: readonly ((router: Router) => void)[];
}

/** Everything between the provider's question and its answer, below `/interaction/:uid`. */
export function createInteractionRoutes({
  entrance,
  tickets,
  finish,
  beginning,
  reconnect,
  clock,
  journeys,
}: InteractionRoutesDeps): Router {
  /** The way back to the same request, for the browser that holds its ticket: open when the sign-in itself is not. */
  const resume = async (ctx: Context, { turnedBack = false } = {}): Promise<void> => {
    ctx.set('Cache-Control', 'no-store');
    const uid = uidOf(ctx) ?? '';
    const ticket = tickets.read(ctx, uid);
    if (ticket === undefined) throw new Refused(410, 'errors.oidc.request');
    // Only what ran out is taken along; what came to its end is over. And only by the browser in which it was begun:
    // whoever else has the ticket has planted that sign-in somewhere.
    if (clock.now().getTime() >= ticket.endsAt && ticket.browser === senderOf(ctx).device) tickets.carry(ctx, ticket);
    // Only a device's request has no way back (allowOmittingSingleRegisteredRedirectUri); its code was used, the device
    // shows a new one.
    if (ticket.params.redirect_uri === undefined) {
      seeOther(ctx, '/device');
      return;
    }
    const ending = await reconnect.endingOf(ctx, uid);
    if (turnedBack && ending?.error !== undefined) {
      await reconnect.turnBack(ctx, ticket, ending.error);
      return;
    }
    const params = ending?.signedIn === true ? answeredParams(ticket, turnedBack ? ending : {}) : ticket.params;
    seeOther(ctx, await reconnect.addressOf({ ...ticket, params }));
  };

  const router = new Router();
  router.get('/interaction/:uid/resume', (ctx) => resume(ctx));
  router.get('/interaction/:uid/turned-back', (ctx) => resume(ctx, { turnedBack: true }));
  router.use(entrance.enter);
  router.get('/interaction/:uid', beginning.byAddress);
  router.get('/interaction/:uid/cancel', (ctx) => finish.cancelled(ctx));
  for (const add of journeys) add(router);
  return router;
}
