import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { maskPhone } from '../../domain/mask.ts';
import { parseOtpCode, secondsUntilResend } from '../../domain/otp.ts';
import { parsePhone, type Phone } from '../../domain/phone.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { CodeProgress } from '../../messages/code-progress.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { field } from '../../web/form.ts';
import { localeOf } from '../../web/locale.ts';
import { say, type Sentence } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import { senderOf } from '../../web/sender.ts';
import { sessionOf } from '../../web/session.ts';
import type { ContactContext } from './context.ts';
import type { AtCode, ContactDrafts } from './drafts.ts';
import type { BeginRefusal, NumberService } from './number.ts';
import type { ContactGates } from './routes.ts';
import { codeScreen, numberScreen, proveScreen, type NumberModel } from './screens.ts';

export interface NumberPagesDeps {
  readonly number: NumberService;
  readonly drafts: Pick<ContactDrafts, 'find'>;
  readonly store: Pick<Store, 'accounts'>;
  readonly progress: CodeProgress;
  readonly clock: Clock;
  readonly config: Pick<Config, 'otp'>;
}

export const contextOf = (ctx: Context): ContactContext => ({
  accountId: sessionOf(ctx).accountId,
  sender: senderOf(ctx),
  locale: localeOf(ctx),
});
export const secondsUntil = (date: Date, now: Date): number =>
  Math.max(1, Math.ceil((date.getTime() - now.getTime()) / 1000));

/** The pages on which a number is proved: the account's own again, or another. */
export function addNumberPages(
  { number, drafts, store, progress, clock, config }: NumberPagesDeps,
  { signedIn, present, recent, formOf, show, home }: ContactGates,
): (router: Router) => void {
  const NUMBER = `${home}/phone`;
  const PROVE = `${home}/phone/again`;
  const CODE = `${home}/code`;
  const LOOK = `${CODE}/delivery`;
  const links = { back: home };

  const ownOf = async (ctx: Context): Promise<Sensitive<Phone> | undefined> =>
    (await store.accounts.findById(sessionOf(ctx).accountId))?.phone;

  function wait(ctx: Context, refusal: { readonly until: Date }): void {
    ctx.set('Retry-After', String(secondsUntil(refusal.until, clock.now())));
  }
  const sentenceOf = ({ reason, until }: BeginRefusal): Sentence =>
    say(
      reason === 'changes-used-up'
        ? `account.contact.refusal.${reason}`
        : `interaction.registration.contact.refusal.${reason}`,
      { until },
    );

  const showProve = (ctx: Context, phone: Sensitive<Phone>, problem?: Sentence, status = 200): Promise<void> =>
    show(ctx, proveScreen({ errors: [], problem, phone: maskPhone(phone.reveal()), links }), status);
  const showNumber = (ctx: Context, shown: Partial<NumberModel>, status = 200): Promise<void> =>
    show(ctx, numberScreen({ errors: [], problem: undefined, values: { phone: '' }, links, ...shown }), status);

  async function showCode(
    ctx: Context,
    { phone, challenge, messageId }: AtCode,
    { refusal, problem }: { refusal?: Sentence; problem?: Sentence } = {},
    { status = 200, locked = false } = {},
  ): Promise<void> {
    const dead = challenge.tries >= config.otp.triesPerCode;
    const delivery = messageId === undefined ? undefined : await progress.of(messageId);
    await show(
      ctx,
      codeScreen({
        errors: refusal === undefined ? [] : [{ field: 'code', sentence: refusal }],
        problem: problem ?? (dead ? say('interaction.registration.code.refusal.dead') : undefined),
        phone: maskPhone(phone.reveal()),
        delivery,
        last: progress.last.join(' '),
        resendInSeconds: locked ? undefined : secondsUntilResend(challenge, clock.now(), config.otp),
        closed: dead || locked,
        notice:
          challenge.sends > 1 && refusal === undefined && problem === undefined
            ? say('interaction.registration.code.resent')
            : undefined,
        links: {
          confirm: CODE,
          resend: `${CODE}/resend`,
          number: NUMBER,
          back: home,
          delivery: delivery === undefined || progress.last.includes(delivery) ? undefined : LOOK,
        },
      }),
      status,
    );
  }

  /** Runs the handler where a code is under way; everybody else is led to the overview. */
  const atCode =
    (handler: (ctx: Context, draft: AtCode) => Promise<void>) =>
    async (ctx: Context): Promise<void> => {
      const draft = await drafts.find(sessionOf(ctx).accountId);
      if (draft.step === 'code') await handler(ctx, draft);
      else seeOther(ctx, home);
    };

  /**
   * One word for the script of the code page; nothing where the code is not waited for any more, and for whoever is
   * signed in no more: a script is led nowhere.
   */
  async function deliveryWord(ctx: Context): Promise<void> {
    const session = await present(ctx);
    const draft = session === undefined ? undefined : await drafts.find(session.accountId);
    ctx.set('Cache-Control', 'no-store');
    if (draft?.step !== 'code' || draft.messageId === undefined) {
      ctx.status = 204;
      return;
    }
    ctx.type = 'text';
    ctx.body = await progress.of(draft.messageId);
  }

  async function prove(ctx: Context): Promise<void> {
    const phone = await ownOf(ctx);
    if (phone === undefined) {
      seeOther(ctx, NUMBER);
      return;
    }
    const outcome = await number.begin(contextOf(ctx), phone);
    if (outcome.ok) {
      seeOther(ctx, CODE);
      return;
    }
    wait(ctx, outcome.refusal);
    await showProve(ctx, phone, sentenceOf(outcome.refusal), 429);
  }

  async function change(ctx: Context): Promise<void> {
    const typed = field(ctx, 'phone');
    const values = { phone: typed.slice(0, 64) };
    const phone = parsePhone(typed);
    if (!phone.ok)
      return showNumber(
        ctx,
        {
          values,
          errors: [{ field: 'phone', sentence: say(`interaction.registration.contact.refusal.${phone.refusal}`) }],
        },
        422,
      );
    const outcome = await number.begin(contextOf(ctx), sensitive(phone.value));
    if (outcome.ok) {
      seeOther(ctx, CODE);
      return;
    }
    wait(ctx, outcome.refusal);
    await showNumber(ctx, { values, problem: sentenceOf(outcome.refusal) }, 429);
  }

  async function confirm(ctx: Context, draft: AtCode): Promise<void> {
    const typed = parseOtpCode(field(ctx, 'code'));
    if (!typed.ok)
      return showCode(
        ctx,
        draft,
        { refusal: say(`interaction.registration.code.refusal.${typed.refusal}`) },
        { status: 422 },
      );
    const outcome = await number.confirmCode(contextOf(ctx), typed.value);
    if (outcome.ok) {
      seeOther(
        ctx,
        outcome.value === undefined ? home : `${home}?changed=phone${outcome.value.moved ? '&moved=yes' : ''}`,
      );
      return;
    }
    const { reason, ...params } = outcome.refusal;
    const sentence = say(`interaction.registration.code.refusal.${reason}`, params);
    const now = await drafts.find(sessionOf(ctx).accountId);
    if (now.step !== 'code') {
      seeOther(ctx, home);
      return;
    }
    if (outcome.refusal.reason === 'locked') wait(ctx, outcome.refusal);
    await showCode(ctx, now, reason === 'locked' || reason === 'dead' ? { problem: sentence } : { refusal: sentence }, {
      status: reason === 'locked' ? 429 : 422,
      locked: reason === 'locked',
    });
  }

  async function sendAgain(ctx: Context, draft: AtCode): Promise<void> {
    const outcome = await number.sendAgain(contextOf(ctx));
    if (outcome.ok) {
      seeOther(ctx, CODE);
      return;
    }
    const { refusal } = outcome;
    // To where it began: that page asks for the password.
    if (refusal.reason === 'too-old') {
      seeOther(ctx, (await ownOf(ctx))?.reveal() === draft.phone.reveal() ? PROVE : NUMBER);
      return;
    }
    const { reason, ...params } = refusal;
    ctx.set('Retry-After', String('seconds' in refusal ? refusal.seconds : secondsUntil(refusal.until, clock.now())));
    await showCode(
      ctx,
      draft,
      { problem: say(`interaction.registration.code.refusal.${reason}`, params) },
      { status: 429 },
    );
  }

  return (router) => {
    router.get(PROVE, recent(PROVE), async (ctx) => {
      const phone = await ownOf(ctx);
      if (phone === undefined) seeOther(ctx, NUMBER);
      else await showProve(ctx, phone);
    });
    router.post(PROVE, recent(PROVE), ...formOf, prove);
    router.get(NUMBER, recent(NUMBER), (ctx) => showNumber(ctx, {}));
    router.post(NUMBER, recent(NUMBER), ...formOf, change);
    // From here on the proof is the code: it went out when the sign-in was fresh, and an SMS may take longer than that
    // is.
    router.get(
      CODE,
      signedIn,
      atCode((ctx, draft) => showCode(ctx, draft)),
    );
    router.post(CODE, signedIn, ...formOf, atCode(confirm));
    router.get(LOOK, deliveryWord);
    router.get(`${CODE}/resend`, signedIn, (ctx) => {
      seeOther(ctx, CODE);
    });
    router.post(`${CODE}/resend`, signedIn, ...formOf, atCode(sendAgain));
  };
}
