import { readFileSync } from 'node:fs';
import Koa, { type Middleware } from 'koa';
import type { Clock } from '../../ports/clock/clock.ts';
import { systemRandom } from '../../ports/random/random.ts';
import type { SampleClient } from './clients.ts';
import { explanation, within, type Frame } from './pages.ts';
import { createRelyingParty } from './relying-party.ts';
import { createSite, localeOf, type SiteDeps } from './site.ts';

const publicFile = (name: string, type: string) => ({
  type,
  body: readFileSync(new URL(`./public/${name}`, import.meta.url)),
});
const publicFiles = new Map([
  ['/public/sample.css', publicFile('sample.css', 'css')],
  ['/public/icon.svg', publicFile('icon.svg', 'svg')],
]);

/** No script at all; the sign-out form ends at the sign-on, and Chromium applies `form-action` to redirects too. */
function headers(issuer: string): Middleware {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    `form-action 'self' ${new URL(issuer).origin}`,
    "frame-ancestors 'none'",
  ].join('; ');
  return async (ctx, next) => {
    ctx.set({
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    });
    await next();
  };
}

/**
 * Cookies and redirect addresses belong to one host name; asking by another (127.0.0.1, a forged one) starts over
 * there.
 */
function oneHost(url: string): Middleware {
  const { host } = new URL(url);
  return async (ctx, next): Promise<void> => {
    if (ctx.host === host) {
      await next();
      return;
    }
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.status = 421;
      return;
    }
    const target = new URL(url);
    target.pathname = ctx.path;
    target.search = ctx.search;
    ctx.redirect(target.href);
  };
}

const serveFiles: Middleware = async (ctx, next): Promise<void> => {
  const file = publicFiles.get(ctx.path);
  if (file === undefined || ctx.method !== 'GET') {
    await next();
    return;
  }
  ctx.set('Cache-Control', 'no-cache');
  ctx.type = file.type;
  ctx.body = file.body;
};

function explainFailures({ clients, log }: { clients: readonly SampleClient[]; log: SiteDeps['log'] }): Middleware {
  return async (ctx, next) => {
    const client = clients.findLast(({ base }) => ctx.path === base || ctx.path.startsWith(within(base, '/')));
    const frame: Frame | undefined = client && {
      client,
      others: clients.filter((other) => other !== client),
      locale: localeOf(ctx),
    };
    try {
      await next();
      if (ctx.status !== 404 || frame === undefined) return;
      ctx.type = 'html';
      ctx.body = explanation(frame, 'missing', false);
      ctx.status = 404;
    } catch (error) {
      if (frame === undefined) throw error;
      log.warn({ err: error }, 'the sample service failed');
      ctx.status = 500;
      ctx.type = 'html';
      ctx.body = explanation(frame, 'failed', false);
    }
  };
}

export interface AppDeps {
  readonly issuer: string;
  readonly clients: readonly SampleClient[];
  readonly clock: Clock;
  readonly log: SiteDeps['log'];
  readonly url: string;
}

/** What happens to a request. */
export function createApp({ issuer, clients, clock, log, url }: AppDeps): Koa {
  const app = new Koa();
  app.use(headers(issuer));
  app.use(oneHost(url));
  app.use(serveFiles);
  app.use(explainFailures({ clients: clients.toSorted((a, b) => a.base.length - b.base.length), log }));
  // Services lead to one another; their test stages stand by themselves.
  const live = clients.filter((client) => client.issuer === undefined);
  for (const client of clients) {
    const relyingParty = createRelyingParty({
      issuer: client.issuer ?? issuer,
      client,
      redirectUri: `${url}${within(client.base, '/callback')}`,
      postLogoutRedirectUri: `${url}${client.base}`,
      clock,
      log,
    });
    app.use(
      createSite({
        client,
        others: live.filter((other) => other !== client && client.issuer === undefined),
        relyingParty,
        clock,
        random: systemRandom,
        log,
      }).routes() as Middleware,
    );
  }
  return app;
}
