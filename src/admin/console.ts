import type { Context, Middleware } from 'koa';
import Router from 'koa-router';
import type { Config } from '../config.ts';
import { daysLater, todayIn } from '../domain/day.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';
import type { RecoveryRequests } from '../recovery-request/service.ts';
import type { Csrf } from '../web/csrf.ts';
import { addAccountPages } from './accounts/console.ts';
import { addWaitPages } from './accounts/wait-pages.ts';
import { addApiPages } from './apis/console.ts';
import { addAuditPages } from './audit/console.ts';
import { addCheckConsole } from './checks/console.ts';
import { addClientPages } from './clients/console.ts';
import { addClientErrorPages, type ClientErrorPagesDeps } from './clients/errors/console.ts';
import type { Checks } from '../sandbox/checks.ts';
import { addKeyPages } from './clients/keys/console.ts';
import { addSecretPages } from './clients/secrets/console.ts';
import { addLogoPages } from './clients/logo/console.ts';
import { addTeamPages } from './clients/registration/console.ts';
import { createDesk } from './desk.ts';
import { createGuard, frameOf, operatorOf, type GuardDeps } from './guard.ts';
import { createFindNames } from './names.ts';
import { addOperatorPages } from './operators/console.ts';
import { addRecoveryRequestPages } from './recovery-requests/console.ts';
import { addReportPages } from './reports/console.ts';
import { homeScreen } from './screens.ts';
import type { AdminServices } from './services.ts';

export interface ConsoleDeps extends Omit<GuardDeps, 'rightsOf'> {
  readonly services: AdminServices;
  readonly csrf: Csrf;
  readonly clientErrors: ClientErrorPagesDeps['clientErrors'];
  readonly checks: Checks;
  readonly recoveryRequests: RecoveryRequests;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Config;
  /** Every type of event that the audit log knows. */
  readonly eventTypes: readonly string[];
}

/** The operators' console: everything below `/admin`, behind one guard, whether there is such a page or not. */
export function createConsole({
  services,
  csrf,
  checks,
  recoveryRequests,
  eventTypes,
  clientErrors,
  ...deps
}: ConsoleDeps): Middleware {
  const { store, audit, clock, random, config } = deps;
  const { timeZone } = config.identity;
  const { accounts, clients, review, logos, support, waits, operators, reports, toKey } = services;
  const guard = createGuard({ ...deps, rightsOf: (accountId) => operators.rightsOf(accountId) });
  const desk = createDesk({ guard, csrf, findNames: createFindNames(store), refusals: services.refusals, config });

  const router = new Router();
  router.get('/admin', async (ctx: Context) => {
    const { permissions } = operatorOf(ctx);
    const waiting =
      permissions.has('clients.approve') || permissions.has('clients.write')
        ? await store.clientVersions.countOpen()
        : 0;
    const recoveries = permissions.has('accounts.recover') ? await services.recoveryRequests.countWaiting() : 0;
    await desk.show(ctx, homeScreen({ frame: frameOf(ctx), waiting, recoveries }));
  });
  // Before the pages of one account, and so on below: `waits`, `errors` and `teams` are the ids of none.
  addWaitPages({ waits, toKey, clock, desk })(router);
  addAccountPages({ accounts, support, toKey, requestsOf: (id) => recoveryRequests.openOf(id), desk })(router);
  addRecoveryRequestPages({ requests: recoveryRequests, reading: services.recoveryRequests, clock, desk })(router);
  addAuditPages({ store, audit, chain: services.chain, clock, timeZone, eventTypes, desk })(router);
  addClientErrorPages({ clients, clientErrors, store, desk })(router);
  addTeamPages({ initialTokens: services.initialTokens, clock, random, desk })(router);
  addLogoPages({ clients, logos, store, desk })(router);
  addClientPages({
    clients,
    review,
    logos,
    store,
    random,
    desk,
    firstDay: () => daysLater(todayIn(timeZone, clock.now()), -29),
  })(router);
  addCheckConsole({ checks, store, desk, config })(router);
  addApiPages({ apis: services.apis, desk })(router);
  addSecretPages({ clients, secrets: services.clientSecrets, clock, desk })(router);
  addKeyPages({ clients, keys: services.clientKeys, clock, desk })(router);
  addReportPages({ service: reports, clock, timeZone, desk })(router);
  addOperatorPages({
    operators,
    findAccount: (sub) => accounts.find({ sub }),
    search: (who, by) => support.search(toKey(who), by),
    desk,
  })(router);
  const routes = router.routes() as unknown as Middleware;
  const methods = router.allowedMethods() as unknown as Middleware;

  return async (ctx, next) => {
    if (ctx.path !== '/admin' && !ctx.path.startsWith('/admin/')) {
      await next();
      return;
    }
    // Nothing behind it may answer for an address of the console: what is not found here is not found.
    await guard.enter(
      ctx,
      () => methods(ctx, () => routes(ctx, () => Promise.resolve()) as Promise<void>) as Promise<void>,
    );
  };
}
