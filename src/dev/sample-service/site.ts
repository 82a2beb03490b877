import type { Context } from 'koa';
import Router from 'koa-router';
import { pickLocale } from '../../domain/locale.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { SampleClient } from './clients.ts';
import { explanation, refusalPage, signedInHome, signedOutHome, type Frame } from './pages.ts';
import { readForm } from './read-form.ts';
import type { RelyingParty, SignInRefusal } from './relying-party.ts';
import { createVisitors, isSame, languageCookie } from './visitors.ts';

export interface SiteDeps {
  readonly client: SampleClient;
  readonly others: readonly SampleClient[];
  readonly relyingParty: RelyingParty;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

const STATUS: Readonly<Record<SignInRefusal['reason'], number>> = {
  denied: 403,
  answered: 400,
  unverified: 400,
  unreachable: 503,
};

/** A parameter that came once; repeated ones are nobody's answer. */
const single = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

export function localeOf(ctx: Context): Frame['locale'] {
  return pickLocale({ query: single(ctx.query.lang), cookie: languageCookie.read(ctx) });
}

function show(ctx: Context, status: number, page: string): void {
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = page;
}

function leadTo(ctx: Context, url: string): void {
  ctx.status = 303;
  ctx.redirect(url);
}

/** The pages and endpoints of one service below its base. */
export function createSite({ client, others, relyingParty, clock, random, log }: SiteDeps): Router {
  const visitors = createVisitors({ client, clock, random });
  const router = new Router(client.base === '/' ? {} : { prefix: client.base });
  const frame = (ctx: Context): Frame => ({ client, others, locale: localeOf(ctx) });

  router.get('/', (ctx) => {
    const chosen = single(ctx.query.lang);
    if (chosen !== undefined) {
      languageCookie.write(ctx, localeOf(ctx));
      leadTo(ctx, client.base);
      return;
    }
    const session = visitors.session(ctx);
    if (session !== undefined) {
      show(ctx, 200, signedInHome(frame(ctx), { claims: session.claims.reveal(), csrf: session.csrf }));
      return;
    }
    visitors.welcome(ctx);
    const justSignedOut = visitors.takeSignOut(ctx, single(ctx.query.state) ?? '');
    show(ctx, 200, signedOutHome(frame(ctx), { justSignedOut }));
  });

  const begin =
    (create: boolean) =>
    async (ctx: Context): Promise<void> => {
      const begun = await relyingParty.begin({ locale: localeOf(ctx), create });
      if (!begun.ok) {
        show(ctx, STATUS.unreachable, refusalPage(frame(ctx), { reason: begun.refusal }));
        return;
      }
      visitors.remember(ctx, begun.value.pending);
      leadTo(ctx, begun.value.url.href);
    };
  router.get('/sign-in', begin(false));
  router.get('/register', begin(true));

  router.get('/callback', async (ctx) => {
    const pending = visitors.take(ctx, single(ctx.query.state) ?? '');
    if (pending === undefined) {
      // The same answer once more, or the second of two presses: who is signed in goes on as by the first. Nothing is
      // redeemed. Others begin anew by a press of their own: where a browser keeps no cookies, led on they would go
      // round in a circle.
      if (visitors.session(ctx) !== undefined) leadTo(ctx, client.base);
      else show(ctx, 400, explanation(frame(ctx), 'unknown', true));
      return;
    }
    const outcome = await relyingParty.finish(ctx.querystring, pending);
    if (!outcome.ok) {
      show(ctx, STATUS[outcome.refusal.reason], refusalPage(frame(ctx), outcome.refusal));
      return;
    }
    visitors.signIn(ctx, outcome.value);
    leadTo(ctx, client.base);
  });

  router.post('/sign-out', async (ctx) => {
    const form = await readForm(ctx);
    const session = visitors.session(ctx);
    if (session === undefined) {
      leadTo(ctx, client.base);
      return;
    }
    if (!isSame(form?.get('csrf') ?? '', session.csrf)) {
      show(ctx, 403, explanation(frame(ctx), 'form', false));
      return;
    }
    visitors.signOut(ctx);
    const target = await relyingParty.signOutUrl({ idToken: session.idToken, state: visitors.rememberSignOut(ctx) });
    if (target.ok) leadTo(ctx, target.value.href);
    else show(ctx, STATUS.unreachable, explanation(frame(ctx), 'partlyOut', false));
  });

  /** Back-Channel Logout 1.0, 2.8: 200 or 400, whatever the cause. */
  router.post('/backchannel-logout', async (ctx) => {
    const refuse = (description: string): void => {
      log.warn({ client: client.client_id, description }, 'a logout token was refused');
      ctx.status = 400;
      ctx.body = { error: 'invalid_request', error_description: description };
    };
    const token = (await readForm(ctx))?.get('logout_token');
    if (token == null || token === '') {
      refuse('no logout token');
      return;
    }
    try {
      const notice = await relyingParty.readLogoutToken(token);
      if (!notice.ok) {
        refuse(notice.refusal);
        return;
      }
      log.info({ client: client.client_id, ended: visitors.endSessions(notice.value) }, 'the sign-on ended sessions');
      ctx.status = 200;
      ctx.body = '';
    } catch (error) {
      log.warn({ err: error }, 'the keys of the sign-on cannot be had');
      refuse('the keys of the issuer cannot be had');
    }
  });

  return router;
}
