import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { Config } from '../config.ts';
import type { SignInEnd } from '../domain/sign-in-end.ts';
import type { Random } from '../ports/random/random.ts';
import { seeOther } from '../web/see-other.ts';
import { senderOf } from '../web/sender.ts';
import type { Interaction } from './entrance.ts';
import type { AskedParams, Ticket } from './ticket.ts';

/** What came of a sign-in a moment ago, in this browser. */
export type Ending = Pick<SignInEnd, 'error' | 'secondFactor'> & {
  /** Whether the browser has the session that it led to. */
  readonly signedIn: boolean;
};

/** For who pressed the button again before the answer came, or whose answer was lost with whoever gave it. */
export interface Reconnect {
  /**
   * What came of the sign-in of this uid a moment ago in this browser, where nobody else has signed in there since.
   * Where it led to a session the browser has that now, should the answer with its cookie have been lost.
   */
  endingOf(ctx: Context, uid: string): Promise<Ending | undefined>;
  /**
   * Tells the service once more that the person turned back: the same words to the same request, by whichever way it
   * wants its answers.
   */
  turnBack(ctx: Context, ticket: Ticket, error: NonNullable<SignInEnd['error']>): Promise<void>;
  /**
   * The address of the same request, asked for in the way in which it came. By the former interface, which has scopes
   * of its own, it goes there again: it lets off what the protocol asks for, until its last day. What its service
   * pushed or signed is good once, and so is what is written for it here.
   */
  addressOf(request: Pick<Ticket, 'clientId' | 'params' | 'bridged' | 'pushed'>): Promise<string>;
}

export interface ReconnectDeps {
  readonly provider: Provider;
  /** Says what a sign-in came to a moment ago in this browser. */
  readonly ended: { find(uid: string, device: string): Promise<SignInEnd | undefined> };
  readonly pushAgain: (clientId: string, params: AskedParams) => Promise<string>;
  readonly random: Random;
  readonly config: Pick<Config, 'http'>;
}

/** The way from here to the service takes no longer. */
const ON_THE_WAY_SECONDS = 60;

export function createReconnect({ provider, ended, pushAgain, random, config }: ReconnectDeps): Reconnect {
  const secure = config.http.issuer.startsWith('https://');
  const cookie = { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true } as const;

  /** @returns whether the browser is signed in by that session. */
  async function giveSession(ctx: Context, sessionUid: string): Promise<boolean> {
    const [session, present] = await Promise.all([provider.Session.findByUid(sessionUid), provider.Session.get(ctx)]);
    if (session?.accountId === undefined) return false;
    if (present.accountId !== undefined) return present.accountId === session.accountId;
    const expires = session.transient === true ? undefined : new Date(session.exp * 1000);
    ctx.cookies.set(provider.cookieName('session'), session.jti, { ...cookie, expires });
    return true;
  }

  return {
    async endingOf(ctx, uid) {
      if (ctx.cookies.get(provider.cookieName('interaction'), { signed: true }) !== uid) return undefined;
      const end = await ended.find(uid, senderOf(ctx).device);
      if (end === undefined) return undefined;
      const { session, ...told } = end;
      const signedIn = session !== undefined && (await giveSession(ctx, session));
      // Signed out since, or somebody else is there: what was said on the way in is theirs no more.
      return session !== undefined && !signedIn ? undefined : { ...told, signedIn };
    },

    async turnBack(ctx, { params }, error) {
      const uid = random.uuid();
      const path = `${provider.pathFor('authorization')}/${uid}`;
      const Making = provider.Interaction as unknown as new (uid: string, made: object) => Interaction;
      await new Making(uid, {
        returnTo: `${config.http.issuer}${path}`,
        prompt: { name: 'login', reasons: [], details: {} },
        params,
        result: error,
      }).save(ON_THE_WAY_SECONDS);
      ctx.cookies.set(provider.cookieName('resume'), uid, { ...cookie, path });
      seeOther(ctx, path);
    },

    async addressOf({ clientId, params, bridged = false, pushed = false }) {
      const { scope: _translated, ...former } = params;
      const asked = pushed
        ? { client_id: clientId, request_uri: await pushAgain(clientId, params) }
        : bridged
          ? former
          : params;
      const written = Object.entries<string | readonly string[]>(asked).flatMap(([name, value]) =>
        [value].flat().map((one): [string, string] => [name, one]),
      );
      return `${provider.pathFor('authorization')}?${new URLSearchParams(written).toString()}`;
    },
  };
}

/** The same request once more, without what has just been asked of the person. */
export function answeredParams({ params }: Ticket, { secondFactor }: Pick<Ending, 'secondFactor'>): AskedParams {
  const { prompt = '', acr_values: levels, claims, ...rest } = params;
  const left = String(prompt)
    .split(' ')
    .filter((one) => one !== '' && one !== 'login' && one !== 'create');
  // What was merely wished for; the `claims` parameter is read for nothing else.
  const wished =
    secondFactor === 'declined'
      ? {}
      : { ...(levels === undefined ? {} : { acr_values: levels }), ...(claims === undefined ? {} : { claims }) };
  return { ...rest, ...wished, ...(left.length === 0 ? {} : { prompt: left.join(' ') }) };
}
