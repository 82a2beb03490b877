import type { Middleware } from 'koa';
import type Provider from 'oidc-provider';
import { form, type FormState } from '../web/form.ts';
import { seeOther } from '../web/see-other.ts';

/**
 * A service may send its requests by POST (OpenID Connect Core, 3.1.2.1; RP-Initiated Logout, 2). Browsers keep our
 * cookies from the POST of another site, and with them who is signed in; so the answer leads to the same request by
 * GET, where they come along.
 */
export function postAsGet(provider: Provider, { limitBytes }: { readonly limitBytes: number }): Middleware {
  const read = form({ limitBytes });
  const paths = new Set([provider.pathFor('authorization'), provider.pathFor('end_session')]);
  return async (ctx, next) => {
    if (ctx.method !== 'POST' || !paths.has(ctx.path)) {
      await next();
      return;
    }
    await read(ctx, () => {
      // What stands there twice does so in the address: several APIs are meant (`resource`), anything else the library
      // refuses.
      const parameters = new URLSearchParams(
        [...(ctx.state as FormState).boxes].flatMap(([name, values]) =>
          values.map((value): [string, string] => [name, value]),
        ),
      );
      ctx.set('Cache-Control', 'no-store');
      seeOther(ctx, `${ctx.path}?${parameters.toString()}`);
      return Promise.resolve();
    });
  };
}
