import { readFileSync } from 'node:fs';
import type { Context, Middleware } from 'koa';
import type { Metrics } from '../telemetry/metrics.ts';

/** New journeys are refused at the bound, what is under way only at this many times as much. */
const SPARED = 2;
/** When to come back: not all at the same second. */
const RETRY_SECONDS = { least: 5, most: 15 };

/** What a sign-in under way consists of, and what services and operators need to end one. */
const UNDER_WAY = new Set(['token', 'me', 'session', 'admin', 'api', 'reg', 'jwks', '.well-known', 'logos']);
/** What begins something, also where it comes by POST: a sign-in, a pushed one, a code for a device. */
const BEGINS = /^\/(?:auth|request|device\/auth)$/;
/** Who sends something that is waited for. A body of any other request nobody reads: it would never have arrived. */
const SENDS = new Set(['POST', 'PUT', 'PATCH']);
/**
 * The script of the code page looking how far the code has come: comfort, a dozen times for each person, which must not
 * crowd out their forms.
 */
const LOOKS = '/register/otp/delivery';
const ASSET = /\.(?:css|js|svg|png)$/;
/** Where programs ask, whatever they say they accept. */
const FOR_PROGRAMS = new Set(['token', 'me', 'request', 'api', 'reg', 'jwks', '.well-known']);

type Kind = 'new' | 'under-way';

const firstOf = (path: string): string => path.split('/', 2)[1] ?? '';

/** The pages of a sign-in that has begun, and the way on from it: the cookie of each is sent to these alone. */
const BEGUN = /^\/(?:interaction|auth)\/[\w-]{8,64}(?:\/|$)/;

const hasCookie = (ctx: Context, name: string): boolean =>
  ctx
    .get('cookie')
    .split('; ')
    .some((cookie) => cookie.startsWith(`${name}=`) && cookie.length > name.length + 1);

/** The names of cookies by which a browser shows what it is in the middle of. */
export interface JourneyCookies {
  /** Of a sign-in that has begun, at its own pages. */
  readonly underWay: readonly string[];
  /** Of who is signed in, or comes with the code of a device: nobody sends a form of ours without. */
  readonly session: string;
}

/**
 * Whether a request belongs to something begun, which is worth more than something new: a person has typed into it, or
 * a service waits for it. A form alone is no sign of it: anybody sends one to any address. Whoever makes up a cookie
 * besides wins nothing but his turn.
 */
export function kindOf(ctx: Context, { underWay, session }: JourneyCookies): Kind {
  const { path, method } = ctx;
  const first = firstOf(path);
  // Trials with invented people come last.
  if (first === 'sandbox' || BEGINS.test(path) || path.endsWith(LOOKS)) return 'new';
  if (UNDER_WAY.has(first) || ASSET.test(path)) return 'under-way';
  if (BEGUN.test(path)) return underWay.some((name) => hasCookie(ctx, name)) ? 'under-way' : 'new';
  return method === 'POST' && hasCookie(ctx, session) ? 'under-way' : 'new';
}

export interface OverloadDeps {
  /** Requests being worked on at once. */
  readonly requests: number;
  readonly lagMs: number;
  readonly eventLoop: { lagMs(): number };
  readonly cookies: JourneyCookies;
  readonly metrics: Pick<Metrics, 'refused'>;
}

export interface Overload {
  /** Lets a request in, or answers it by 503 at next to no cost. */
  readonly admit: Middleware;
  /**
   * Requests being worked on. One that is still being sent is not among them: whoever sends slowly uses up nobody's
   * place.
   */
  working(): number;
}

const template = readFileSync(new URL('../../views/errors/overloaded.html', import.meta.url), 'utf8');
/**
 * The page for one who followed a link, or who sent a form: parts of it are for one alone, each up to the next mark.
 */
const pageFor = (whom: 'link' | 'form'): Buffer =>
  Buffer.from(
    template.replaceAll(/<!-- (link|form|both) -->\n([^]*?)(?=<!-- |$)/g, (_part, part: string, text: string) =>
      part === whom || part === 'both' ? text : '',
    ),
  );
const page = pageFor('link');
/** A link to try again would lose what somebody has typed; a reload sends it once more. */
const pageForForms = pageFor('form');
const forPrograms = Buffer.from(
  JSON.stringify({
    error: 'temporarily_unavailable',
    error_description: 'too many requests at once; come back after Retry-After seconds',
  }),
);

function turnAway(ctx: Context): void {
  const { least, most } = RETRY_SECONDS;
  ctx.status = 503;
  ctx.set({
    'Retry-After': String(least + Math.floor(Math.random() * (most - least + 1))),
    'Cache-Control': 'no-store',
  });
  if (FOR_PROGRAMS.has(firstOf(ctx.path)) || ctx.path === '/device/auth' || ctx.accepts('html', 'json') === 'json') {
    // Apps in browsers ask from their own origin, and there is nothing to hide.
    ctx.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'Retry-After' });
    ctx.type = 'json';
    ctx.body = forPrograms;
    return;
  }
  ctx.type = 'html';
  ctx.body = ctx.method === 'POST' ? pageForForms : page;
}

/** Refuses early and says so, rather than keep everybody waiting for what nobody gets (docs/adr/0026-overload.md). */
export function createOverload({ requests, lagMs, eventLoop, cookies, metrics }: OverloadDeps): Overload {
  let working = 0;

  /** Counts until the answer is made; and not while the body is still on its way. */
  function count({ req }: Context): () => void {
    let counted = false;
    let done = false;
    const begin = (): void => {
      if (counted || done) return;
      counted = true;
      working += 1;
    };
    const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined;
    if (req.complete || !hasBody || !SENDS.has(req.method ?? '')) begin();
    else req.once('end', begin);
    return () => {
      done = true;
      req.off('end', begin);
      if (counted) working -= 1;
      counted = false;
    };
  }

  const reasonAgainst = (kind: Kind): 'requests' | 'lag' | undefined => {
    const factor = kind === 'new' ? 1 : SPARED;
    if (working >= requests * factor) return 'requests';
    return eventLoop.lagMs() > lagMs * factor ? 'lag' : undefined;
  };

  return {
    working: () => working,
    admit: async (ctx, next) => {
      const kind = kindOf(ctx, cookies);
      const reason = reasonAgainst(kind);
      if (reason !== undefined) {
        metrics.refused(kind, reason);
        turnAway(ctx);
        return;
      }
      const leave = count(ctx);
      try {
        await next();
      } finally {
        leave();
      }
    },
  };
}
