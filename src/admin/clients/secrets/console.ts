import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Client } from '../../../domain/client.ts';
import { signatureOf } from '../../../domain/operator.ts';
import type { Clock } from '../../../ports/clock/clock.ts';
import { field } from '../../../web/form.ts';
import { Refused } from '../../../web/refused.ts';
import { say } from '../../../web/screen.ts';
import { seeOther, toGrandparent } from '../../../web/see-other.ts';
import type { Desk } from '../../desk.ts';
import { frameOf, operatorOf } from '../../guard.ts';
import { readReason } from '../../reason.ts';
import { isPrivileged } from '../privileged.ts';
import type { ClientRefusal } from '../refusals.ts';
import type { ClientSecrets } from './service.ts';
import { lifetimes, overlaps, secretsScreen, type SecretsShown } from './screens.ts';
import type { ClientService } from '../service.ts';

export interface SecretPagesDeps {
  readonly clients: Pick<ClientService, 'find'>;
  readonly secrets: ClientSecrets;
  readonly clock: Clock;
  readonly desk: Desk;
}

const PAGE = '/admin/clients/:id/secrets';
const DAY = 86_400;

/** The secrets of a client application: which there are, another one, and an end to one of two. */
export function addSecretPages({ clients, secrets, clock, desk }: SecretPagesDeps): (router: Router) => void {
  async function getClient(ctx: Context): Promise<Client> {
    const { id = '' } = ctx.params as { id?: string };
    const found = /^[\x20-\x7e]{1,255}$/.test(id) ? await clients.find(id) : undefined;
    if (found === undefined || found.secrets.length === 0) throw new Refused(404, 'errors.not-found');
    return found;
  }

  const show = async (ctx: Context, client: Client, shown: SecretsShown = {}, status = 200): Promise<void> =>
    desk.show(
      ctx,
      secretsScreen(
        frameOf(ctx),
        await desk.names(ctx, { signatures: client.secrets.map(({ createdBy }) => createdBy) }),
        client,
        operatorOf(ctx).permissions.has('clients.write') && !isPrivileged(client.metadata.scope),
        clock.now(),
        shown,
      ),
      status,
    );

  /** Refuses what the console may not do, and what was not explained. */
  async function act(
    ctx: Context,
    at: string,
    values: SecretsShown['values'],
    work: (client: Client, because: { by: string; reason: string }) => Promise<ClientRefusal | undefined>,
  ): Promise<void> {
    const client = await getClient(ctx);
    if (isPrivileged(client.metadata.scope)) {
      await desk.turnedAway(ctx, 'client-privileged');
      return show(ctx, client, { at, problem: say('admin.clients.problem.privileged') }, 422);
    }
    const { reason, errors } = readReason(ctx, at);
    if (reason === undefined)
      return show(ctx, client, { at, errors, ...(values === undefined ? {} : { values }) }, 422);
    const refusal = await work(client, { by: signatureOf(operatorOf(ctx).actor), reason });
    if (refusal !== undefined)
      return show(ctx, await getClient(ctx), { at, problem: say(`admin.clients.refusal.${refusal.reason}`) }, 422);
  }

  async function add(ctx: Context): Promise<void> {
    const days = (name: string, among: readonly number[]): number =>
      among.find((one) => String(one) === field(ctx, name)) ?? among[0] ?? 0;
    const [overlap, lifetime] = [days('overlap', overlaps), days('lifetime', lifetimes)];
    const after = Number(field(ctx, 'after'));
    await act(
      ctx,
      'add',
      { reason: field(ctx, 'reason').slice(0, 1000), overlap: String(overlap), lifetime: String(lifetime) },
      async ({ id }, because) => {
        const made = await secrets.add(
          id,
          {
            overlapSeconds: overlap * DAY,
            lifetimeSeconds: lifetime === 0 ? undefined : lifetime * DAY,
            after: Number.isSafeInteger(after) ? after : 0,
          },
          because,
        );
        if (!made.ok) return made.refusal;
        // The answer itself: no address shows a secret again.
        await show(ctx, made.value.client, { done: 'added', newSecret: made.value.newSecret.reveal() });
        return undefined;
      },
    );
  }

  async function end(ctx: Context): Promise<void> {
    const { number = '' } = ctx.params as { number?: string };
    if (!/^[1-9]\d{0,6}$/.test(number)) throw new Refused(404, 'errors.not-found');
    await act(ctx, `end-${number}`, undefined, async ({ id }, because) => {
      const ended = await secrets.end(id, Number(number), because);
      if (!ended.ok) return ended.refusal;
      seeOther(ctx, `/admin/clients/${encodeURIComponent(id)}/secrets?done=ended`);
      return undefined;
    });
  }

  return (router) => {
    const [read, write] = [desk.may('clients.read'), desk.may('clients.write')];
    router.get(PAGE, read, async (ctx: Context) =>
      show(ctx, await getClient(ctx), { done: ctx.query.done === 'ended' ? 'ended' : undefined }),
    );
    router.post(PAGE, write, desk.form, add);
    router.get(`${PAGE}/:number/end`, read, toGrandparent);
    router.post(`${PAGE}/:number/end`, write, desk.form, end);
  };
}
