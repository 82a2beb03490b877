import type { Middleware } from 'koa';
import type Provider from 'oidc-provider';
import current from 'oidc-provider/lib/helpers/als.js';
import Router from 'oidc-provider/lib/helpers/router.js';

const METHODS = ['get', 'post', 'put', 'delete', 'options'] as const;

/**
 * Makes a provider that gives each request its `ctx.oidc` as a plain property. The library defines one with a getter of
 * its own for each: V8 turns the context into a dictionary then, slow to look into for the rest of the request, and
 * makes the pair behind the getter an old object, by which all that belonged to the request is kept until everything is
 * collected (docs/performance.md).
 *
 * @param make  constructs the provider; while it does, the first step of each address is replaced by one that does the
 *   same.
 */
export function withPlainContext(make: () => Provider): Provider {
  let provider: Provider | undefined;
  const ensureOIDC: Middleware = (ctx, next) => {
    if (provider === undefined) throw new Error('asked before it was made');
    ctx.oidc = new (provider as Provider & { readonly OIDCContext: new (of: typeof ctx) => unknown }).OIDCContext(ctx);
    return current.run(ctx, next);
  };

  const { prototype } = Router;
  const usual = METHODS.map((method) => [method, prototype[method]] as const);
  for (const [method, register] of usual) {
    prototype[method] = function (name, path, first, ...further) {
      if (first.name !== ensureOIDC.name) throw new Error(`the library begins ${name} in another way: look at it anew`);
      return register.call(this, name, path, ensureOIDC, ...further);
    };
  }
  try {
    provider = make();
    return provider;
  } finally {
    for (const [method, register] of usual) prototype[method] = register;
  }
}
