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
import type { ClientService } from '../service.ts';
import { handOf } from '../versions.ts';
import { delays, keysScreen, type KeysShown } from './screens.ts';
import type { ClientKeys } from './service.ts';

export interface KeyPagesDeps {
  readonly clients: Pick<ClientService, 'find'>;
  readonly keys: ClientKeys;
  readonly clock: Clock;
  readonly desk: Desk;
}

const PAGE = '/admin/clients/:id/keys';
const DAY = 86_400;

/** The keys of a client application: which there are, how old they are, and an end to one of them. */
export function addKeyPages({ clients, keys, clock, desk }: KeyPagesDeps): (router: Router) => void {
  async function getClient(ctx: Context): Promise<Client> {
    const { id = '' } = ctx.params as { id?: string };
    const found = /^[\x20-\x7e]{1,255}$/.test(id) ? await clients.find(id) : undefined;
    if (found === undefined || (found.metadata.jwks === undefined && found.metadata.jwks_uri === undefined))
      throw new Refused(404, 'errors.not-found');
    return found;
  }

  const show = async (ctx: Context, client: Client, shown: KeysShown = {}, status = 200): Promise<void> =>
    desk.show(
      ctx,
      keysScreen(
        {
          frame: frameOf(ctx),
          client,
          keys: await keys.list(client),
          mayWrite: operatorOf(ctx).permissions.has('clients.write') && !isPrivileged(client.metadata.scope),
          now: clock.now(),
        },
        shown,
      ),
      status,
    );

  async function end(ctx: Context): Promise<void> {
    const { thumbprint = '' } = ctx.params as { thumbprint?: string };
    if (!/^[\w-]{43}$/.test(thumbprint)) throw new Refused(404, 'errors.not-found');
    const client = await getClient(ctx);
    const delay = delays.find((one) => String(one) === field(ctx, 'delay')) ?? 0;
    const { typed, reason, errors } = readReason(ctx, `end-${thumbprint}`);
    const values = { reason: typed, delay: String(delay) };
    if (isPrivileged(client.metadata.scope)) {
      await desk.turnedAway(ctx, 'client-privileged');
      return show(ctx, client, { at: thumbprint, values, problem: say('admin.clients.problem.privileged') }, 422);
    }
    if (reason === undefined) return show(ctx, client, { at: thumbprint, values, errors }, 422);
    const ended = await keys.end(
      client.id,
      thumbprint,
      { afterSeconds: delay * DAY },
      { hand: handOf(signatureOf(operatorOf(ctx).actor)), reason },
    );
    if (!ended.ok)
      return show(
        ctx,
        await getClient(ctx),
        { at: thumbprint, values, problem: say(`admin.clients.refusal.${ended.refusal.reason}`) },
        422,
      );
    seeOther(ctx, `/admin/clients/${encodeURIComponent(client.id)}/keys?done=ended`);
  }

  return (router) => {
    const read = desk.may('clients.read');
    router.get(PAGE, read, async (ctx: Context) =>
      show(ctx, await getClient(ctx), { done: ctx.query.done === 'ended' }),
    );
    router.get(`${PAGE}/:thumbprint/end`, read, toGrandparent);
    router.post(`${PAGE}/:thumbprint/end`, desk.may('clients.write'), desk.form, end);
  };
}
