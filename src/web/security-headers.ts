import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import type { Context, Middleware } from 'koa';

interface PolicyState {
  formTargets?: readonly string[];
}

/**
 * Where forms of this page may lead besides ourselves. Chromium applies `form-action` to every redirect after a form,
 * so a page whose form ends at a service must name it, and services bounce on to hosts of their own choosing.
 */
export function allowFormTargets(ctx: Context, targets: readonly string[]): void {
  (ctx.state as PolicyState).formTargets = targets;
}

/**
 * Where forms of a sign-in may lead in the end. Services send people on to hosts that their registration does not name,
 * and Chromium stops a form at the first host that is not allowed: so any https page, and what development and apps
 * use.
 */
export function formTargetsOf(redirectUri: unknown): readonly string[] {
  if (typeof redirectUri !== 'string' || !URL.canParse(redirectUri)) return ['https:'];
  const { protocol, origin } = new URL(redirectUri);
  if (protocol === 'https:') return ['https:'];
  return protocol === 'http:' ? ['https:', origin] : ['https:', protocol];
}

type Step = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/** What it would set on an answer. It is the same on each, and is found out once. */
function headersOf(step: Step): readonly (readonly [string, string])[] {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  step(request, response, (error) => {
    if (error !== undefined) throw error as Error;
  });
  return Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
}

/**
 * The headers of every answer. The policy allows our own files and nothing else: no inline script or style, no other
 * host, no frame. `Referrer-Policy: same-origin` keeps `Origin` meaningful on our own forms, which `no-referrer`
 * would turn into `null`, and still tells other sites nothing.
 */
export function securityHeaders({ issuer }: { issuer: string }): Middleware {
  const secure = issuer.startsWith('https://');
  const headers = headersOf(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          'default-src': ["'none'"],
          'script-src': ["'self'"],
          'style-src': ["'self'"],
          'img-src': ["'self'"],
          'connect-src': ["'self'"],
          'manifest-src': ["'self'"],
          'base-uri': ["'none'"],
          'form-action': ["'self'"],
          'frame-ancestors': ["'none'"],
        },
      },
      crossOriginEmbedderPolicy: false,
      // Services may open the sign-in in a pop-up and wait for it to come home; a policy here would cut that tie.
      crossOriginOpenerPolicy: false,
      crossOriginResourcePolicy: { policy: 'same-origin' },
      hsts: secure ? { maxAge: 63_072_000, includeSubDomains: false } : false,
      frameguard: { action: 'deny' },
      referrerPolicy: { policy: 'same-origin' },
      // Nothing here says what it runs on.
      xPoweredBy: false,
    }),
  );
  return (ctx, next) => {
    for (const [name, value] of headers) ctx.res.setHeader(name, value);
    return next();
  };
}

/** Writes the wider `form-action` of a page that asked for one; runs inside `securityHeaders`. */
export const formTargets: Middleware = async (ctx, next) => {
  await next();
  const targets = (ctx.state as PolicyState).formTargets;
  const policy = ctx.response.get('content-security-policy');
  if (targets === undefined || policy === '') return;
  ctx.set(
    'content-security-policy',
    policy.replace("form-action 'self'", ["form-action 'self'", ...targets].join(' ')),
  );
};
