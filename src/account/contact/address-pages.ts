import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Account } from '../../domain/account.ts';
import { parseEmail, suggestEmail, type Email } from '../../domain/email.ts';
import { maskEmail } from '../../domain/mask.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { field } from '../../web/form.ts';
import { say, type Sentence } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import { sessionOf } from '../../web/session.ts';
import type { AddressRefusal, AddressService } from './address.ts';
import { contextOf, secondsUntil } from './number-pages.ts';
import type { ContactGates } from './routes.ts';
import { addressScreen, linkAgainScreen, type AddressModel } from './screens.ts';

export interface AddressPagesDeps {
  readonly address: AddressService;
  readonly store: Pick<Store, 'accounts'>;
  readonly clock: Clock;
}

/** The pages on which a link to an address is asked for: to another one, or once more. */
export function addAddressPages(
  { address, store, clock }: AddressPagesDeps,
  { recent, formOf, show, home }: ContactGates,
): (router: Router) => void {
  const ADDRESS = `${home}/address`;
  const AGAIN = `${home}/address/again`;
  const links = { back: home };
  const sent = `${home}?changed=link`;

  function refuse(ctx: Context, refusal: Exclude<AddressRefusal, { reason: 'same' }>): Sentence {
    ctx.set('Retry-After', String('seconds' in refusal ? refusal.seconds : secondsUntil(refusal.until, clock.now())));
    const { reason, ...params } = refusal;
    return say(`account.contact.refusal.${reason}`, params);
  }

  const showAddress = (ctx: Context, shown: Partial<AddressModel>, status = 200): Promise<void> =>
    show(
      ctx,
      addressScreen({ errors: [], problem: undefined, values: { email: '' }, suggestion: undefined, links, ...shown }),
      status,
    );

  async function ask(ctx: Context): Promise<void> {
    const typed = field(ctx, 'email');
    const values = { email: typed.slice(0, 320) };
    const email = parseEmail(typed);
    if (!email.ok)
      return showAddress(
        ctx,
        {
          values,
          errors: [{ field: 'email', sentence: say(`interaction.registration.contact.refusal.${email.refusal}`) }],
        },
        422,
      );
    // Whoever meant it sends the same once more; the link would go to a stranger otherwise.
    const suggestion = suggestEmail(email.value);
    if (suggestion !== undefined && field(ctx, 'meant') !== email.value)
      return showAddress(ctx, { values, suggestion, meant: email.value }, 422);
    const outcome = await address.ask(contextOf(ctx), sensitive(email.value));
    if (outcome.ok) {
      seeOther(ctx, sent);
      return;
    }
    if (outcome.refusal.reason === 'same')
      return showAddress(
        ctx,
        { values, errors: [{ field: 'email', sentence: say('account.contact.refusal.same') }] },
        422,
      );
    await showAddress(ctx, { values, problem: refuse(ctx, outcome.refusal) }, 429);
  }

  /** Runs the handler where an address waits to be proved. */
  const atWaiting =
    (handler: (ctx: Context, email: Sensitive<Email>) => Promise<void>) =>
    async (ctx: Context): Promise<void> => {
      const account: Account | undefined = await store.accounts.findById(sessionOf(ctx).accountId);
      const email = account === undefined ? undefined : await address.waiting(account);
      if (email === undefined) seeOther(ctx, home);
      else await handler(ctx, email);
    };
  const showAgain = (ctx: Context, email: Sensitive<Email>, problem?: Sentence, status = 200): Promise<void> =>
    show(ctx, linkAgainScreen({ errors: [], problem, email: maskEmail(email.reveal()), links }), status);

  async function sendAgain(ctx: Context, email: Sensitive<Email>): Promise<void> {
    const outcome = await address.sendAgain(contextOf(ctx));
    if (outcome.ok) {
      seeOther(ctx, sent);
      return;
    }
    if (outcome.refusal.reason === 'same') {
      seeOther(ctx, home);
      return;
    }
    await showAgain(ctx, email, refuse(ctx, outcome.refusal), 429);
  }

  return (router) => {
    router.get(ADDRESS, recent(ADDRESS), (ctx) => showAddress(ctx, {}));
    router.post(ADDRESS, recent(ADDRESS), ...formOf, ask);
    router.get(
      AGAIN,
      recent(AGAIN),
      atWaiting((ctx, email) => showAgain(ctx, email)),
    );
    router.post(AGAIN, recent(AGAIN), ...formOf, atWaiting(sendAgain));
  };
}
