import type { Context } from 'koa';
import type { Config } from '../config.ts';
import type { Sealer } from '../crypto/seal.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import { cookieName, pathCookieName } from '../web/cookies.ts';

/**
 * What a service asked for. An API each time (`resource`) where there are several; nothing else may stand there twice.
 */
export type AskedParams = Readonly<Record<string, string | readonly string[]>>;

/** The validated request, as far as it takes to make it again. */
export interface Ticket {
  readonly uid: string;
  readonly clientId: string;
  readonly params: AskedParams;
  /** Whether it came in the words of the former interface. */
  readonly bridged?: boolean;
  /** Whether its service pushed it, or signed it. */
  readonly pushed?: boolean;
  /** When the sign-in itself ran out: later the request is `expired`, before that it can only be `finished`. */
  readonly endsAt: number;
  /**
   * The browser in which something was proved there, by its mark. Undefined where nothing was, and for whoever else has
   * the cookies of the sign-in.
   */
  readonly browser?: string;
}

/**
 * Resume tickets: when a sign-in begins, its request goes sealed into a cookie of its own path. When the sign-in has
 * expired or is over, the ticket leads the same browser to the same request, with the service's own `state`.
 */
export interface Tickets {
  issue(ctx: Context, ticket: Ticket): void;
  read(ctx: Context, uid: string): Ticket | undefined;
  /**
   * Remembers for a few minutes that the next sign-in takes the place of this one, unfinished registration included.
   */
  carry(ctx: Context, ticket: Ticket): void;
  isCarrying(ctx: Context): boolean;
  /**
   * Hands over the ticket whose place a sign-in takes, once; where `take` fails, or it is of another service, it is
   * still there. @returns what `take` says; undefined where there is none.
   */
  takeCarried<T>(ctx: Context, clientId: string, take: (ticket: Ticket) => Promise<T>): Promise<T | undefined>;
}

/** What a cookie may hold in every browser, attributes and prefix left room for. */
const MOST_CHARACTERS = 3600;
const CARRY_SECONDS = 600;

/** Of the request: everything that says what was asked, nothing that was proof of who asked. */
const KEPT = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'ui_locales',
  'login_hint',
  'acr_values',
  'claims',
  'resource',
  'display',
  'dpop_jkt',
]);

const isAsked = (value: unknown): value is string | readonly string[] =>
  typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));

export const keptParams = (params: Readonly<Record<string, unknown>>): AskedParams =>
  Object.fromEntries(
    Object.entries(params).filter(
      (entry): entry is [string, string | readonly string[]] => KEPT.has(entry[0]) && isAsked(entry[1]),
    ),
  );

export function createTickets({
  sealer,
  clock,
  config,
}: {
  sealer: Sealer;
  clock: Clock;
  config: Pick<Config, 'http' | 'lifetimes'>;
}): Tickets {
  const secure = config.http.issuer.startsWith('https://');
  const attributes = { httpOnly: true, sameSite: 'lax', secure, signed: false, overwrite: true } as const;
  const ticketName = pathCookieName('resume', secure);
  const carryName = cookieName('carry', secure);
  const isTicket = (value: object | undefined): value is Ticket =>
    value !== undefined && 'uid' in value && 'params' in value;

  // Cookies of the browser session: at a shared computer they go with the window, whatever time the seal still has.
  return {
    issue(ctx, ticket) {
      const sealed = sealer.sealTicket('resume', ticket, addSeconds(clock.now(), config.lifetimes.resumeSeconds));
      if (sealed.length > MOST_CHARACTERS) return; // then only the service's own page leads on
      ctx.cookies.set(ticketName, sealed, { ...attributes, path: `/interaction/${ticket.uid}` });
    },
    read(ctx, uid) {
      const ticket = sealer.openTicket('resume', ctx.cookies.get(ticketName, { signed: false }) ?? '', clock.now());
      return isTicket(ticket) && ticket.uid === uid ? ticket : undefined;
    },
    carry(ctx, ticket) {
      const sealed = sealer.sealTicket('carry', { ...ticket, params: {} }, addSeconds(clock.now(), CARRY_SECONDS));
      // Asked for where the provider leads to the sign-in that takes its place.
      ctx.cookies.set(carryName, sealed, { ...attributes, path: '/' });
    },
    isCarrying: (ctx) => ctx.cookies.get(carryName, { signed: false }) !== undefined,
    async takeCarried(ctx, clientId, take) {
      const text = ctx.cookies.get(carryName, { signed: false });
      if (text === undefined) return undefined;
      const ticket = sealer.openTicket('carry', text, clock.now());
      // A tab at another service was faster: it waits for the sign-in for which it is meant.
      if (isTicket(ticket) && ticket.clientId !== clientId) return undefined;
      const taken = isTicket(ticket) ? await take(ticket) : undefined;
      ctx.cookies.set(carryName, null, { ...attributes, path: '/' });
      return taken;
    },
  };
}
