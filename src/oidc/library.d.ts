/**
 * What the library is made of and says nothing about; of another version these may be something else (plain-context.ts
 * looks).
 */
declare module 'oidc-provider/lib/helpers/router.js' {
  import type { Middleware } from 'koa';

  type Register = (this: Router, name: string, path: string, first: Middleware, ...further: Middleware[]) => Router;
  export default class Router {
    get: Register;
    post: Register;
    put: Register;
    delete: Register;
    options: Register;
  }
}

declare module 'oidc-provider/lib/helpers/als.js' {
  import type { AsyncLocalStorage } from 'node:async_hooks';
  import type { Context } from 'koa';

  const current: AsyncLocalStorage<Context>;
  export default current;
}
