import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { Audit } from '../audit/log.ts';
import type { AccountId } from '../domain/account.ts';
import { NOT_SHARED } from '../domain/sign-in-end.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';
import { field } from '../web/form.ts';
import { localeOf } from '../web/locale.ts';
import { leadBack, settleOnTheWay } from '../web/way-back.ts';
import { seeOther } from '../web/see-other.ts';
import { senderOf } from '../web/sender.ts';
import {
  entered,
  interactionPath,
  isOver,
  stillOpenWithoutSession,
  type Entered,
  type Interaction,
} from './entrance.ts';
import { keepToBrowser } from './one-browser.ts';
import { wantedOf, type Sharing } from './sharing.ts';

export interface SignedIn {
  readonly accountId: AccountId;
  readonly acr: string;
  readonly amr: readonly string[];
  /** Whether the session outlives the browser's. */
  readonly remember: boolean;
  /**
   * When the person proved themselves, in seconds since 1970: `signInMoment`. Not when the browser comes back: sessions
   * may have been ended in between.
   */
  readonly at: number;
  /**
   * When the last of it was proved, where something came after the password: for pages of ours, no service hears of it.
   */
  readonly completedAt?: number;
  /** Whether the account was signed in to on this device before; for the audit log. */
  readonly knownDevice?: boolean;
  /** The device, by keyed hash, where it is to be remembered with the event. */
  readonly device?: Buffer | undefined;
  /** Whether the account has a second factor, where that was read together with what was proved. */
  readonly hasSecondFactor?: boolean;
}

/** What the person said no to. */
type Told = { readonly secondFactor: 'declined' } | { readonly sharing: 'declined' };

/** Ends a sign-in: nothing else writes what came of it. */
export interface Finish {
  /** For each journey that has proved who it is: home, or on to the second factor. No way leads round it. */
  signedIn(ctx: Context, who: SignedIn): Promise<void>;
  /** For the second factor alone: home. What was declined is told to the policy, which would ask again. */
  completed(ctx: Context, who: SignedIn, told?: Told): Promise<void>;
  /** The person, who is signed in already, agreed to what the service gets, or was told. */
  consented(ctx: Context): Promise<void>;
  /**
   * The person would rather not share what the service asked for; it hears `access_denied`.
   * @param accountId  who was asked, where somebody is signed in.
   */
  declined(ctx: Context, accountId: AccountId | undefined): Promise<void>;
  /**
   * The same at the end of a journey that has proved who it is: signed in they are all the same, unless a second factor
   * is due.
   */
  signedInAndDeclined(ctx: Context, who: SignedIn): Promise<void>;
  /** The person goes back to the service without signing in; it hears `access_denied`. */
  cancelled(ctx: Context): Promise<void>;
}

export interface FinishDeps {
  readonly provider: Provider;
  readonly sharing: Pick<Sharing, 'settle' | 'decline'>;
  readonly store: Pick<Store, 'audit'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly clock: Clock;
  /**
   * Ends the session of whoever was signed in before, and has the services of it told (`oidc/logout/end-session.ts`).
   */
  readonly endSession: (session: InstanceType<Provider['Session']>) => Promise<void>;
  /**
   * Keeps back a sign-in that must go on to a second factor. @param isOurs asked before that is written down; where it
   * says no, nothing is.
   */
  readonly hold: (entered: Entered, who: SignedIn, isOurs: () => Promise<boolean>) => Promise<boolean>;
}

/**
 * Within the answer to the form. The page that brings the answer to the service by a form has an address of its own,
 * and so has that of a device: loaded again, it must not send the form before it.
 */
const goesHomeAtOnce = ({ params, deviceCode }: Interaction): boolean =>
  params.response_mode !== 'form_post' && deviceCode === undefined;

export function createFinish({ provider, sharing, store, audit, clock, endSession, hold }: FinishDeps): Finish {
  async function leave(
    ctx: Context,
    result: NonNullable<Interaction['result']>,
    { mergeWithLastSubmission = false } = {},
  ): Promise<void> {
    const { uid, interaction } = entered(ctx);
    const turnsBack = 'error' in result || 'sharing' in result || 'secondFactor' in result;
    const again = interactionPath(uid, turnsBack ? 'turned-back' : 'resume');
    // What the provider's `interactionResult` does, with what the entrance has read and looked at.
    interaction.browser = senderOf(ctx).device;
    interaction.result = mergeWithLastSubmission ? { ...interaction.lastSubmission, ...result } : result;
    try {
      await interaction.persist();
    } catch (error) {
      if (!isOver(error)) throw error;
      seeOther(ctx, again);
      return;
    }
    if (goesHomeAtOnce(interaction)) leadBack(ctx, { home: interaction.returnTo, ended: interactionPath(uid), again });
    else {
      ctx.status = 303;
      ctx.redirect(interaction.returnTo);
    }
  }

  /** The page may have said already what the service gets. Where it has not, the provider asks next. */
  async function settleShown(ctx: Context, accountId: AccountId): Promise<void> {
    const { client, interaction, uid } = entered(ctx);
    const version = field(ctx, 'sharing');
    if (client === undefined || version === '') return;
    const at = clock.now();
    const settle = (): Promise<boolean> =>
      sharing.settle(
        { client, accountId, ...wantedOf(interaction.params) },
        { version, locale: localeOf(ctx), uid, at },
      );
    if (goesHomeAtOnce(interaction)) settleOnTheWay(ctx, settle);
    else await settle();
  }

  async function recordDeclined(ctx: Context, accountId: AccountId | undefined): Promise<void> {
    const { client, interaction, uid } = entered(ctx);
    if (client !== undefined) await sharing.decline({ client, accountId, ...wantedOf(interaction.params) }, uid);
  }
  const refused = (ctx: Context): Promise<void> => leave(ctx, NOT_SHARED);

  const record = (
    ctx: Context,
    type: 'sign-in.held' | 'sign-in.succeeded',
    { accountId, amr, knownDevice, device }: SignedIn,
  ): Promise<void> =>
    audit.record(
      store,
      type,
      { amr, ...(knownDevice === undefined ? {} : { knownDevice }) },
      { accountId, clientId: entered(ctx).clientId, device },
    );

  const completed: Finish['completed'] = async (ctx, who, told) => {
    const { accountId, acr, amr, remember, at, completedAt } = who;
    await record(ctx, 'sign-in.succeeded', who);
    // Whoever was signed in here before is signed out: a session belongs to one person.
    const session = await provider.Session.get(ctx);
    if (session.accountId !== undefined && session.accountId !== accountId) {
      await endSession(session);
      // Where it is over, `leave` finds that out next.
      await stillOpenWithoutSession(entered(ctx).interaction);
    }
    // `create` answers a request that began with prompt=create, however the person came in at last.
    await leave(ctx, { create: {}, login: { accountId, acr, amr: [...amr], remember, ts: at, completedAt }, ...told });
  };

  return {
    completed,

    async signedIn(ctx, who) {
      const kept = { isOurs: true };
      if (await hold(entered(ctx), who, async () => (kept.isOurs = await keepToBrowser(ctx)))) {
        if (!kept.isOurs) return entered(ctx).leadOn();
        await record(ctx, 'sign-in.held', who);
        // Nothing is agreed to by half a proof: where something has to be, the provider asks when both are there.
        seeOther(ctx, interactionPath(entered(ctx).uid, 'second-factor'));
        return;
      }
      await settleShown(ctx, who.accountId);
      await completed(ctx, who);
    },

    // What was proved before this page, it stays proved: `login` of the same way goes along.
    consented: (ctx) => leave(ctx, { consent: {} }, { mergeWithLastSubmission: true }),
    async declined(ctx, accountId) {
      await recordDeclined(ctx, accountId);
      await refused(ctx);
    },

    async signedInAndDeclined(ctx, who) {
      await recordDeclined(ctx, who.accountId);
      // Who is asked for nothing more is not led to a further page: without it nobody is signed in.
      if (await hold(entered(ctx), who, () => keepToBrowser(ctx))) await refused(ctx);
      else await completed(ctx, who, { sharing: 'declined' });
    },

    cancelled: (ctx) =>
      leave(ctx, { error: 'access_denied', error_description: 'the person went back without signing in' }),
  };
}
