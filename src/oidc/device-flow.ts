import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '../ports/clock/clock.ts';
import type { Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import { renderScreen } from '../web/render.ts';
import { Refused } from '../web/refused.ts';
import { seeOther } from '../web/see-other.ts';
import { senderOf } from '../web/sender.ts';
import { confirmedBefore, doneBefore } from './device-links.ts';
import type { ProtocolPages } from './features.ts';
import {
  deviceConfirmScreen,
  deviceDeclinedScreen,
  deviceEnterScreen,
  deviceLinkedScreen,
  type DeviceProblem,
} from './screens.ts';

/** As it stands on the other device, or nearly: what is typed by hand has blanks and small letters. */
const TYPED = /^[A-Za-z -]{1,20}$/;

const problems: Readonly<Record<string, DeviceProblem>> = {
  NoCodeError: 'missing',
  NotFoundError: 'unknown',
  ExpiredError: 'expired',
  AlreadyUsedError: 'used',
  InvalidRequest: 'stale',
};

/** The sign-in that comes back here. */
const uidOf = ({ path }: { readonly path: string }): string | undefined => /^\/device\/([\w-]{8,64})$/.exec(path)?.[1];

const secretOf = (ctx: KoaContextWithOIDC): string =>
  (ctx.oidc.session?.state as { secret?: string } | undefined)?.secret ?? '';

/**
 * The pages on which a person lets a device sign in that has no keyboard of its own (RFC 8628): the code that stands
 * there, who asks for it, and what came of it.
 */
export function createDevicePages(
  showError: ProtocolPages['error'],
): Pick<ProtocolPages, 'deviceCode' | 'deviceConfirm' | 'deviceLinked'> {
  async function linked(ctx: KoaContextWithOIDC): Promise<void> {
    const { client } = ctx.oidc;
    await renderScreen(ctx, deviceLinkedScreen({ service: { name: client?.clientName ?? client?.clientId ?? '' } }));
  }

  return {
    async deviceCode(ctx, out, error) {
      const uid = uidOf(ctx);
      if (error?.name === 'SessionNotFound' && uid !== undefined) {
        seeOther(ctx, `/interaction/${uid}`);
        return;
      }
      if (error?.name === 'AbortedError') {
        await renderScreen(ctx, deviceDeclinedScreen());
        return;
      }
      let problem = error === undefined ? undefined : problems[error.name];
      // Pressed twice, a button leads twice to the same end. The form is no longer good either, once the press before
      // has had its way.
      const done = problem === 'used' || problem === 'stale' ? await doneBefore(ctx) : undefined;
      if (done !== undefined) {
        ctx.status = 200;
        await (done === 'declined' ? renderScreen(ctx, deviceDeclinedScreen()) : linked(ctx));
        return;
      }
      if (error !== undefined && problem === undefined) {
        await showError(ctx, { error: out?.error ?? 'server_error', error_description: out?.error_description }, error);
        return;
      }
      const ownCode = problem === 'used' ? await confirmedBefore(ctx) : undefined;
      if (ownCode !== undefined) problem = 'again';
      // A code in the address was put there by the device; the person compares it and presses the button all the same.
      const given: unknown = ctx.oidc.params?.user_code ?? ctx.state.userCode ?? ownCode;
      const code = typeof given === 'string' && TYPED.test(given) ? given : undefined;
      await renderScreen(
        ctx,
        deviceEnterScreen({ action: ctx.oidc.urlFor('code_verification'), xsrf: secretOf(ctx), code, problem }),
        { status: problem === undefined ? 200 : 422 },
      );
    },

    async deviceConfirm(ctx, client, code) {
      const service = { name: client.clientName ?? client.clientId };
      await renderScreen(
        ctx,
        deviceConfirmScreen({ action: ctx.oidc.urlFor('code_verification'), xsrf: secretOf(ctx), code, service }),
      );
    },

    deviceLinked: linked,
  };
}

/**
 * In front of the protocol: whoever types codes that nobody has is slowed down (RFC 8628, 5.1), and a code in the
 * address fills the field in; the library would send it on by a script that our policy forbids.
 */
export function guardUserCodes(
  provider: Provider,
  { counters, limits, clock }: { readonly counters: Counters; readonly limits: Limits; readonly clock: Clock },
): Middleware {
  const path = provider.pathFor('code_verification');
  // The library keeps the secret of its form in the session, and cannot answer a browser that has none.
  const hasSession = async (ctx: Context): Promise<boolean> =>
    ((await provider.Session.get(ctx)) as { readonly exp?: number }).exp !== undefined;

  return async (ctx, next) => {
    if (ctx.path !== path) {
      const back = ctx.method === 'GET' && ctx.path.startsWith(`${path}/`);
      if (!back || (await hasSession(ctx))) {
        await next();
        return;
      }
      const uid = uidOf(ctx);
      if (uid === undefined) throw new Refused(404, 'errors.not-found');
      seeOther(ctx, `/interaction/${uid}`);
      return;
    }
    ctx.set('Cache-Control', 'no-store');
    if (ctx.method !== 'POST') {
      ctx.state.userCode = ctx.query.user_code;
      ctx.querystring = '';
      await next();
      return;
    }
    if (!(await hasSession(ctx))) throw new Refused(403, 'errors.no-session');
    const { device, network } = senderOf(ctx);
    const counted = [
      [limits.userCode.device, device] as const,
      ...(network === undefined ? [] : [[limits.userCode.network, network] as const]),
    ];
    const { readings, refusedBy } = await counters.takeAll(counted);
    if (refusedBy !== undefined) {
      const seconds = Math.max(
        1,
        Math.ceil(((readings.at(-1)?.resetsAt?.getTime() ?? 0) - clock.now().getTime()) / 1000),
      );
      throw new Refused(429, 'errors.limited', { params: { seconds }, retryAfterSeconds: seconds });
    }
    await next();
    if ((ctx as Partial<KoaContextWithOIDC>).oidc?.entities.DeviceCode !== undefined)
      await counters.giveBackAll(counted);
  };
}
