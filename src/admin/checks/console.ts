import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import type { Client } from '../../domain/client.ts';
import { signatureOf } from '../../domain/operator.ts';
import { actOnCheck, checkModelOf, checkSteps, joinCheck } from '../../sandbox/check-pages.ts';
import type { Checks } from '../../sandbox/checks.ts';
import { findTrial } from '../../sandbox/trial.ts';
import type { Store } from '../../store/store.ts';
import { field } from '../../web/form.ts';
import { Refused } from '../../web/refused.ts';
import { seeOther, toParent } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { clientCheckScreen } from './screens.ts';

export interface CheckConsoleDeps {
  readonly checks: Checks;
  readonly store: Pick<Store, 'clients' | 'clientVersions'>;
  readonly desk: Desk;
  readonly config: Pick<Config, 'http' | 'sandbox'>;
}

const PATH = '/admin/clients/:id/check';

/** The integration check of a client application, for operators: run, watched, and handed on to the service's team. */
export function addCheckConsole({ checks, store, desk, config }: CheckConsoleDeps): (router: Router) => void {
  const { issuer } = config.http;

  async function getClient(ctx: Context): Promise<Client> {
    const id = String((ctx.params as { id?: string }).id);
    const found = config.sandbox.enabled && /^[\x20-\x7e]{1,255}$/.test(id) ? await findTrial(store, id) : undefined;
    if (found === undefined) throw new Refused(404, 'errors.not-found');
    return found;
  }
  const baseOf = ({ id }: Client): string => `/admin/clients/${encodeURIComponent(id)}/check`;

  async function show(ctx: Context, client: Client, newLink?: string): Promise<void> {
    const mayAct = operatorOf(ctx).permissions.has('clients.write') && client.status !== 'disabled';
    if (mayAct) await joinCheck(ctx, checks, client, issuer);
    const model = await checkModelOf(checks, client, {
      base: baseOf(client),
      mayAct,
      issuer: `${issuer}/sandbox`,
      problem: undefined,
    });
    await desk.show(ctx, clientCheckScreen({ ...model, frame: frameOf(ctx), newLink }));
  }

  async function getUsable(ctx: Context): Promise<Client> {
    const client = await getClient(ctx);
    if (client.status === 'disabled') throw new Refused(409, 'sandbox.check.stopped');
    return client;
  }

  return (router) => {
    const [read, write] = [desk.may('clients.read'), desk.may('clients.write')];
    router.get(PATH, read, async (ctx: Context) => show(ctx, await getClient(ctx)));
    for (const step of [...checkSteps, 'link']) router.get(`${PATH}/${step}`, read, toParent);
    for (const step of checkSteps) {
      router.post(`${PATH}/${step}`, write, desk.form, async (ctx: Context) => {
        const client = await getUsable(ctx);
        await actOnCheck(ctx, checks, client, step, signatureOf(operatorOf(ctx).actor));
        seeOther(ctx, `${baseOf(client)}#${step === 'start' ? 'main' : encodeURIComponent(field(ctx, 'scenario'))}`);
      });
    }
    router.post(`${PATH}/link`, write, desk.form, async (ctx: Context) => {
      const client = await getUsable(ctx);
      // The answer itself: no address shows a link again.
      await show(
        ctx,
        client,
        `${issuer}/sandbox/check/${await checks.giveLink(client, signatureOf(operatorOf(ctx).actor))}`,
      );
    });
  };
}
