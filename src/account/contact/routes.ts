import type { Context, Middleware } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { contactCare } from '../../domain/contact-care.ts';
import { maskEmail, maskPhone } from '../../domain/mask.ts';
import type { CodeProgress } from '../../messages/code-progress.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { SecondFactors } from '../../second-factor/service.ts';
import type { Store } from '../../store/store.ts';
import { createAllFactors } from '../../web/all-factors.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { form } from '../../web/form.ts';
import { renderScreen } from '../../web/render.ts';
import { say, type Screen, type Sentence } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import { sessionOf, type Sessions } from '../../web/session.ts';
import { addAddressPages } from './address-pages.ts';
import type { AddressService } from './address.ts';
import type { ContactDrafts } from './drafts.ts';
import { addNumberPages } from './number-pages.ts';
import type { NumberService } from './number.ts';
import { confirmEmailScreen, overviewScreen, type ConfirmEmailModel } from './screens.ts';
import type { ContactService } from './service.ts';

export interface ContactRoutesDeps {
  readonly contact: ContactService;
  readonly number: NumberService;
  readonly address: AddressService;
  readonly drafts: ContactDrafts;
  readonly progress: CodeProgress;
  readonly store: Pick<Store, 'accounts'>;
  readonly secondFactors: Pick<SecondFactors, 'isEnrolled'>;
  readonly sessions: Sessions;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http' | 'otp'>;
}

/** What the pages of one sort of contact share. */
export interface ContactGates {
  /** Lets in whoever is signed in with all that the account asks for by now, however long ago. */
  readonly signedIn: Middleware;
  /** Who is signed in, for a look that leads nobody to sign in. */
  readonly present: Sessions['present'];
  /**
   * Lets in whoever has just proved everything that the account can ask for. @param home the page to begin at, where a
   * form was sent.
   */
  readonly recent: (home: string) => Middleware;
  /** Reads a form of these pages, and refuses one that another page or site has sent. */
  readonly formOf: readonly Middleware[];
  readonly show: (ctx: Context, screen: Screen, status?: number) => Promise<void>;
  readonly home: string;
}

const LINK_SCOPE = 'account.contact';
const HOME = '/account/contact';
const LINK = `${HOME}/email`;
/** How recent the sign-in must be: whoever finds a browser open must not be able to take the account's ways back. */
const FRESH_SECONDS = 300;

export function addContact({
  contact,
  number,
  address,
  drafts,
  progress,
  store,
  secondFactors,
  sessions,
  csrf,
  clock,
  config,
}: ContactRoutesDeps): (router: Router) => void {
  const tokenOf = (ctx: Context): string => (typeof ctx.query.token === 'string' ? ctx.query.token : '');
  async function showLink(ctx: Context, model: ConfirmEmailModel, status = 200): Promise<void> {
    ctx.set('Cache-Control', 'no-store');
    await renderScreen(ctx, confirmEmailScreen(model), { status, csrf: csrf.token(ctx, LINK_SCOPE) });
  }

  const scope = (ctx: Context): string => `${LINK_SCOPE} ${sessionOf(ctx).accountId}`;
  const read = form({ limitBytes: config.http.bodyLimitBytes });
  const withAllFactors = createAllFactors({ sessions, isEnrolled: (id) => secondFactors.isEnrolled(id) });
  const anybody = sessions.require({ home: HOME });
  const gates: ContactGates = {
    signedIn: withAllFactors({ home: HOME, turnedBack: HOME }),
    present: (ctx) => sessions.present(ctx),
    recent: (home) => withAllFactors({ home, maxAgeSeconds: FRESH_SECONDS, turnedBack: HOME }),
    formOf: [read, guardForm(csrf, scope)],
    show: (ctx, screen, status = 200) => renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, scope(ctx)) }),
    home: HOME,
  };

  /** What has just been done, as long as it is still so. */
  function changedBy(ctx: Context, isPhoneProved: boolean): Sentence | undefined {
    if (ctx.query.changed === 'phone' && isPhoneProved)
      return say(ctx.query.moved === 'yes' ? 'account.contact.changed.phone-moved' : 'account.contact.changed.phone');
    return ctx.query.changed === 'link' ? say('account.contact.changed.link') : undefined;
  }

  async function overview(ctx: Context): Promise<void> {
    const { accountId } = sessionOf(ctx);
    const account = await store.accounts.findById(accountId);
    if (account === undefined) {
      seeOther(ctx, '/');
      return;
    }
    const { phone, email } = account;
    const [link, draft] = [await address.waiting(account), await drafts.find(accountId)];
    const isOwn = link?.reveal() === email?.reveal();
    await gates.show(
      ctx,
      overviewScreen({
        phone:
          phone === undefined
            ? undefined
            : {
                shown: maskPhone(phone.reveal()),
                provedAt: account.phoneVerifiedAt,
                old: contactCare(account, clock.now(), config.otp).phone === 'old',
              },
        email:
          email === undefined ? undefined : { shown: maskEmail(email.reveal()), provedAt: account.emailVerifiedAt },
        waiting: link === undefined || isOwn ? undefined : maskEmail(link.reveal()),
        codeTo:
          draft.step === 'code' && clock.now() < new Date(draft.challenge.expiresAt)
            ? maskPhone(draft.phone.reveal())
            : undefined,
        changed: changedBy(ctx, account.phoneVerifiedAt !== undefined),
        links: {
          prove: `${HOME}/phone/again`,
          number: `${HOME}/phone`,
          code: `${HOME}/code`,
          address: `${HOME}/address`,
          linkAgain: link === undefined ? undefined : `${HOME}/address/again`,
        },
      }),
    );
  }

  return (router) => {
    router.get(HOME, anybody, overview);
    addNumberPages({ number, drafts, store, progress, clock, config }, gates)(router);
    addAddressPages({ address, store, clock }, gates)(router);

    // Opening the link changes nothing: scanners of mail open every link they see.
    router.get(LINK, async (ctx) => {
      const seen = await contact.look(tokenOf(ctx));
      if (seen === undefined) return showLink(ctx, { state: 'invalid', email: undefined }, 410);
      const confirmed = ctx.query.moved === 'yes' ? 'moved' : 'confirmed';
      return showLink(ctx, {
        state: seen.confirmed ? confirmed : seen.replacing ? 'replace' : 'ask',
        email: maskEmail(seen.email.reveal()),
      });
    });
    router.post(
      LINK,
      read,
      guardForm(csrf, () => LINK_SCOPE),
      async (ctx) => {
        const outcome = await contact.confirmEmail(tokenOf(ctx));
        const query = new URLSearchParams({
          token: tokenOf(ctx),
          ...(outcome.ok && outcome.value.moved ? { moved: 'yes' } : {}),
        });
        seeOther(ctx, `${LINK}?${query.toString()}`);
      },
    );
  };
}
