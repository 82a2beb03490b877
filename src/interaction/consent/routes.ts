import type { Context } from 'koa';
import type Router from 'koa-router';
import type Provider from 'oidc-provider';
import type { Config } from '../../config.ts';
import type { Account, AccountId } from '../../domain/account.ts';
import type { Client } from '../../domain/client.ts';
import { logoUrlOf } from '../../domain/logo/logo.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { field, form } from '../../web/form.ts';
import { localeOf } from '../../web/locale.ts';
import { renderScreen } from '../../web/render.ts';
import { say, type Sentence } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import { entered, interactionPath } from '../entrance.ts';
import type { Finish } from '../finish.ts';
import { wantedOf, valuesOf, type Sharing } from '../sharing.ts';
import { consentScreen } from './screens.ts';

export interface ConsentRoutesDeps {
  readonly sharing: Sharing;
  readonly finish: Finish;
  readonly provider: Provider;
  readonly store: Pick<Store, 'accounts'>;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http'>;
}

interface Asked {
  readonly client: Client;
  readonly accountId: AccountId;
  readonly account: Account;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

/**
 * What a service gets, asked or told before it gets it. The form brings back which text stood there; who is asked, by
 * whom and for what is known here.
 */
export function addConsent({
  sharing,
  finish,
  provider,
  store,
  csrf,
  clock,
  config,
}: ConsentRoutesDeps): (router: Router) => void {
  /** Whom the provider wants to be asked: the person of the session that the interaction and this browser share. */
  async function asked(ctx: Context): Promise<Asked | undefined> {
    const { interaction, client } = entered(ctx);
    if (interaction.prompt.name !== 'consent' || interaction.session === undefined || client === undefined)
      return undefined;
    const session = await provider.Session.get(ctx);
    if (session.uid !== interaction.session.uid || session.accountId === undefined) return undefined;
    const account = await store.accounts.findById(session.accountId);
    return account === undefined
      ? undefined
      : { client, account, accountId: account.id, ...wantedOf(interaction.params) };
  }

  const isAnew = (ctx: Context): boolean => entered(ctx).interaction.prompt.reasons.includes('consent_prompt');

  async function show(
    ctx: Context,
    { problem, status = 200 }: { problem?: Sentence; status?: number } = {},
  ): Promise<void> {
    const { uid, client, interaction } = entered(ctx);
    // The portal, which is no other place: there is nothing to ask.
    if (client === undefined && interaction.prompt.name === 'consent') return finish.consented(ctx);
    const wish = await asked(ctx);
    // Signed out meanwhile, or a page of another prompt: signing in leads here again.
    if (wish === undefined) {
      seeOther(ctx, interactionPath(uid, 'login'));
      return;
    }
    const question = await sharing.ask(wish, { anew: isAnew(ctx) });
    // Agreed to in another tab.
    if (question === undefined) return finish.consented(ctx);
    const { client_name: name, policy_uri: policy } = wish.client.metadata;
    const screen = consentScreen({
      service: { name, logo: logoUrlOf(wish.client.metadata) },
      person: wish.account.name.reveal(),
      question,
      values: valuesOf(wish.account),
      problem,
      links: {
        decline: interactionPath(uid, 'consent/decline'),
        other: interactionPath(uid, 'login'),
        policy: typeof policy === 'string' ? policy : undefined,
        services: '/account/services',
      },
    });
    await renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, uid) });
  }

  async function agree(ctx: Context): Promise<void> {
    const at = clock.now();
    const wish = await asked(ctx);
    if (wish === undefined) {
      seeOther(ctx, interactionPath(entered(ctx).uid, 'login'));
      return;
    }
    const settled = await sharing.settle(wish, {
      version: field(ctx, 'sharing'),
      locale: localeOf(ctx),
      uid: entered(ctx).uid,
      at,
      anew: isAnew(ctx),
    });
    if (!settled) return show(ctx, { problem: say('interaction.consent.changed'), status: 422 });
    await finish.consented(ctx);
  }

  const decline = async (ctx: Context): Promise<void> => finish.declined(ctx, (await asked(ctx))?.accountId);

  return (router) => {
    const read = form({ limitBytes: config.http.bodyLimitBytes });
    const guard = guardForm(csrf, (ctx) => entered(ctx).uid, { held: true });
    router.get('/interaction/:uid/consent', (ctx) => show(ctx));
    router.post('/interaction/:uid/consent', read, guard, agree);
    router.get('/interaction/:uid/consent/decline', (ctx) => {
      seeOther(ctx, interactionPath(entered(ctx).uid));
    });
    router.post('/interaction/:uid/consent/decline', read, guard, decline);
  };
}
