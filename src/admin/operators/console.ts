import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Account } from '../../domain/account.ts';
import { isOneself, isRole, type Actor, type Role } from '../../domain/operator.ts';
import type { Result } from '../../domain/result.ts';
import { field } from '../../web/form.ts';
import { Refused } from '../../web/refused.ts';
import { say } from '../../web/screen.ts';
import { seeOther, toParent } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { listScreen, operatorScreen, type ListView, type OperatorModel } from './screens.ts';
import type { OperatorRefusal, OperatorService } from './service.ts';

export interface OperatorPagesDeps {
  readonly operators: OperatorService;
  readonly findAccount: (sub: string) => Promise<Account | undefined>;
  /** Looks for an account as the help desk does: exactly, counted and remembered. */
  readonly search: (who: string, by: Actor) => Promise<Result<Account | undefined, 'limit'>>;
  readonly desk: Desk;
}

const HOME = '/admin/operators';
const LONGEST = 320;
const RETRY_AFTER_SECONDS = 3600;
const verbs = ['grant', 'revoke'] as const;

/** Who holds which role; administrators give and take them. */
export function addOperatorPages({
  operators,
  findAccount,
  search,
  desk,
}: OperatorPagesDeps): (router: Router) => void {
  const mayChange = (ctx: Context): boolean => operatorOf(ctx).permissions.has('operators.write');

  const showList = async (
    ctx: Context,
    shown: Partial<Pick<ListView, 'values' | 'errors' | 'problem'>> = {},
    status = 200,
  ): Promise<void> =>
    desk.show(
      ctx,
      listScreen({
        frame: frameOf(ctx),
        operators: await operators.list(),
        mayGrant: mayChange(ctx),
        values: { who: '' },
        errors: [],
        problem: undefined,
        ...shown,
      }),
      status,
    );

  async function find(ctx: Context): Promise<void> {
    const who = field(ctx, 'who').slice(0, LONGEST);
    const wrong = (what: string): Promise<void> =>
      showList(
        ctx,
        { values: { who }, errors: [{ field: 'who', sentence: say(`admin.accounts.search.refusal.${what}`) }] },
        422,
      );
    if (who.trim() === '') return wrong('empty');
    const found = await search(who, operatorOf(ctx).actor);
    if (!found.ok) {
      ctx.set('Retry-After', String(RETRY_AFTER_SECONDS));
      return showList(ctx, { values: { who }, problem: say('admin.accounts.refusal.limit') }, 429);
    }
    if (found.value === undefined) return wrong('nobody');
    seeOther(ctx, `${HOME}/${found.value.id}`);
  }

  /** Citizens without a role are none of the business of those who only look on. */
  async function getPerson(
    ctx: Context,
  ): Promise<{ account: Account; grants: readonly { role: Role; grantedBy: string; grantedAt: Date }[] }> {
    const sub = String((ctx.params as { sub?: string }).sub);
    const held = (await operators.list()).find(({ account }) => account.id === sub);
    if (held !== undefined) return { account: held.account, grants: held.grants };
    const account = mayChange(ctx) ? await findAccount(sub) : undefined;
    if (account === undefined) throw new Refused(404, 'errors.not-found');
    return { account, grants: [] };
  }

  async function showPerson(
    ctx: Context,
    shown: { done?: OperatorModel['done']; refusal?: OperatorRefusal } = {},
    status = 200,
  ): Promise<void> {
    const person = await getPerson(ctx);
    const names = await desk.names(ctx, { signatures: person.grants.map(({ grantedBy }) => grantedBy) });
    return desk.show(
      ctx,
      operatorScreen({
        frame: frameOf(ctx),
        names,
        ...person,
        mayChange: mayChange(ctx),
        isOneself: isOneself(operatorOf(ctx).actor, person.account.id),
        ...shown,
      }),
      status,
    );
  }

  const change =
    (verb: (typeof verbs)[number]) =>
    async (ctx: Context): Promise<void> => {
      const { account } = await getPerson(ctx);
      const role = field(ctx, 'role');
      if (!isRole(role)) throw new Refused(400, 'errors.bad-encoding');
      const done = await operators[verb](account, role, operatorOf(ctx).actor);
      if (!done.ok) return showPerson(ctx, { refusal: done.refusal }, 422);
      seeOther(ctx, `${HOME}/${account.id}?${verb}=${role}`);
    };

  const doneIn = (ctx: Context): OperatorModel['done'] => {
    for (const verb of verbs) {
      const role = ctx.query[verb];
      if (typeof role === 'string' && isRole(role)) return { verb, role };
    }
    return undefined;
  };

  return (router) => {
    router.get(HOME, desk.may('operators.read'), (ctx: Context) => showList(ctx));
    router.post(HOME, desk.may('operators.write'), desk.form, find);
    router.get(`${HOME}/:sub`, desk.may('operators.read'), (ctx: Context) => showPerson(ctx, { done: doneIn(ctx) }));
    for (const verb of verbs) router.get(`${HOME}/:sub/${verb}`, desk.may('operators.read'), toParent);
    for (const verb of verbs) router.post(`${HOME}/:sub/${verb}`, desk.may('operators.write'), desk.form, change(verb));
  };
}
