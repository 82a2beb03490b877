import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Account, AccountId } from '../../domain/account.ts';
import type { Actor, Reason } from '../../domain/operator.ts';
import type { Result } from '../../domain/result.ts';
import { field } from '../../web/form.ts';
import { Refused } from '../../web/refused.ts';
import { say, type FieldError } from '../../web/screen.ts';
import { seeOther, toParent } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { readReason } from '../reason.ts';
import { accountScreen, changes, searchScreen, type Change, type SearchModel, type Shown } from './screens.ts';
import type { AccountKey, AccountService } from './service.ts';
import { data, type Datum, type Support, type SupportRefusal } from './support.ts';

export interface AccountPagesDeps {
  readonly accounts: Pick<AccountService, 'find'>;
  readonly support: Support;
  readonly toKey: (text: string) => AccountKey;
  /** Open requests for the account. */
  readonly requestsOf: (accountId: AccountId) => Promise<readonly { readonly id: string; readonly number: string }[]>;
  readonly desk: Desk;
}

const HOME = '/admin/accounts';
const LONGEST = 320;
/** Nobody is told when the next search is free: an hour it is at most. */
const RETRY_AFTER_SECONDS = 3600;

const isDatum = (text: string): text is Datum => (data as readonly string[]).includes(text);

/** What the help desk sees and does; what was typed to find somebody stands in no address and no log. */
export function addAccountPages({
  accounts,
  support,
  toKey,
  requestsOf,
  desk,
}: AccountPagesDeps): (router: Router) => void {
  const refusalOf = (refusal: SupportRefusal) => say(`admin.accounts.refusal.${refusal}`);

  function statusOf(ctx: Context, refusal: SupportRefusal): number {
    if (refusal !== 'limit') return 422;
    ctx.set('Retry-After', String(RETRY_AFTER_SECONDS));
    return 429;
  }

  const showSearch = (
    ctx: Context,
    shown: Partial<Pick<SearchModel, 'values' | 'errors' | 'problem'>> = {},
    status = 200,
  ): Promise<void> =>
    desk.show(
      ctx,
      searchScreen({
        frame: frameOf(ctx),
        mayEndWaits: operatorOf(ctx).permissions.has('accounts.write'),
        values: { who: '' },
        errors: [],
        problem: undefined,
        ...shown,
      }),
      status,
    );

  async function search(ctx: Context): Promise<void> {
    const who = field(ctx, 'who').slice(0, LONGEST);
    const wrong = (what: string): Promise<void> =>
      showSearch(
        ctx,
        { values: { who }, errors: [{ field: 'who', sentence: say(`admin.accounts.search.refusal.${what}`) }] },
        422,
      );
    if (who.trim() === '') return wrong('empty');
    const found = await support.search(toKey(who), operatorOf(ctx).actor);
    if (!found.ok)
      return showSearch(ctx, { values: { who }, problem: refusalOf(found.refusal) }, statusOf(ctx, found.refusal));
    if (found.value === undefined) return wrong('nobody');
    seeOther(ctx, `${HOME}/${found.value.id}`);
  }

  async function getAccount(ctx: Context): Promise<Account> {
    const found = await accounts.find({ sub: String((ctx.params as { sub?: string }).sub) });
    if (found === undefined) throw new Refused(404, 'errors.not-found');
    return found;
  }

  async function showAccount(ctx: Context, account: Account, shown: Shown = {}, status = 200): Promise<void> {
    const { permissions } = operatorOf(ctx);
    const [factor, open] = await Promise.all([
      support.secondFactorOf(account),
      permissions.has('accounts.recover') ? requestsOf(account.id) : [],
    ]);
    const requests = open.map(({ id, number }) => ({ href: `/admin/recovery-requests/${id}`, number }));
    await desk.show(ctx, accountScreen(frameOf(ctx), account, factor, permissions, { ...shown, requests }), status);
  }

  async function reveal(ctx: Context): Promise<void> {
    const account = await getAccount(ctx);
    const datum = field(ctx, 'datum');
    const { typed, reason, errors } = readReason(ctx, 'reveal');
    const all: FieldError[] = [
      ...(isDatum(datum)
        ? []
        : [{ field: 'reveal-datum', sentence: say('admin.accounts.account.reveal.datum-empty') }]),
      ...errors,
    ];
    const again = { at: 'reveal', values: { reason: typed, datum } } as const;
    if (reason === undefined || !isDatum(datum)) return showAccount(ctx, account, { ...again, errors: all }, 422);
    const shown = await support.reveal(account, datum, reason, operatorOf(ctx).actor);
    if (!shown.ok)
      return showAccount(ctx, account, { ...again, problem: refusalOf(shown.refusal) }, statusOf(ctx, shown.refusal));
    // The answer itself: an address that shows it could be opened again, without a reason.
    return showAccount(ctx, account, { revealed: { datum, value: shown.value.reveal() } });
  }

  const acts: Readonly<
    Record<Change, (account: Account, reason: Reason, by: Actor) => Promise<Result<undefined, SupportRefusal>>>
  > = {
    suspend: (account, reason, by) => support.setStatus(account, 'suspended', reason, by),
    reinstate: (account, reason, by) => support.setStatus(account, 'active', reason, by),
    'end-sessions': (account, reason, by) => support.endSessions(account, reason, by),
    'resend-activation': (account, reason, by) => support.resendActivation(account, reason, by),
    'remove-second-factor': (account, reason, by) => support.removeSecondFactor(account, reason, by),
  };

  const change =
    (action: Change) =>
    async (ctx: Context): Promise<void> => {
      const account = await getAccount(ctx);
      const { typed, reason, errors } = readReason(ctx, action);
      const again = { at: action, values: { reason: typed, datum: 'name' } };
      if (reason === undefined) return showAccount(ctx, account, { ...again, errors }, 422);
      const done = await acts[action](account, reason, operatorOf(ctx).actor);
      if (!done.ok)
        return showAccount(ctx, account, { ...again, problem: refusalOf(done.refusal) }, statusOf(ctx, done.refusal));
      seeOther(ctx, `${HOME}/${account.id}?done=${action}`);
    };

  return (router) => {
    router.get(HOME, desk.may('accounts.read'), (ctx: Context) => showSearch(ctx));
    router.post(HOME, desk.may('accounts.read'), desk.form, search);
    router.get(`${HOME}/:sub`, desk.may('accounts.read'), async (ctx: Context) =>
      showAccount(ctx, await getAccount(ctx), { done: changes.find((action) => action === ctx.query.done) }),
    );
    router.post(`${HOME}/:sub/reveal`, desk.may('accounts.reveal'), desk.form, reveal);
    for (const action of ['reveal', ...changes])
      router.get(`${HOME}/:sub/${action}`, desk.may('accounts.read'), toParent);
    for (const action of changes)
      router.post(`${HOME}/:sub/${action}`, desk.may('accounts.write'), desk.form, change(action));
  };
}
