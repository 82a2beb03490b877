import { fileURLToPath } from 'node:url';
import Koa, { type Middleware } from 'koa';
import compress from 'koa-compress';
import type Router from 'koa-router';
import serve from 'koa-static';
import type { Container } from './container.ts';
import type { Handler } from './http-server.ts';
import { guardUserCodes } from './oidc/device-flow.ts';
import { postAsGet } from './oidc/post-as-get.ts';
import { createPrebuilt } from './oidc/prebuilt.ts';
import { addressesOf } from './oidc/provider.ts';
import { resumeAtOnce } from './oidc/resume-at-once.ts';
import { signOutFromAnywhere } from './oidc/sign-out.ts';
import { forgetRequest } from './oidc/state/request.ts';
import { isDatabaseAway } from './store/reconnect.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tracing } from './telemetry/tracing.ts';
import { asSpelled } from './web/as-spelled.ts';
import { errorPage, reportTo } from './web/error-page.ts';
import { filesOf } from './web/files.ts';
import { forwarded } from './web/forwarded.ts';
import { health, type Readiness } from './web/health.ts';
import { createTranslator } from './web/i18n.ts';
import { createLean } from './web/lean.ts';
import { letGo } from './web/let-go.ts';
import { locale } from './web/locale.ts';
import { serveLogos } from './web/logos.ts';
import { mirror } from './web/mirror.ts';
import type { Overload } from './web/overload.ts';
import { createRenderer } from './web/render.ts';
import { requestLog } from './web/request-log.ts';
import { formTargets, securityHeaders } from './web/security-headers.ts';
import { identifySender } from './web/sender.ts';
import { traced } from './web/traced.ts';

const PUBLIC = fileURLToPath(new URL('../public', import.meta.url));
const YEAR_MS = 31_536_000_000;

export interface AppDeps {
  /** What `/readyz` asks. */
  readonly readiness: Readiness;
  /** What requests are counted in. */
  readonly metrics: Metrics;
  /** Who is let in. */
  readonly overload: Pick<Overload, 'admit'>;
  /** Undefined traces nothing. */
  readonly tracing?: Tracing | undefined;
  /** Routers that exist outside production only. */
  readonly extra?: readonly Router[];
}

/** What happens to a request, from top to bottom. @returns who answers requests. */
export function createApp(
  container: Container,
  { readiness, metrics, overload, tracing, extra = [] }: AppDeps,
): Handler {
  const { config, log, random, cookieSigner, keyedHash, clock, provider, signingKeys, showError, routers } = container;
  const { issuer, trustProxy } = config.http;
  const secure = issuer.startsWith('https://');
  const identify = identifySender({ config, keyedHash, random });
  const lean = createLean({
    programs: ['token', 'userinfo', 'introspection', 'revocation', 'pushed_authorization_request'].map((name) =>
      provider.pathFor(name),
    ),
    authorization: provider.pathFor('authorization'),
  });
  const documents = createPrebuilt({ provider, signingKeys, config });
  const translator = createTranslator({
    timeZone: config.identity.timeZone,
    clock,
    strict: config.environment !== 'production',
    onMissing: (language, sentence) => {
      log.error({ language, sentence }, 'a sentence is missing');
    },
  });

  const app = new Koa({ proxy: true });
  app.keys = cookieSigner;
  app.on('error', reportTo(log));

  app.use(letGo(app, forgetRequest));
  app.use(health(readiness));
  app.use(mirror({ keyedHash, clock }));
  app.use(forwarded({ issuer, trustProxy }));
  if (tracing !== undefined) app.use(traced({ tracing, trustProxy }));
  app.use(requestLog({ log, random, metrics }));
  app.use(securityHeaders({ issuer }));
  app.use(documents.serve);
  app.use(overload.admit);
  app.use(container.receiptRoutes);
  // Programs that ask the protocol go on right to it, past what pages need and what stands in front of other addresses.
  app.use(
    lean.forPages([
      formTargets,
      compress(),
      locale({ secure }),
      createRenderer({ environment: config.environment, translator }),
      errorPage({ log, random, isDatabaseAway }, showError),
      asSpelled(addressesOf(provider)),
      lean.forOurPages([
        container.api,
        // Before anything sets a cookie: shared caches keep them.
        serveLogos({ find: (name) => container.store.clientLogos.findShown(name), clock }),
        filesOf(
          PUBLIC,
          serve(PUBLIC, {
            maxage: config.environment === 'production' ? YEAR_MS : 0,
            immutable: config.environment === 'production',
          }),
        ),
        identify,
        resumeAtOnce(provider, cookieSigner, [...container.front, ...provider.middleware]),
        container.console,
        container.sandbox,
        ...[...routers, ...extra].flatMap((router) => [router.routes(), router.allowedMethods()] as Middleware[]),
      ]),
      // What came of a sign-in is remembered for this browser.
      lean.forTheWayBack([identify]),
      postAsGet(provider, { limitBytes: config.http.bodyLimitBytes }),
      ...container.front,
      signOutFromAnywhere(provider),
      guardUserCodes(provider, container),
      documents.keep,
    ]),
  );
  for (const protocol of provider.middleware) app.use(protocol);

  const handle = app.callback();
  return (request, response) => {
    // What every service asks all the time needs none of the above.
    const status = documents.answer(request, response);
    if (status === undefined) return handle(request, response);
    metrics.request({ method: request.method ?? '', path: request.url ?? '', status, seconds: 0 });
  };
}

/** What monitoring asks, on an address of its own: nothing of it is for the public. */
export function createMonitoring(metrics: Pick<Metrics, 'text' | 'contentType'>, readiness: Readiness): Koa {
  const app = new Koa();
  app.use(health(readiness));
  app.use(async (ctx) => {
    if (ctx.path !== '/metrics') return;
    ctx.set('Content-Type', metrics.contentType);
    ctx.body = await metrics.text();
  });
  return app;
}
