import type { Context, Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../config.ts';
import { parseUiLocales } from '../domain/locale.ts';
import type { SignInEnd } from '../domain/sign-in-end.ts';
import { honourUiLocales } from '../web/locale.ts';
import { seeOther } from '../web/see-other.ts';
import { senderOf } from '../web/sender.ts';
import { entered, interactionPath, type Interaction } from './entrance.ts';
import { keepToBrowser } from './one-browser.ts';
import { keptParams, type Ticket, type Tickets } from './ticket.ts';

export interface BeginningDeps {
  readonly tickets: Tickets;
  /** Hands what is unfinished from one sign-in to the next. @returns the page at which it goes on. */
  readonly adopt: (from: string, to: string) => Promise<string | undefined>;
  /** Says for two minutes, in this browser, to which sign-in that was. */
  readonly ended: {
    remember(uid: string, device: string, end: SignInEnd): Promise<void>;
    find(uid: string, device: string): Promise<SignInEnd | undefined>;
  };
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

/** What it takes to ask for the same once more. */
function ticketOf({ uid, params, exp, bridged, parJti, trusted = [], browser }: Interaction): Ticket {
  const pushed = parJti !== undefined || trusted.length > 0;
  return {
    uid,
    clientId: String(params.client_id),
    params: keptParams(params),
    endsAt: exp * 1000,
    ...(bridged === undefined ? {} : { bridged }),
    ...(pushed ? { pushed } : {}),
    ...(browser === undefined ? {} : { browser }),
  };
}

export function createBeginning({ tickets, adopt, ended, config }: BeginningDeps): Beginning {
  const secure = config.http.issuer.startsWith('https://');

  /**
   * Hands over what was unfinished when its sign-in ran out. Whoever presses "start again" a second time, because no
   * answer came, begins another sign-in: the one before has it, and it comes along again.
   *
   * @returns the page at which it goes on; undefined where there is nothing.
   */
  async function takeAlong(ctx: Context, from: string, to: string): Promise<string | undefined> {
    const { device } = senderOf(ctx);
    const before = (await ended.find(from, device))?.goesOnIn;
    // The answer that said so was lost.
    if (before?.uid === to) return before.page;
    // What was proved before is proved in this sign-in from now on.
    if (!(await keepToBrowser(ctx))) return undefined;
    const page = await adopt(before?.uid ?? from, to);
    // Where that cannot be written, only who presses again is asked to sign in.
    if (page !== undefined) await ended.remember(from, device, { goesOnIn: { uid: to, page } }).catch(() => undefined);
    return page;
  }

  async function journeyOf(ctx: Context, interaction: Interaction): Promise<string> {
    const {
      uid,
      params,
      prompt: { name, reasons },
    } = interaction;
    tickets.issue(ctx, ticketOf(interaction));
    const wished = parseUiLocales(typeof params.ui_locales === 'string' ? params.ui_locales : undefined);
    if (wished !== undefined) honourUiLocales(ctx, wished, secure);
    if (name === 'consent') return 'consent';

    const page = await tickets.takeCarried(ctx, String(params.client_id), (from) => takeAlong(ctx, from.uid, uid));
    // By now the ticket says whose it is.
    if (page !== undefined) {
      tickets.issue(ctx, ticketOf(interaction));
      return page;
    }
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
