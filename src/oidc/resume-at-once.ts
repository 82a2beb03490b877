import type { Context, Middleware } from 'koa';
import compose from 'koa-compose';
import type Provider from 'oidc-provider';
import type { CookieSigner } from '../crypto/cookie-signer.ts';
import { wayBackOf } from '../web/way-back.ts';

/**
 * The way back to the service within the answer to the last form of a sign-in: as if the browser had followed to
 * `/auth/:uid` already, which on a slow network is a way less.
 *
 * The form has proved that this is the browser of the sign-in, by a signed cookie of its own; the one for `/auth/:uid`
 * was set beside it and is not sent to the form. Where something of ours fails on the way, the browser goes the way
 * itself: loading that page again asks for no password.
 *
 * @param protocol  what answers there.
 */
export function resumeAtOnce(
  provider: Provider,
  cookieSigner: Pick<CookieSigner, 'sign'>,
  protocol: readonly Middleware[],
): Middleware {
  const answer = compose([...protocol]);
  const authorization = provider.pathFor('authorization');
  const nobody = (): Promise<void> => Promise.resolve();

  /** @returns the status of what was answered. */
  async function goOn(ctx: Context, path: string): Promise<number> {
    const { method, url } = ctx;
    const { headers } = ctx.req;
    const { cookie } = headers;
    const name = provider.cookieName('resume');
    const mark = `${name}=${path.slice(authorization.length + 1)}`;
    ctx.method = 'GET';
    ctx.url = path;
    headers.cookie = [cookie, mark, `${name}.sig=${cookieSigner.sign(mark)}`]
      .filter((one) => one !== undefined)
      .join('; ');
    try {
      await answer(ctx, nobody);
      return ctx.status;
    } catch {
      return 500;
    } finally {
      ctx.method = method;
      ctx.url = url;
      headers.cookie = cookie;
    }
  }

  return async (ctx, next) => {
    await next();
    const wayBack = wayBackOf(ctx);
    if (wayBack === undefined) return;
    const path = new URL(wayBack.home).pathname;
    const status = path.startsWith(`${authorization}/`) ? await goOn(ctx, path) : 500;
    if (status < 400 && ctx.response.get('location') !== wayBack.ended) return;
    ctx.body = null;
    ctx.remove('Retry-After');
    ctx.status = 303;
    // Over already, by another press of the button: single sign-on leads to the same end.
    ctx.redirect(status < 500 ? wayBack.again : wayBack.home);
  };
}
