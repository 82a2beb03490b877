import type { Context } from 'koa';
import type Router from 'koa-router';
import { clientTypes, type Client, type ClientType } from '../../domain/client.ts';
import { signatureOf } from '../../domain/operator.ts';
import type { Result } from '../../domain/result.ts';
import type { Store } from '../../store/store.ts';
import { field } from '../../web/form.ts';
import { Refused } from '../../web/refused.ts';
import { say, type FieldError, type Sentence } from '../../web/screen.ts';
import { seeOther, toParent } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { readReason } from '../reason.ts';
import { editFields, emptyValues, listingOf, toDocument, valuesOf, type Values } from './edit-form.ts';
import { toErrors } from './explain.ts';
import { parseClientMetadata } from './forms.ts';
import { actions, clientScreen, editScreen, listScreen, type ClientAction, type ClientShown, type EditModel } from './screens.ts';
import type { ClientRefusal, ClientService, Registered } from './service.ts';
import { findWebUriProblem } from './uris.ts';
import { handOf } from './versions.ts';

export interface ClientPagesDeps {
  readonly clients: ClientService;
  readonly store: Pick<Store, 'clients'>;
  readonly desk: Desk;
}

const HOME = '/admin/clients';
const PAGE = 50;
const LONGEST = 5000;
const FIELDS = new Set([...editFields.map(({ name }) => name), 'type']);

/**
 * Rights at the API of operators are given by the command line alone: whoever registers a machine here would reach past
 * their own roles with it.
 */
const isPrivileged = (...scopes: readonly unknown[]): boolean => scopes.some((scope) => typeof scope === 'string' && /(?:^|\s)admin:/.test(scope));
const privileged = say('admin.clients.problem.privileged');

interface Saved {
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

/** Client applications for people: found, read, registered, changed, stopped. */
export function addClientPages({ clients, store, desk }: ClientPagesDeps): (router: Router) => void {
  const mayWrite = (ctx: Context): boolean => operatorOf(ctx).permissions.has('clients.write');
  const inAddress = (ctx: Context, name: string): string => (typeof ctx.query[name] === 'string' ? ctx.query[name].replaceAll('\0', '').trim().slice(0, 200) : '');

  async function list(ctx: Context): Promise<void> {
    const values = { q: inAddress(ctx, 'q'), status: inAddress(ctx, 'status') };
    const status = values.status === 'active' || values.status === 'disabled' ? values.status : undefined;
    const [name, id] = [inAddress(ctx, 'name'), inAddress(ctx, 'id')];
    const found = await store.clients.page({ words: values.q === '' ? undefined : values.q, status }, id === '' ? undefined : { name, id }, PAGE + 1);
    const page = found.slice(0, PAGE);
    const last = page.at(-1);
    const next = found.length > PAGE && last !== undefined ? `${HOME}?${new URLSearchParams({ ...values, name: last.name, id: last.id }).toString()}` : undefined;
    await desk.show(ctx, listScreen({ frame: frameOf(ctx), values, clients: page, next, mayWrite: mayWrite(ctx) }));
  }

  async function getClient(ctx: Context): Promise<Client> {
    const id = String((ctx.params as { id?: string }).id);
    const found = /^[\x20-\x7e]{1,255}$/.test(id) ? await clients.find(id) : undefined;
    if (found === undefined) throw new Refused(404, 'errors.not-found');
    return found;
  }

  const showClient = (ctx: Context, client: Client, shown: ClientShown = {}, status = 200): Promise<void> => desk.show(ctx, clientScreen(frameOf(ctx), client, mayWrite(ctx), shown), status);

  const act = (action: ClientAction) => async (ctx: Context): Promise<void> => {
    const client = await getClient(ctx);
    const { typed, reason, errors } = readReason(ctx, action);
    if (reason === undefined) return showClient(ctx, client, { at: action, values: { reason: typed }, errors }, 422);
    if (action !== 'disable' && isPrivileged(client.metadata.scope)) return showClient(ctx, client, { at: action, problem: privileged }, 422);
    const because = { by: signatureOf(operatorOf(ctx).actor), reason };
    if (action !== 'rotate-secret') {
      await clients.setStatus(client.id, action === 'disable' ? 'disabled' : 'active', because);
      seeOther(ctx, `${HOME}/${encodeURIComponent(client.id)}?done=${action}`);
      return;
    }
    const rotated = await clients.rotateSecret(client.id, because);
    if (!rotated.ok) return showClient(ctx, client, { at: action, problem: say('admin.clients.refusal.client-without-secret') }, 422);
    // The answer itself: no address shows a secret again.
    return showClient(ctx, rotated.value.client, { done: action, newSecret: rotated.value.newSecret?.reveal() });
  };

  const typedIn = (ctx: Context): Values => Object.fromEntries(editFields.map(({ name }) => [name, field(ctx, name).slice(0, LONGEST)]));

  function findListingErrors(values: Values): FieldError[] {
    const listing = listingOf(values);
    if (listing === undefined) return [];
    const empty = (['id', 'en'] as const).filter((lang) => listing[lang] === '').map((lang) => ({ field: `listing_${lang}`, sentence: say('admin.clients.problem.empty') }));
    return findWebUriProblem(listing.url) === undefined ? empty : [{ field: 'listing_url', sentence: say('admin.clients.problem.https') }, ...empty];
  }

  function refusalOf(refusal: ClientRefusal): Saved {
    return refusal.reason === 'client-metadata' ? toErrors(refusal.problems, FIELDS) : { errors: [], problem: say(`admin.clients.refusal.${refusal.reason}`) };
  }

  /** Judges or saves what was typed; later a draft for review goes this way. @param save writes it, once the form itself is good. */
  async function submit(ctx: Context, shown: Pick<EditModel, 'client' | 'values'>, document: Record<string, unknown>, type: ClientType, save: () => Promise<Result<Registered, ClientRefusal>>, before?: string): Promise<void> {
    const { values } = shown;
    const again = (saved: Saved, status: number, checked = false): Promise<void> => desk.show(ctx, editScreen({ frame: frameOf(ctx), ...shown, checked, ...saved }), status);
    const parsed = parseClientMetadata(document, { type });
    const ours = [...findListingErrors(values), ...(isPrivileged(document.scope, before) ? [{ field: 'scope', sentence: privileged }] : [])];
    const found = parsed.ok ? { errors: [], problem: undefined } : toErrors(parsed.refusal, FIELDS);
    if (!parsed.ok || ours.length > 0) return again({ errors: [...found.errors, ...ours], problem: found.problem }, 422);
    if (field(ctx, 'intent') === 'check') return again(found, 200, true);
    const saved = await save();
    if (!saved.ok) return again(refusalOf(saved.refusal), 422);
    const { client, newSecret } = saved.value;
    if (newSecret === undefined) seeOther(ctx, `${HOME}/${encodeURIComponent(client.id)}?done=${shown.client === undefined ? 'created' : 'updated'}`);
    else await showClient(ctx, client, { done: shown.client === undefined ? 'created' : 'updated', newSecret: newSecret.reveal() });
  }

  async function create(ctx: Context): Promise<void> {
    const values = typedIn(ctx);
    const type = clientTypes.find((one) => one === field(ctx, 'type'));
    const shown = { client: undefined, values: { ...values, type: type ?? 'web' } };
    if (type === undefined) return desk.show(ctx, editScreen({ frame: frameOf(ctx), ...shown, errors: [{ field: 'type', sentence: say('admin.clients.problem.empty') }] }), 422);
    const document = toDocument(values, type);
    return submit(ctx, shown, document, type, async () => {
      const made = await clients.create([{ document, type, listing: listingOf(values) }], { hand: handOf(signatureOf(operatorOf(ctx).actor)) });
      if (!made.ok) return made;
      const [registered] = made.value;
      if (registered === undefined) throw new Error('a client just registered is not there');
      return { ok: true, value: registered };
    });
  }

  async function update(ctx: Context): Promise<void> {
    const client = await getClient(ctx);
    const values = typedIn(ctx);
    const seen = field(ctx, 'seen');
    const changes = toDocument(values, client.type, client.metadata);
    const shown = { client: { id: client.id, name: client.metadata.client_name, seen }, values: { ...values, type: client.type } };
    const seenAt = new Date(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(seen) ? seen : 0);
    return submit(ctx, shown, { ...client.metadata, ...changes }, client.type, () =>
      clients.update(client.id, changes, { listing: listingOf(values), hand: handOf(signatureOf(operatorOf(ctx).actor)), seenAt }),
      client.metadata.scope,
    );
  }

  return (router) => {
    const [read, write] = [desk.may('clients.read'), desk.may('clients.write')];
    router.get(HOME, read, list);
    router.get(`${HOME}/new`, write, (ctx: Context) => desk.show(ctx, editScreen({ frame: frameOf(ctx), client: undefined, values: { ...emptyValues, type: 'web' } })));
    router.post(`${HOME}/new`, write, desk.form, create);
    router.get(`${HOME}/:id`, read, async (ctx: Context) => showClient(ctx, await getClient(ctx), { done: (['created', 'updated', ...actions] as const).find((one) => one === ctx.query.done) }));
    router.get(`${HOME}/:id/edit`, write, async (ctx: Context) => {
      const client = await getClient(ctx);
      await desk.show(ctx, editScreen({ frame: frameOf(ctx), client: { id: client.id, name: client.metadata.client_name, seen: client.updatedAt.toISOString() }, values: { ...valuesOf(client), type: client.type } }));
    });
    router.post(`${HOME}/:id/edit`, write, desk.form, update);
    for (const action of actions) router.get(`${HOME}/:id/${action}`, read, toParent);
    for (const action of actions) router.post(`${HOME}/:id/${action}`, write, desk.form, act(action));
  };
}
