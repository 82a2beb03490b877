import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { acr } from '../../domain/assurance.ts';
import { PORTAL_CLIENT_ID } from '../../domain/client.ts';
import { createJoin } from '../../domain/double-press.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { SecondFactors } from '../../second-factor/service.ts';
import type { Store } from '../../store/store.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { field, form } from '../../web/form.ts';
import { renderScreen } from '../../web/render.ts';
import { retryAfter } from '../../web/retry-after.ts';
import { say, type Screen } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import { sessionOf, type Sessions } from '../../web/session.ts';
import { newRecoveryCodesScreen, removeScreen, securityScreen } from './screens.ts';

export interface SecurityRoutesDeps {
  readonly store: Pick<Store, 'transaction'>;
  readonly secondFactors: SecondFactors;
  readonly sessions: Sessions;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http'>;
}

const HOME = '/account/security';
/** How recent the sign-in must be that weakens an account: whoever finds a browser open must not be able to. */
const FRESH_SECONDS = 300;
/** Longer than two presses of one button are apart; so long the codes that were made stay in this process. */
const DOUBLE_PRESS_MS = 3000;

/** The person's own page about the second factor. Enrolling is signing in with one: the front door leads through it. */
export function addSecurity({
  store,
  secondFactors,
  sessions,
  csrf,
  clock,
  config,
}: SecurityRoutesDeps): (router: Router) => void {
  const scope = (ctx: Context): string => `account.security ${sessionOf(ctx).accountId}`;
  const show = (ctx: Context, screen: Screen, status = 200): Promise<void> =>
    renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, scope(ctx)) });
  const links = { back: HOME };
  const join = createJoin({ linger: () => delay(DOUBLE_PRESS_MS, undefined, { ref: false }) });

  async function overview(ctx: Context): Promise<void> {
    const standing = await secondFactors.standingOf(sessionOf(ctx).accountId);
    const changed =
      standing === undefined && ctx.query.changed === 'removed' ? say('account.security.changed.removed') : undefined;
    await show(
      ctx,
      securityScreen({
        standing,
        changed,
        links: { enrol: `${HOME}/enrol`, recoveryCodes: `${HOME}/recovery-codes`, remove: `${HOME}/remove` },
      }),
    );
  }

  async function remove(ctx: Context): Promise<void> {
    await store.transaction((tx) => secondFactors.remove(tx, sessionOf(ctx).accountId, { by: 'person' }));
    // Also the second press of the button hears that it is off.
    seeOther(ctx, `${HOME}?changed=removed`);
  }

  async function renew(ctx: Context): Promise<void> {
    const { accountId } = sessionOf(ctx);
    // Of two presses each would make codes, and the browser might show those that no longer count.
    const outcome = await join([accountId, field(ctx, 'csrf')], () =>
      secondFactors.renewRecoveryCodes({ accountId, clientId: PORTAL_CLIENT_ID }),
    );
    if (!outcome.ok) {
      const { until } = outcome.refusal;
      retryAfter(ctx, until, clock.now());
      return show(
        ctx,
        newRecoveryCodesScreen({ links, problem: say('account.security.recovery-codes.limited', { until }) }),
        429,
      );
    }
    if (outcome.value === undefined) seeOther(ctx, HOME);
    else await show(ctx, newRecoveryCodesScreen({ links, codes: outcome.value.map((code) => code.reveal()) }));
  }

  return (router) => {
    const signedIn = sessions.require({ home: HOME });
    const twoFactor = sessions.require({ home: HOME, acr: acr.twoFactor, turnedBack: HOME });
    const recent = sessions.require({ home: HOME, acr: acr.twoFactor, maxAgeSeconds: FRESH_SECONDS, turnedBack: HOME });
    const read = form({ limitBytes: config.http.bodyLimitBytes });
    const guard = guardForm(csrf, scope);

    router.get(HOME, signedIn, overview);
    router.get(`${HOME}/enrol`, twoFactor, (ctx) => {
      seeOther(ctx, HOME);
    });
    router.get(`${HOME}/remove`, recent, (ctx) => show(ctx, removeScreen({ links })));
    router.post(`${HOME}/remove`, recent, read, guard, remove);
    router.get(`${HOME}/recovery-codes`, recent, (ctx) => show(ctx, newRecoveryCodesScreen({ links })));
    router.post(`${HOME}/recovery-codes`, recent, read, guard, renew);
  };
}
