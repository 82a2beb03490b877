import type { Context } from 'koa';
import type Router from 'koa-router';
import { byKind } from '../../../domain/client-error.ts';
import { parseHelpCode } from '../../../domain/help-code.ts';
import type { Store } from '../../../store/store.ts';
import { Refused } from '../../../web/refused.ts';
import { say } from '../../../web/screen.ts';
import type { Desk } from '../../desk.ts';
import { frameOf } from '../../guard.ts';
import type { ClientService } from '../service.ts';
import { errorsScreen, errorSearchScreen } from './screens.ts';

export interface ClientErrorPagesDeps {
  readonly clients: Pick<ClientService, 'find'>;
  readonly store: Pick<Store, 'clientErrors'>;
  /** What this process has counted is written before it is shown; what others have follows within seconds. */
  readonly clientErrors: { flush(): Promise<void> };
  readonly desk: Desk;
}

/**
 * What goes wrong between services and the protocol, and who mends it: by client, and by the help code that somebody
 * reads out.
 */
export function addClientErrorPages({
  clients,
  store,
  clientErrors,
  desk,
}: ClientErrorPagesDeps): (router: Router) => void {
  async function list(ctx: Context): Promise<void> {
    const id = String((ctx.params as { id?: string }).id);
    const client = /^[\x20-\x7e]{1,255}$/.test(id) ? await clients.find(id) : undefined;
    if (client === undefined) throw new Refused(404, 'errors.not-found');
    await clientErrors.flush();
    await desk.show(
      ctx,
      errorsScreen(
        frameOf(ctx),
        { id: client.id, name: client.metadata.client_name },
        byKind(await store.clientErrors.of(client.id)),
      ),
    );
  }

  async function search(ctx: Context): Promise<void> {
    const typed = typeof ctx.query.code === 'string' ? ctx.query.code.replaceAll('\0', '').trim().slice(0, 40) : '';
    if (typed === '') return desk.show(ctx, errorSearchScreen(frameOf(ctx), ''));
    const code = parseHelpCode(typed);
    if (code === undefined)
      return desk.show(
        ctx,
        errorSearchScreen(frameOf(ctx), typed, undefined, [
          { field: 'code', sentence: say('admin.clients.errors.search.no-code') },
        ]),
        422,
      );
    await clientErrors.flush();
    const found = await Promise.all(
      (await store.clientErrors.byHelpCode(code)).map(async (error) => {
        const client = await clients.find(error.clientId);
        return { client: { id: error.clientId, name: client?.metadata.client_name ?? error.clientId }, error };
      }),
    );
    await desk.show(ctx, errorSearchScreen(frameOf(ctx), code, found));
  }

  return (router) => {
    const read = desk.may('clients.read');
    router.get('/admin/clients/errors', read, search);
    router.get('/admin/clients/:id/errors', read, list);
  };
}
