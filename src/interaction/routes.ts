import type { Context } from 'koa';
import Router from 'koa-router';
import { parseUiLocales } from '../domain/locale.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../ports/clock/clock.ts';
import { honourUiLocales } from '../web/locale.ts';
import { seeOther } from '../web/see-other.ts';
import { Refused } from '../web/refused.ts';
import { entered, interactionPath, uidOf, type createEntrance } from './entrance.ts';
import type { Finish } from './finish.ts';
import { keptParams, type Tickets } from './ticket.ts';

export interface InteractionRoutesDeps {
  readonly entrance: ReturnType<typeof createEntrance>;
  readonly tickets: Tickets;
  readonly finish: Finish;
  /** Hands an unfinished registration from one sign-in to the next. */
  readonly adopt: (from: string, to: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http'>;
  /** Adds the journeys: each takes the router that has already let the visitor in. */
  readonly journeys: readonly ((router: Router) => void)[];
}

/** Everything between the provider's question and its answer, below `/interaction/:uid`. */
export function createInteractionRoutes({ entrance, tickets, finish, adopt, clock, config, journeys }: InteractionRoutesDeps): Router {
  const secure = config.http.issuer.startsWith('https://');

  /** The way back to the same request, for the browser that holds its ticket: open when the sign-in itself is not. */
  const resume = (ctx: Context): void => {
    ctx.set('Cache-Control', 'no-store');
    const ticket = tickets.read(ctx, uidOf(ctx) ?? '');
    if (ticket === undefined) throw new Refused(410, 'errors.oidc.request');
    // Only what ran out is taken along; what came to its end is over.
    if (clock.now().getTime() >= ticket.endsAt) tickets.carry(ctx, ticket);
    // Only a device's request has no way back (allowOmittingSingleRegisteredRedirectUri); its code was used, the device shows a new one.
    if (ticket.params.redirect_uri === undefined) {
      seeOther(ctx, '/device');
      return;
    }
    seeOther(ctx, `/auth?${new URLSearchParams(ticket.params).toString()}`);
  };

  /** The first page of a sign-in: remembers the request, then leads to the right journey. */
  const begin = async (ctx: Context): Promise<void> => {
    const { uid, interaction, clientId } = entered(ctx);
    tickets.issue(ctx, { uid, clientId, params: keptParams(interaction.params), endsAt: interaction.exp * 1000 });
    const wished = parseUiLocales(typeof interaction.params.ui_locales === 'string' ? interaction.params.ui_locales : undefined);
    if (wished !== undefined) honourUiLocales(ctx, wished, secure);

    if (interaction.prompt.name === 'consent') {
      seeOther(ctx, interactionPath(uid, 'consent'));
      return;
    }

    const carried = tickets.takeCarried(ctx, clientId);
    const adopted = carried !== undefined && (await adopt(carried.uid, uid));
    const { name, reasons } = interaction.prompt;
    // A session that lacks nothing else is stepped up without the password.
    const stepUp = reasons.length === 1 && reasons[0] === 'second_factor';
    seeOther(ctx, interactionPath(uid, adopted || name === 'create' ? 'register/identity' : stepUp ? 'second-factor' : 'login'));
  };

  const router = new Router();
  router.get('/interaction/:uid/resume', resume);
  router.use(entrance.enter);
  router.get('/interaction/:uid', begin);
  router.get('/interaction/:uid/cancel', (ctx) => finish.cancelled(ctx));
  for (const add of journeys) add(router);
  return router;
}
