import type { Context, Middleware } from 'koa';
import Router from 'koa-router';
import type Provider from 'oidc-provider';
import type { Clock } from '../ports/clock/clock.ts';
import type { Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import { Refused } from '../web/refused.ts';
import { seeOther } from '../web/see-other.ts';
import { senderOf } from '../web/sender.ts';
import { addCheckPages, type CheckPagesDeps } from './check-pages.ts';
import { addSandboxSignIn, type SandboxSignInDeps } from './sign-in.ts';

const HOME = '/sandbox';

export interface SandboxDeps extends SandboxSignInDeps, CheckPagesDeps {
  readonly provider: Provider;
  readonly checks: CheckPagesDeps['checks'];
  readonly enabled: boolean;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly clock: Clock;
  /** What stands in front of the protocol at the sign-on as well. */
  readonly before: readonly Middleware[];
}

/** Runs one after the other, as Koa does, where the list may still grow. */
const chain = (ctx: Context, all: readonly Middleware[], last: () => Promise<void>): Promise<void> =>
  all.reduceRight<() => Promise<void>>(
    (next, one) => async () => {
      await one(ctx, next);
    },
    last,
  )();

/**
 * Everything below `/sandbox`: its pages, then its protocol. Nothing behind it answers for an address of the sandbox.
 */
export function createSandbox({
  enabled,
  provider,
  counters,
  limits,
  clock,
  before,
  ...deps
}: SandboxDeps): Middleware {
  const router = new Router();
  // Whoever opens the issuer by hand wants to know what it is.
  router.get(HOME, (ctx) => {
    seeOther(ctx, '/docs/sandbox');
  });
  addSandboxSignIn({ provider, ...deps })(router);
  addCheckPages(deps)(router);
  const pages = [router.routes(), router.allowedMethods()] as unknown as readonly Middleware[];

  async function count(ctx: Context): Promise<void> {
    const { network } = senderOf(ctx);
    if (network === undefined) return;
    const { refused, resetsAt } = await counters.take(limits.sandbox.network, network);
    if (!refused) return;
    const seconds = Math.max(1, Math.ceil(((resetsAt?.getTime() ?? 0) - clock.now().getTime()) / 1000));
    throw new Refused(429, 'errors.limited', { params: { seconds }, retryAfterSeconds: seconds });
  }

  return async (ctx, next) => {
    if (ctx.path !== HOME && !ctx.path.startsWith(`${HOME}/`)) {
      await next();
      return;
    }
    if (!enabled) throw new Refused(404, 'errors.not-found');
    // Every page from here on says that nothing of it is real.
    ctx.state.sandbox = true;
    await count(ctx);
    await chain(ctx, [...pages, ...before], async () => {
      const { path } = ctx;
      ctx.path = path.slice(HOME.length) || '/';
      // The library writes its addresses with it.
      Object.assign(ctx, { mountPath: HOME });
      try {
        await chain(ctx, provider.middleware, () => Promise.resolve());
      } finally {
        ctx.path = path;
      }
    });
  };
}
