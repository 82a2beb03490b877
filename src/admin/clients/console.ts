import type { Context } from 'koa';
import type Router from 'koa-router';
import { clientStatuses, lastProposal, type Client } from '../../domain/client.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store } from '../../store/store.ts';
import { Refused } from '../../web/refused.ts';
import { say } from '../../web/screen.ts';
import { seeOther, toParent } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { readReason } from '../reason.ts';
import { addEditPages } from './edit-pages.ts';
import { explainRefusal } from './explain.ts';
import type { LogoService } from './logo/service.ts';
import { isPrivileged } from './privileged.ts';
import { addReviewPages, handAt } from './review-pages.ts';
import type { ClientReview } from './review.ts';
import {
  actions,
  clientScreen,
  doneWords,
  listScreen,
  rightFor,
  type ClientAction,
  type ClientShown,
} from './screens.ts';
import type { ClientService } from './service.ts';

export interface ClientPagesDeps {
  readonly clients: ClientService;
  readonly review: ClientReview;
  readonly logos: LogoService;
  readonly store: Pick<Store, 'bridgeUses' | 'clients' | 'clientLogos' | 'clientVersions'>;
  readonly random: Pick<Random, 'uuid'>;
  readonly desk: Desk;
  /** Thirty days ago, as `2026-01-31`. */
  readonly firstDay: () => string;
}

const HOME = '/admin/clients';
const PAGE = 50;

const privileged = say('admin.clients.problem.privileged');

/** Client applications for people: found, read, stopped; registered, changed and judged on pages of their own. */
export function addClientPages({
  clients,
  review,
  logos,
  store,
  random,
  desk,
  firstDay,
}: ClientPagesDeps): (router: Router) => void {
  const inAddress = (ctx: Context, name: string): string =>
    typeof ctx.query[name] === 'string' ? ctx.query[name].replaceAll('\0', '').trim().slice(0, 200) : '';

  async function list(ctx: Context): Promise<void> {
    const values = { q: inAddress(ctx, 'q'), status: inAddress(ctx, 'status') };
    const [name, id] = [inAddress(ctx, 'name'), inAddress(ctx, 'id')];
    const wanted = {
      words: values.q === '' ? undefined : values.q,
      status: clientStatuses.find((one) => one === values.status),
      waits: values.status === 'waiting',
    };
    const found = await store.clients.page(wanted, id === '' ? undefined : { name, id }, PAGE + 1);
    const page = found.slice(0, PAGE);
    const last = page.at(-1);
    const next =
      found.length > PAGE && last !== undefined
        ? `${HOME}?${new URLSearchParams({ ...values, name: last.name, id: last.id }).toString()}`
        : undefined;
    await desk.show(
      ctx,
      listScreen({
        frame: frameOf(ctx),
        values,
        clients: page,
        next,
        mayWrite: operatorOf(ctx).permissions.has('clients.write'),
      }),
    );
  }

  async function getClient(ctx: Context): Promise<Client> {
    const id = String((ctx.params as { id?: string }).id);
    const found = /^[\x20-\x7e]{1,255}$/.test(id) ? await clients.find(id) : undefined;
    if (found === undefined) throw new Refused(404, 'errors.not-found');
    return found;
  }

  async function bridgeOf({ id, metadata: { bridge } }: Client): Promise<ClientShown['bridge']> {
    return bridge === undefined
      ? undefined
      : { until: bridge.until, uses: await store.bridgeUses.since(firstDay(), id) };
  }

  /** Whether something waits, and, where the last proposal was rejected, what there is to mend. */
  async function proposalOf(ctx: Context, { id }: Client): Promise<Pick<ClientShown, 'waits' | 'rejected'>> {
    const last = lastProposal(await store.clientVersions.list(id));
    if (last?.state !== 'rejected' || last.decided === undefined) return { waits: last?.state === 'proposed' };
    const { by, at, note = '' } = last.decided;
    return { rejected: { number: last.number, by: (await desk.names(ctx, { signatures: [by] })).actor(by), at, note } };
  }

  const showClient = async (ctx: Context, client: Client, shown: ClientShown = {}, status = 200): Promise<void> =>
    desk.show(
      ctx,
      clientScreen(frameOf(ctx), client, operatorOf(ctx).permissions, {
        ...(await proposalOf(ctx, client)),
        bridge: await bridgeOf(client),
        ...shown,
      }),
      status,
    );

  const act =
    (action: ClientAction) =>
    async (ctx: Context): Promise<void> => {
      const client = await getClient(ctx);
      const { typed, reason, errors } = readReason(ctx, action);
      if (reason === undefined) return showClient(ctx, client, { at: action, values: { reason: typed }, errors }, 422);
      if (action !== 'disable' && isPrivileged(client.metadata.scope)) {
        await desk.turnedAway(ctx, 'client-privileged');
        return showClient(ctx, client, { at: action, problem: privileged }, 422);
      }
      const because = { by: handAt(ctx).by, reason };
      const changed = await clients.setStatus(client.id, action === 'disable' ? 'disabled' : 'active', because);
      if (!changed.ok) return showClient(ctx, client, { at: action, problem: explainRefusal(changed.refusal) }, 422);
      seeOther(ctx, `${HOME}/${encodeURIComponent(client.id)}?done=${action}`);
    };

  return (router) => {
    const read = desk.may('clients.read');
    router.get(HOME, read, list);
    addEditPages({ review, logos, store, random, desk, getClient, showClient })(router);
    router.get(`${HOME}/:id`, read, async (ctx: Context) =>
      showClient(ctx, await getClient(ctx), {
        done: doneWords.find((one) => one === ctx.query.done),
        lacksKeys: ctx.query.keys === 'missing',
        lacksAddresses: ctx.query.addresses === 'missing',
      }),
    );
    addReviewPages({ review, store, desk, getClient })(router);
    for (const action of actions) router.get(`${HOME}/:id/${action}`, read, toParent);
    for (const action of actions)
      router.post(`${HOME}/:id/${action}`, desk.may(rightFor[action]), desk.form, act(action));
  };
}
