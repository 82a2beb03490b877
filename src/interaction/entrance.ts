import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import { PORTAL_CLIENT_ID, type Client } from '../domain/client.ts';
import { logoUrlOf } from '../domain/logo/logo.ts';
import type { ClientDirectory } from '../oidc/clients.ts';
import type { Clock } from '../ports/clock/clock.ts';
import { renderScreen } from '../web/render.ts';
import { Refused } from '../web/refused.ts';
import type { ServiceLabel } from '../web/screen.ts';
import { allowFormTargets, formTargetsOf } from '../web/security-headers.ts';
import { seeOther } from '../web/see-other.ts';
import { senderOf } from '../web/sender.ts';
import type { Reconnect } from './reconnect.ts';
import { endedScreen, type EndedReason } from './screens.ts';
import type { Ticket, Tickets } from './ticket.ts';

/** With what stands in it and the library says nothing about. */
export type Interaction = InstanceType<Provider['Interaction']> & {
  readonly bridged?: true;
  readonly parJti?: string;
  /** Whose it is, by the mark of the browser (`oidc/one-browser.ts`). */
  browser?: string | undefined;
};

/** What every handler below `/interaction/:uid` knows. */
export interface Entered {
  readonly uid: string;
  readonly interaction: Interaction;
  readonly clientId: string;
  readonly client: Client | undefined;
  /** The service to name on the page; undefined at the portal, which is no other place. */
  readonly service: ServiceLabel | undefined;
  /**
   * Writes into the ticket of the browser that something was proved in it: that alone is carried along when the sign-in
   * runs out, for the ticket may have been planted as well.
   */
  readonly markTicket: () => void;
  /** The sign-in as it stands now; undefined where it has ended. */
  readonly reread: () => Promise<Interaction | undefined>;
  /** Leads on who was overtaken: home where another press of the button has ended it, and to its address otherwise. */
  readonly leadOn: () => Promise<void>;
}

export interface EntranceDeps {
  readonly provider: Provider;
  readonly clients: ClientDirectory;
  readonly tickets: Tickets;
  readonly reconnect: Pick<Reconnect, 'endingOf'>;
  readonly clock: Clock;
}

const STATUS: Readonly<Record<EndedReason, number>> = { expired: 410, finished: 410, foreign: 403, 'no-cookies': 400 };

export const entered = (ctx: Context): Entered => ctx.state.entered as Entered;

/** The uid in the address; undefined where it is none. */
export const uidOf = (ctx: Context): string | undefined => /^\/interaction\/([\w-]{8,64})(?:\/|$)/.exec(ctx.path)?.[1];

export const interactionPath = (uid: string, step = ''): string =>
  step === '' ? `/interaction/${uid}` : `/interaction/${uid}/${step}`;

const labelOf = (client: Client | undefined): ServiceLabel | undefined =>
  client === undefined || client.id === PORTAL_CLIENT_ID
    ? undefined
    : { name: client.metadata.client_name, logo: logoUrlOf(client.metadata) };

/** Whether single sign-on would lead to the same end without a question. */
const isRepeatable = (ticket: Ticket | undefined): boolean =>
  ticket !== undefined && ticket.params.prompt === undefined && ticket.params.redirect_uri !== undefined;

/**
 * The buttons and links of a person who would rather not: they lead to the service with a no, which is not the end of
 * every other press.
 */
const turnsBack = ({ path }: Context): boolean => /\/(?:cancel|decline)$/.test(path);

/** Another press of the button was faster, and the sign-in has come to its end. */
export const isOver = (error: unknown): boolean => error instanceof Error && error.name === 'SessionNotFound';

/** Whether another press of the button has answered in this moment, and led the browser into its session. */
export async function isAnswered(provider: Provider, uid: string): Promise<boolean> {
  const now = await provider.Interaction.find(uid);
  return now === undefined || now.result?.login !== undefined;
}

/**
 * The sign-in goes on as if nobody had been signed in when it began. @returns false where it has come to its end, or
 * another press has written what stands there now.
 */
export async function stillOpenWithoutSession(interaction: Interaction): Promise<boolean> {
  interaction.session = undefined;
  try {
    await interaction.persist();
    return true;
  } catch (error) {
    if (isOver(error)) return false;
    throw error;
  }
}

/** The way into a sign-in: only for the browser that began it, only while it lasts. Everybody else gets a way on. */
export function createEntrance({ provider, clients, tickets, reconnect, clock }: EntranceDeps) {
  async function showEnded(ctx: Context, uid: string, reason: EndedReason): Promise<void> {
    const ticket = tickets.read(ctx, uid);
    const clientId = ticket?.clientId ?? (await provider.Interaction.find(uid))?.params.client_id;
    const client = typeof clientId === 'string' ? await clients.find(clientId) : undefined;
    const { initiate_login_uri: initiate, client_uri: home } = client?.metadata ?? {};
    const serviceHome = labelOf(client) === undefined ? undefined : (home ?? initiate);
    // A service takes each answer once: after a finished sign-in the same request would only meet its refusal.
    const repeatable = ticket !== undefined && !(reason === 'finished' && serviceHome !== undefined);
    const screen = endedScreen({
      reason,
      service: labelOf(client),
      resume: repeatable ? interactionPath(uid, 'resume') : undefined,
      serviceHome,
    });
    await renderScreen(ctx, screen, { status: STATUS[reason] });
  }

  /** What happened to a sign-in whose state is gone. */
  function reasonFor(ctx: Context, uid: string, hasCookie: boolean): EndedReason {
    const ticket = tickets.read(ctx, uid);
    if (ticket !== undefined) return clock.now().getTime() < ticket.endsAt ? 'finished' : 'expired';
    if (hasCookie) return 'expired';
    return ctx.get('cookie') === '' ? 'no-cookies' : 'foreign';
  }

  async function stillOpen(uid: string): Promise<Interaction | undefined> {
    const interaction = await provider.Interaction.find(uid);
    if (interaction?.session === undefined) return interaction;
    // The session that this sign-in began with may have ended in another tab; the sign-in goes on without it.
    const isSame =
      (await provider.Session.findByUid(interaction.session.uid))?.accountId === interaction.session.accountId;
    if (isSame || (await stillOpenWithoutSession(interaction))) return interaction;
    // Another press of this browser was faster, or has ended it: what stands there now is to be looked at.
    return stillOpen(uid);
  }

  /** A button was pressed, and what the first press led to is known or comes of itself. */
  async function leadsOn(ctx: Context, uid: string): Promise<boolean> {
    if (ctx.method === 'POST' && isRepeatable(tickets.read(ctx, uid))) return true;
    return (ctx.method === 'POST' || turnsBack(ctx)) && (await reconnect.endingOf(ctx, uid)) !== undefined;
  }

  function markTicket(ctx: Context, uid: string): void {
    const { device: browser } = senderOf(ctx);
    const ticket = tickets.read(ctx, uid);
    if (ticket !== undefined && ticket.browser !== browser) tickets.issue(ctx, { ...ticket, browser });
  }

  /** The second press of the last button: the first has led on already, and single sign-on leads there again. */
  async function leadOnFinished(ctx: Context, uid: string): Promise<boolean> {
    if (!(await leadsOn(ctx, uid))) return false;
    seeOther(ctx, interactionPath(uid, turnsBack(ctx) ? 'turned-back' : 'resume'));
    return true;
  }

  async function leadOn(ctx: Context, uid: string): Promise<void> {
    const isFinished = (await provider.Interaction.find(uid)) === undefined && reasonFor(ctx, uid, true) === 'finished';
    if (!(isFinished && (await leadOnFinished(ctx, uid)))) seeOther(ctx, interactionPath(uid));
  }

  const enter: Middleware = async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store');
    const uid = uidOf(ctx);
    if (uid === undefined) throw new Refused(404, 'errors.not-found');
    const hasCookie = ctx.cookies.get(provider.cookieName('interaction'), { signed: true }) === uid;
    const interaction = hasCookie ? await stillOpen(uid) : undefined;
    if (interaction === undefined) {
      const reason = reasonFor(ctx, uid, hasCookie);
      // Who comes without cookies may refuse them or never have been here: whether the first one comes back tells.
      if (reason === 'no-cookies' && ctx.method !== 'POST' && ctx.query.cookies !== 'asked') {
        seeOther(ctx, `${ctx.path}?cookies=asked`);
        return;
      }
      if (reason === 'finished' && (await leadOnFinished(ctx, uid))) return;
      await showEnded(ctx, uid, reason);
      return;
    }
    if (interaction.browser !== undefined && interaction.browser !== senderOf(ctx).device) {
      await showEnded(ctx, uid, 'foreign');
      return;
    }
    const clientId = String(interaction.params.client_id);
    const client = await clients.find(clientId);
    ctx.state.entered = {
      uid,
      interaction,
      clientId,
      client,
      service: labelOf(client),
      markTicket: () => {
        markTicket(ctx, uid);
      },
      reread: () => provider.Interaction.find(uid),
      leadOn: () => leadOn(ctx, uid),
    } satisfies Entered;
    allowFormTargets(ctx, formTargetsOf(interaction.params.redirect_uri));
    await next();
  };

  return { enter };
}
