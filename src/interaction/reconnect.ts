import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { Config } from '../config.ts';
import { senderOf } from '../web/sender.ts';
import type { Ticket } from './ticket.ts';

/**
 * Whether the sign-in of this uid came to its end a moment ago in this browser, and nobody else has signed in there since. The browser then has its session, should
 * the answer with its cookie have been lost: the button was pressed again before it came, or whoever answered died with it.
 */
export type Reconnect = (ctx: Context, uid: string) => Promise<boolean>;

export interface ReconnectDeps {
  readonly provider: Provider;
  /** Says to which session, by its uid, the sign-in of this uid led a moment ago in this browser. */
  readonly ended: { find(uid: string, device: string): Promise<string | undefined> };
  readonly config: Pick<Config, 'http'>;
}

export function createReconnect({ provider, ended, config }: ReconnectDeps): Reconnect {
  const secure = config.http.issuer.startsWith('https://');
  return async (ctx, uid) => {
    if (ctx.cookies.get(provider.cookieName('interaction'), { signed: true }) !== uid) return false;
    const sessionUid = await ended.find(uid, senderOf(ctx).device);
    const [session, present] = await Promise.all([sessionUid === undefined ? undefined : provider.Session.findByUid(sessionUid), provider.Session.get(ctx)]);
    if (session?.accountId === undefined) return false;
    if (present.accountId !== undefined) return present.accountId === session.accountId;
    const expires = session.transient === true ? undefined : new Date(session.exp * 1000);
    ctx.cookies.set(provider.cookieName('session'), session.jti, { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true, expires });
    return true;
  };
}

/** The same request once more, without what has just been asked of the person. */
export function answeredParams({ params }: Ticket): Readonly<Record<string, string>> {
  const { prompt, ...rest } = params;
  const left = (prompt ?? '').split(' ').filter((one) => one !== '' && one !== 'login' && one !== 'create');
  return left.length === 0 ? rest : { ...rest, prompt: left.join(' ') };
}
