import type { Context } from 'koa';
import type Router from 'koa-router';
import { fromApiId, seenOf, type Api } from '../../domain/api.ts';
import { signatureOf } from '../../domain/operator.ts';
import { field } from '../../web/form.ts';
import { Refused } from '../../web/refused.ts';
import { seeOther, toParent } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { readReason } from '../reason.ts';
import { documentOf, emptyValues, readValues, valuesOf, type Values } from './edit-form.ts';
import { explainRefusal, labelOf, toErrors } from './explain.ts';
import { parseApi } from './forms.ts';
import {
  actions,
  addressOf,
  apiScreen,
  doneWords,
  editScreen,
  HOME,
  listScreen,
  rightFor,
  type ApiAction,
  type ApiEdit,
  type ApiShown,
} from './screens.ts';
import type { ApiRefusal, ApiService } from './service.ts';

/** A hundred scopes with their sentences in any script. */
const LONGEST_FORM = 256 * 1024;

/**
 * APIs that take access tokens: registered, changed, stopped and started again. What a client may ask of them its own
 * registration says.
 */
export function addApiPages({
  apis,
  desk,
}: {
  readonly apis: ApiService;
  readonly desk: Desk;
}): (router: Router) => void {
  const by = (ctx: Context): string => signatureOf(operatorOf(ctx).actor);

  async function getApi(ctx: Context): Promise<Api> {
    const identifier = fromApiId(String((ctx.params as { id?: string }).id));
    const found = identifier === undefined ? undefined : await apis.find(identifier);
    if (found === undefined) throw new Refused(404, 'errors.not-found');
    return found;
  }

  const show = async (ctx: Context, api: Api, shown: ApiShown = {}, status = 200): Promise<void> =>
    desk.show(
      ctx,
      apiScreen(frameOf(ctx), api, await apis.usersOf(api.identifier), operatorOf(ctx).permissions, shown),
      status,
    );

  const edit = (
    ctx: Context,
    api: Api | undefined,
    values: Values,
    {
      status = 200,
      refusal,
      ...shown
    }: Pick<ApiEdit, 'seen' | 'more' | 'errors'> & { readonly refusal?: ApiRefusal; readonly status?: number } = {},
  ): Promise<void> =>
    desk.show(
      ctx,
      editScreen({
        frame: frameOf(ctx),
        api,
        values,
        ...shown,
        problem: refusal === undefined ? undefined : explainRefusal(refusal),
      }),
      status,
    );

  async function create(ctx: Context): Promise<void> {
    const values = readValues((name) => field(ctx, name));
    if (field(ctx, 'intent') === 'more') return edit(ctx, undefined, values, { more: true });
    const made = await apis.create(documentOf(values), by(ctx));
    if (made.ok) {
      seeOther(ctx, `${addressOf(made.value.identifier)}?done=created`);
      return;
    }
    const { refusal } = made;
    await edit(ctx, undefined, values, {
      status: 422,
      ...(refusal.reason === 'api-document' ? { errors: toErrors(refusal.problems) } : { refusal }),
    });
  }

  async function update(ctx: Context): Promise<void> {
    const api = await getApi(ctx);
    const values = { ...readValues((name) => field(ctx, name)), identifier: api.identifier };
    const seen = field(ctx, 'seen');
    if (field(ctx, 'intent') === 'more') return edit(ctx, api, values, { seen, more: true });
    const document = documentOf(values);
    const parsed = parseApi(document);
    if (!parsed.ok)
      await desk.refusedChange(ctx, {
        kind: 'api',
        reason: 'api-document',
        faults: parsed.refusal,
        resource: api.identifier,
      });
    const { reason, errors } = readReason(ctx, 'update');
    if (!parsed.ok || reason === undefined)
      return edit(ctx, api, values, {
        seen,
        status: 422,
        errors: [
          ...(parsed.ok ? [] : toErrors(parsed.refusal)),
          ...errors.map((one) => ({ ...one, label: labelOf('reason') })),
        ],
      });
    const changed = await apis.update(api.identifier, document, { by: by(ctx), reason, seen });
    if (!changed.ok) return edit(ctx, api, values, { seen, status: 422, refusal: changed.refusal });
    seeOther(ctx, `${addressOf(api.identifier)}?done=${seenOf(changed.value) === seen ? 'unchanged' : 'updated'}`);
  }

  const turn =
    (action: ApiAction) =>
    async (ctx: Context): Promise<void> => {
      const api = await getApi(ctx);
      const { typed, reason, errors } = readReason(ctx, action);
      if (reason === undefined) return show(ctx, api, { at: action, values: { reason: typed }, errors }, 422);
      const changed = await apis.setStatus(api.identifier, action === 'disable' ? 'disabled' : 'active', {
        by: by(ctx),
        reason,
      });
      if (!changed.ok)
        return show(ctx, api, { at: action, values: { reason: typed }, problem: explainRefusal(changed.refusal) }, 422);
      seeOther(ctx, `${addressOf(api.identifier)}?done=${action}`);
    };

  return (router) => {
    const [read, write] = [desk.may('clients.read'), desk.may('clients.write')];
    const longForm = desk.longForm(LONGEST_FORM);
    router.get(HOME, read, async (ctx: Context) =>
      desk.show(
        ctx,
        listScreen({
          frame: frameOf(ctx),
          apis: await apis.list(),
          mayWrite: operatorOf(ctx).permissions.has('clients.write'),
        }),
      ),
    );
    router.get(`${HOME}/new`, write, (ctx: Context) => edit(ctx, undefined, emptyValues));
    router.post(`${HOME}/new`, write, longForm, create);
    router.get(`${HOME}/:id`, read, async (ctx: Context) =>
      show(ctx, await getApi(ctx), { done: doneWords.find((one) => one === ctx.query.done) }),
    );
    router.get(`${HOME}/:id/edit`, write, async (ctx: Context) => {
      const api = await getApi(ctx);
      await edit(ctx, api, valuesOf(api));
    });
    router.post(`${HOME}/:id/edit`, write, longForm, update);
    for (const action of actions) router.get(`${HOME}/:id/${action}`, read, toParent);
    for (const action of actions)
      router.post(`${HOME}/:id/${action}`, desk.may(rightFor[action]), desk.form, turn(action));
  };
}
