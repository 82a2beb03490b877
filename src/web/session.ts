import { createHash } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import type { Config } from '../config.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { AccountId } from '../domain/account.ts';
import { satisfies as satisfiesAcr } from '../domain/assurance.ts';
import { PORTAL_CLIENT_ID } from '../domain/client.ts';
import { epochSeconds } from '../domain/session.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';
import { lookAgain } from './let-in.ts';
import { localeOf } from './locale.ts';
import { Refused } from './refused.ts';
import { seeOther } from './see-other.ts';

/** Where our own pages sign out. No address to come back to: the page there says which services have answered. */
export const SIGN_OUT = '/session/end';

/** Who is signed in in this browser, by the provider's session: the only one there is. */
export interface PresentSession {
  readonly accountId: AccountId;
  readonly acr: string | undefined;
  /**
   * When the last of the sign-in was proved, in seconds since 1970: the password, or the second factor that followed
   * it.
   */
  readonly provedAt: number;
}

/** What a page asks of the sign-in behind it. */
export interface Demand {
  /** The page to begin at, where the request itself cannot be made again because it was a form. */
  readonly home: string;
  /** How long ago the person may have proved themselves. */
  readonly maxAgeSeconds?: number | undefined;
  /** The level of assurance that the sign-in must have. */
  readonly acr?: string | undefined;
  /**
   * Where those come back to who turn back on the way: a page that asks for less than this one, or they would go round
   * in a circle.
   */
  readonly turnedBack?: string | undefined;
}

export interface Sessions {
  /** Leads through the front door and on to a path of ours. */
  toSignIn(ctx: Context, to: { readonly path: string; readonly prompt?: 'create' } & Partial<Demand>): void;
  /** Lets in who is signed in as the page demands (`sessionOf`), and sends everybody else to sign in. */
  require(demand: Demand): Middleware;
  /** Who is signed in, however long ago; nobody is sent anywhere. */
  present(ctx: Context): Promise<PresentSession | undefined>;
  /** Where the sign-in comes back to. @throws {Refused} when it came back with less than the page demands. */
  back(ctx: Context): Promise<void>;
}

export interface SessionsDeps {
  /** The session that the cookie of the browser stands for, if its account still honours it. */
  readonly read: (ctx: Context) => Promise<PresentSession | undefined>;
  readonly sealer: Pick<Sealer, 'sealTicket' | 'openTicket'>;
  readonly random: Random;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http' | 'lifetimes'>;
}

type Way = { readonly path: string } & Pick<Demand, 'maxAgeSeconds' | 'acr' | 'turnedBack'>;

const HOME = '/';
/** What is longer would not fit into the cookies that remember the request. */
const LONGEST_PATH = 500;

const isWay = (value: object | undefined): value is Way =>
  value !== undefined && 'path' in value && typeof value.path === 'string';

/** The session that `require` has let in. */
export const sessionOf = (ctx: Context): PresentSession => ctx.state.session as PresentSession;

/**
 * Pages of ours that want to know who asks. They keep no login of their own: the portal, a client like any other, asks
 * `/auth`, and the session that the sign-in leaves behind is enough. It wants no tokens, so the verifier of the code is
 * thrown away and the code with it. The way on travels sealed in `state`: it cannot be bent, and each tab has its own.
 */
export function createSessions({ read, sealer, random, clock, config }: SessionsDeps): Sessions {
  const { issuer } = config.http;

  const satisfies = (session: PresentSession, { maxAgeSeconds, acr }: Pick<Demand, 'maxAgeSeconds' | 'acr'>): boolean =>
    (acr === undefined || satisfiesAcr(session.acr, acr)) &&
    (maxAgeSeconds === undefined || epochSeconds(clock.now()) - session.provedAt <= maxAgeSeconds);

  const toSignIn: Sessions['toSignIn'] = (ctx, { path, prompt, maxAgeSeconds, acr, turnedBack }) => {
    const way: Way = { path, maxAgeSeconds, acr, turnedBack };
    const request = new URLSearchParams({
      client_id: PORTAL_CLIENT_ID,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${issuer}/portal/return`,
      code_challenge: createHash('sha256').update(random.bytes(32)).digest('base64url'),
      code_challenge_method: 'S256',
      // As long as an unfinished sign-in can be taken up again.
      state: sealer.sealTicket('way-back', way, addSeconds(clock.now(), config.lifetimes.resumeSeconds)),
      ui_locales: localeOf(ctx),
      ...(prompt === undefined ? {} : { prompt }),
      ...(maxAgeSeconds === undefined ? {} : { max_age: String(maxAgeSeconds) }),
      ...(acr === undefined ? {} : { acr_values: acr }),
    });
    ctx.set('Cache-Control', 'no-store');
    seeOther(ctx, `/auth?${request.toString()}`);
  };

  return {
    toSignIn,

    require: (demand) => async (ctx, next) => {
      ctx.set('Cache-Control', 'no-store');
      const find = async (before?: AccountId): Promise<PresentSession | undefined> => {
        const session = await read(ctx);
        if (
          session !== undefined &&
          satisfies(session, demand) &&
          (before === undefined || session.accountId === before)
        )
          return session;
        // Not `ctx.url`: a request line may name another host, and what is sealed here would lead there.
        const path = `${ctx.path}${ctx.search}`;
        toSignIn(ctx, { ...demand, path: ctx.method === 'GET' && path.length <= LONGEST_PATH ? path : demand.home });
        return undefined;
      };
      await lookAgain(ctx, async () => (await find(sessionOf(ctx).accountId)) !== undefined);
      const session = await find();
      if (session === undefined) return;
      ctx.state.session = session;
      await next();
    },

    present: read,

    async back(ctx) {
      ctx.set('Cache-Control', 'no-store');
      const { state, error } = ctx.query;
      const way = sealer.openTicket('way-back', typeof state === 'string' ? state : '', clock.now());
      const session = await read(ctx);
      // An address that nobody here made, or no sign-in: the page would only ask again.
      if (!isWay(way) || session === undefined) {
        seeOther(ctx, HOME);
        return;
      }
      if (error !== undefined) {
        seeOther(ctx, way.turnedBack ?? HOME);
        return;
      }
      // Sent on, the person would come back here in a circle.
      if (!satisfies(session, way)) throw new Refused(403, 'errors.sign-in-too-weak');
      seeOther(ctx, way.path);
    },
  };
}
