import type { Context, Middleware } from 'koa';
import type { LogEvent } from '../domain/log-event.ts';
import type { Random } from '../ports/random/random.ts';
import type { Log } from '../telemetry/log.ts';
import { anonymousPath } from './anonymous-path.ts';
import { errorScreen, type ErrorModel, type ErrorPlace } from './error-screen.ts';
import { helpCodeOf, markErrorShown } from './help-code.ts';
import { Refused } from './refused.ts';
import { renderScreen } from './render.ts';
import { say, type Sentence } from './screen.ts';

/** How the rest of the product names its failures; nothing here depends on message texts. */
interface Failure {
  readonly status: number;
  readonly text: Sentence;
  readonly retryAfterSeconds?: number;
  readonly unexpected: boolean;
}

/** When to come back, where nobody knows better. */
export const BUSY_SECONDS = 5;
const byStatus: Readonly<Record<number, string>> = {
  403: 'errors.forbidden',
  404: 'errors.not-found',
  405: 'errors.method',
  413: 'errors.too-large',
};

function judge(error: unknown, isDatabaseAway: (error: unknown) => boolean): Failure {
  if (error instanceof Refused) {
    const retry = error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds };
    return { status: error.status, text: say(error.key, error.params), unexpected: false, ...retry };
  }
  const { code, retryAfterSeconds, status, expose } = error as {
    code?: unknown;
    retryAfterSeconds?: number;
    status?: number;
    expose?: boolean;
  };
  if (code === 'HASHING_BUSY') {
    const seconds = retryAfterSeconds ?? BUSY_SECONDS;
    return { status: 503, text: say('errors.busy', { seconds }), retryAfterSeconds: seconds, unexpected: false };
  }
  if (isDatabaseAway(error))
    return {
      status: 503,
      text: say('errors.busy', { seconds: BUSY_SECONDS }),
      retryAfterSeconds: BUSY_SECONDS,
      unexpected: true,
    };
  if (expose === true && status !== undefined)
    return { status, text: say(byStatus[status] ?? 'errors.oidc.request'), unexpected: false };
  return { status: 500, text: say('errors.internal'), unexpected: true };
}

const everywhere: ErrorPlace = { home: { url: '/', label: say('errors.home') }, draw: errorScreen };

export interface ErrorPageDeps {
  readonly log: Log;
  readonly random: Random;
  readonly isDatabaseAway: (error: unknown) => boolean;
}

export type ShowError = (
  ctx: Context,
  failure: Pick<ErrorModel, 'status' | 'text' | 'detail'>,
  options?: { back?: ErrorModel['back'] },
) => Promise<void>;

/** Draws one error, as page or as JSON, with a code that finds the log entry; never a stack. */
export function createShowError({ log, random }: Pick<ErrorPageDeps, 'log' | 'random'>): ShowError {
  return async (ctx, { status, text, detail }, { back } = {}) => {
    const helpCode = helpCodeOf(ctx, random);
    markErrorShown(ctx);
    log.warn(
      {
        event: 'error.shown' satisfies LogEvent,
        helpCode,
        status,
        sentence: text.key,
        oauthError: detail?.error,
        path: anonymousPath(ctx.path),
        requestId: ctx.state.requestId as string,
      },
      'an error page was shown',
    );
    ctx.set('Cache-Control', 'no-store');
    ctx.status = status;
    if (ctx.accepts('html', 'json') === 'json') {
      ctx.body = { error: detail?.error ?? text.key.replace(/^errors\./, ''), help_code: helpCode };
      return;
    }
    const { home, draw } = (ctx.state.errorPlace as ErrorPlace | undefined) ?? everywhere;
    const reload = { url: ctx.path, label: say('errors.reload') };
    const again = status === 503 || text.key === 'errors.stale-form';
    await renderScreen(ctx, draw({ status, text, helpCode, back: back ?? (again ? reload : home), detail }), {
      status,
    });
  };
}

/** Whoever sent it hung up in the middle: nobody waits for an answer, and the broken connection is theirs. */
const isGivenUp = ({ req }: Context): boolean => !req.complete && (req.destroyed || req.socket.destroyed);

const GIVEN_UP = 'a request was given up while it was sent';

/** Whoever asked hung up before the answer was out. */
const LEFT: readonly unknown[] = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE'];
const isLeft = (error: unknown, { req, res }: Context): boolean =>
  LEFT.includes((error as { code?: unknown } | null)?.code) && req.socket.destroyed && !res.writableFinished;

/** For Koa's `error` event: what went wrong beside the answer, or after it. */
export const reportTo =
  (log: Log) =>
  (error: unknown, ctx?: Context): void => {
    if (ctx !== undefined && isGivenUp(ctx))
      log.debug({ err: error, requestId: ctx.state.requestId as string }, GIVEN_UP);
    else if (ctx !== undefined && isLeft(error, ctx))
      log.debug({ err: error, requestId: ctx.state.requestId as string }, 'nobody waited for the answer');
    else log.error({ err: error }, 'an answer failed');
  };

/** The one place where what went wrong becomes an answer. */
export function errorPage({ log, isDatabaseAway }: ErrorPageDeps, showError: ShowError): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body == null) throw new Refused(404, 'errors.not-found');
      // 501 is the router's word for methods that no page here has.
      if ((ctx.status === 405 || ctx.status === 501) && ctx.body == null) throw new Refused(405, 'errors.method');
    } catch (error) {
      // A form that we stopped reading looks given up as well.
      if (!(error instanceof Refused) && isGivenUp(ctx)) {
        log.debug({ err: error, requestId: ctx.state.requestId as string }, GIVEN_UP);
        return;
      }
      const failure = judge(error, isDatabaseAway);
      if (failure.unexpected) log.error({ err: error, requestId: ctx.state.requestId as string }, 'request failed');
      if (failure.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(failure.retryAfterSeconds));
      await showError(ctx, { status: failure.status, text: failure.text, detail: undefined });
    }
  };
}
