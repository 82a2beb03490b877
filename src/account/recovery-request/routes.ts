import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { isOpen, type RecoveryRequest } from '../../domain/recovery-request.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { RecoveryRequests } from '../../recovery-request/service.ts';
import type { SecondFactors } from '../../second-factor/service.ts';
import { createAllFactors } from '../../web/all-factors.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { form } from '../../web/form.ts';
import { renderScreen } from '../../web/render.ts';
import { seeOther } from '../../web/see-other.ts';
import { sessionOf, type Sessions } from '../../web/session.ts';
import { linkScreen, openScreen, type LinkModel } from './screens.ts';

export interface RecoveryRequestRoutesDeps {
  readonly requests: Pick<RecoveryRequests, 'findByToken' | 'cancelByToken' | 'openOf' | 'cancelAllOf'>;
  readonly secondFactors: Pick<SecondFactors, 'isEnrolled'>;
  readonly sessions: Sessions;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http'>;
}

/** The letter to the holder has this address. */
const LINK = '/account/recovery-request';
const OPEN = `${LINK}/open`;
const LINK_SCOPE = 'account.recovery-request';
/** How recent the sign-in must be: a thief who has found a browser open cancels what its owner has asked for. */
const FRESH_SECONDS = 300;

/** Where the holder of an account objects to a request for it: by the link of the letter, or signed in. */
export function addRecoveryRequest({
  requests,
  secondFactors,
  sessions,
  csrf,
  clock,
  config,
}: RecoveryRequestRoutesDeps): (router: Router) => void {
  const tokenOf = (ctx: Context): string => (typeof ctx.query.token === 'string' ? ctx.query.token : '');
  const toShown = ({ number, filedAt, waitsUntil }: RecoveryRequest) => ({
    number,
    filedAt,
    waitsUntil,
    late: clock.now() >= waitsUntil,
  });

  async function showLink(ctx: Context): Promise<void> {
    const request = await requests.findByToken(tokenOf(ctx));
    const state: LinkModel['state'] =
      request === undefined
        ? 'nothing'
        : isOpen(request.state)
          ? 'ask'
          : // Whoever has just pressed the button hears what came of it; later the link is like any other.
            ctx.query.cancelled === 'yes'
            ? 'cancelled'
            : 'nothing';
    ctx.set('Cache-Control', 'no-store');
    await renderScreen(
      ctx,
      linkScreen({ state, request: request === undefined || state === 'nothing' ? undefined : toShown(request) }),
      { status: state === 'nothing' ? 410 : 200, csrf: csrf.token(ctx, LINK_SCOPE) },
    );
  }

  async function cancelByLink(ctx: Context): Promise<void> {
    await requests.cancelByToken(tokenOf(ctx));
    // Also the second press of the button hears that it is cancelled; the page looks whether that is so.
    seeOther(ctx, `${LINK}?${new URLSearchParams({ token: tokenOf(ctx), cancelled: 'yes' }).toString()}`);
  }

  const scope = (ctx: Context): string => `${LINK_SCOPE} ${sessionOf(ctx).accountId}`;

  async function showOpen(ctx: Context): Promise<void> {
    const open = await requests.openOf(sessionOf(ctx).accountId);
    await renderScreen(
      ctx,
      openScreen({ requests: open.map(toShown), cancelled: open.length === 0 && ctx.query.cancelled === 'yes' }),
      { csrf: csrf.token(ctx, scope(ctx)) },
    );
  }

  async function cancelAll(ctx: Context): Promise<void> {
    await requests.cancelAllOf(sessionOf(ctx).accountId);
    seeOther(ctx, `${OPEN}?cancelled=yes`);
  }

  return (router) => {
    const recent = createAllFactors({ sessions, isEnrolled: (id) => secondFactors.isEnrolled(id) })({
      home: OPEN,
      maxAgeSeconds: FRESH_SECONDS,
      turnedBack: '/',
    });
    const read = form({ limitBytes: config.http.bodyLimitBytes });

    // Opening the link changes nothing: scanners of mail open every link they see.
    router.get(LINK, showLink);
    router.post(
      LINK,
      read,
      guardForm(csrf, () => LINK_SCOPE),
      cancelByLink,
    );
    router.get(OPEN, recent, showOpen);
    router.post(OPEN, recent, read, guardForm(csrf, scope), cancelAll);
  };
}
