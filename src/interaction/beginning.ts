import type { Context, Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../config.ts';
import { parseUiLocales } from '../domain/locale.ts';
import { honourUiLocales } from '../web/locale.ts';
import { seeOther } from '../web/see-other.ts';
import { entered, interactionPath, type Interaction } from './entrance.ts';
import { keepToBrowser } from './one-browser.ts';
import { keptParams, type Tickets } from './ticket.ts';

export interface BeginningDeps {
  readonly tickets: Tickets;
  /** Hands what is unfinished from one sign-in to the next. @returns the page at which it goes on. */
  readonly adopt: (from: string, to: string) => Promise<string | undefined>;
  readonly config: Pick<Config, 'http'>;
}

/** How a sign-in begins: its request is remembered, and the right journey found. */
export interface Beginning {
  /**
   * Where the provider leads to a sign-in that it has just made, the answer leads to the page itself: a way less
   * through a slow network.
   */
  readonly atOnce: Middleware;
  /** The same for a browser that comes to the sign-in without its journey. */
  readonly byAddress: Middleware;
}

export function createBeginning({ tickets, adopt, config }: BeginningDeps): Beginning {
  const secure = config.http.issuer.startsWith('https://');

  async function journeyOf(ctx: Context, interaction: Interaction): Promise<string> {
    const {
      uid,
      params,
      prompt: { name, reasons },
      bridged = false,
      parJti,
      trusted = [],
    } = interaction;
    const clientId = String(params.client_id);
    const pushed = parJti !== undefined || trusted.length > 0;
    const issue = (): void => {
      const { exp, browser } = interaction;
      tickets.issue(ctx, {
        uid,
        clientId,
        params: keptParams(params),
        endsAt: exp * 1000,
        ...(bridged ? { bridged } : {}),
        ...(pushed ? { pushed } : {}),
        ...(browser === undefined ? {} : { browser }),
      });
    };
    issue();
    const wished = parseUiLocales(typeof params.ui_locales === 'string' ? params.ui_locales : undefined);
    if (wished !== undefined) honourUiLocales(ctx, wished, secure);
    if (name === 'consent') return 'consent';

    // What was proved before is proved in this sign-in from now on.
    let adopted: string | undefined;
    await tickets.takeCarried(ctx, clientId, async (carried) => {
      adopted = (await keepToBrowser(ctx)) ? await adopt(carried.uid, uid) : undefined;
      return adopted !== undefined;
    });
    if (adopted !== undefined) issue();
    if (adopted !== undefined) return adopted;
    if (name === 'create') return 'register/identity';
    // A session that lacks nothing else is stepped up without the password.
    return reasons.length === 1 && reasons[0] === 'second_factor' ? 'second-factor' : 'login';
  }

  return {
    async atOnce(ctx, next) {
      await next();
      const interaction = (ctx as Partial<KoaContextWithOIDC>).oidc?.entities.Interaction;
      if (
        interaction === undefined ||
        ctx.status !== 303 ||
        ctx.response.get('location') !== interactionPath(interaction.uid)
      )
        return;
      // Not one from which the browser comes back, and which is over: there it hears so.
      if (ctx.path.endsWith(`/${interaction.uid}`)) return;
      // At its address it is known whose browser this is.
      if (tickets.isCarrying(ctx)) return;
      // The provider has answered; should the journey not be found now, the address finds it.
      const journey = await journeyOf(ctx, interaction).catch(() => undefined);
      if (journey !== undefined) seeOther(ctx, interactionPath(interaction.uid, journey));
    },

    async byAddress(ctx) {
      const { uid, interaction } = entered(ctx);
      seeOther(ctx, interactionPath(uid, await journeyOf(ctx, interaction)));
    },
  };
}
