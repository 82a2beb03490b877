import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC, Session } from 'oidc-provider';

type Asked = Partial<Pick<KoaContextWithOIDC, 'oidc'>> & Pick<KoaContextWithOIDC, 'res'>;
type Brought = Session & { readonly id: string; readonly new?: boolean };

/**
 * The library tells the browser its session's cookie with each answer, since one that is remembered ends a while after its last use. One that ends with the
 * browser has no end to be told: where the browser has just brought the very cookie, signed by the key of today, the answer goes without it.
 */
export function leaveTransientCookie(provider: Provider): void {
  const name = provider.cookieName('session');
  const isSignedAnew = ({ res }: Asked): boolean => [res.getHeader('set-cookie') ?? []].flat().some((one) => String(one).startsWith(`${name}.sig=`));
  const model = provider.Session as unknown as { get: (ctx: Asked) => Promise<Brought> };
  const { get } = model;

  model.get = async function (ctx) {
    const session = await get.call(this, ctx);
    const cookies = ctx.oidc?.cookies;
    if (cookies === undefined || session.new === true || session.transient !== true || isSignedAnew(ctx)) return session;
    const { id: brought } = session;
    const set = cookies.set.bind(cookies);
    cookies.set = (told, value, options): undefined => {
      if (told !== name || value !== brought || session.transient !== true) set(told, value, options);
    };
    return session;
  };
}
