import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { field, form } from '../../web/form.ts';
import { renderScreen } from '../../web/render.ts';
import { seeOther } from '../../web/see-other.ts';
import { sessionOf, type Sessions } from '../../web/session.ts';
import { servicesScreen, withdrawScreen } from './screens.ts';
import type { ServicesService } from './service.ts';

export interface ServicesRoutesDeps {
  readonly services: ServicesService;
  readonly sessions: Pick<Sessions, 'require'>;
  readonly csrf: Csrf;
  readonly config: Pick<Config, 'http'>;
}

const PATH = '/account/services';
const WITHDRAW = `${PATH}/withdraw`;

/** "Layanan terhubung": what the person shares with whom, and the way to take it back. */
export function addServices({ services, sessions, csrf, config }: ServicesRoutesDeps): (router: Router) => void {
  // Forms belong to the person, too: one that another citizen left open in this browser withdraws nothing.
  const scopeOf = (ctx: Context): string => `account.services ${sessionOf(ctx).accountId}`;

  async function list(ctx: Context): Promise<void> {
    const connected = await services.list(sessionOf(ctx).accountId);
    const shown = connected.map(({ clientId, ...service }) => ({
      ...service,
      withdraw: `${WITHDRAW}?${new URLSearchParams({ client: clientId }).toString()}`,
    }));
    await renderScreen(ctx, servicesScreen({ services: shown, withdrawn: ctx.query.withdrawn === 'yes' }));
  }

  async function ask(ctx: Context): Promise<void> {
    const { client } = ctx.query;
    const service = typeof client === 'string' ? await services.find(sessionOf(ctx).accountId, client) : undefined;
    if (service === undefined) {
      seeOther(ctx, PATH);
      return;
    }
    await renderScreen(ctx, withdrawScreen({ name: service.name, clientId: service.clientId, stay: PATH }), {
      csrf: csrf.token(ctx, scopeOf(ctx)),
    });
  }

  async function withdraw(ctx: Context): Promise<void> {
    const { accountId } = sessionOf(ctx);
    const service = await services.find(accountId, field(ctx, 'client'));
    // Pressed twice, or in two tabs: it is off the list already.
    if (service !== undefined) await services.withdraw(accountId, service.clientId);
    seeOther(ctx, `${PATH}?withdrawn=yes`);
  }

  return (router) => {
    const known = sessions.require({ home: PATH });
    router.get(PATH, known, list);
    router.get(WITHDRAW, known, ask);
    router.post(WITHDRAW, known, form({ limitBytes: config.http.bodyLimitBytes }), guardForm(csrf, scopeOf), withdraw);
  };
}
