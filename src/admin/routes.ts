import type { Middleware } from 'koa';
import type { Audit } from '../audit/log.ts';
import type { Config } from '../config.ts';
import type { Account } from '../domain/account.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Checks } from '../sandbox/checks.ts';
import type { Store } from '../store/store.ts';
import { Problem } from '../web/problem.ts';
import { accountRoutes } from './accounts/api.ts';
import { createApi, type ApiDeps } from './api.ts';
import { apiRoutes } from './apis/api.ts';
import { auditRoutes } from './audit/api.ts';
import { checkRoutes } from './checks/api.ts';
import { clientRoutes } from './clients/api.ts';
import { createGetHand } from './clients/api-problems.ts';
import { clientErrorRoutes, type ClientErrorRoutesDeps } from './clients/errors/api.ts';
import { keyRoutes } from './clients/keys/api.ts';
import { logoRoutes } from './clients/logo/api.ts';
import { teamRoutes } from './clients/registration/api.ts';
import { secretRoutes } from './clients/secrets/api.ts';
import { operatorRoutes } from './operators/api.ts';
import { reportRoutes } from './reports/api.ts';
import type { AdminServices } from './services.ts';

export interface AdminApiDeps extends Omit<ApiDeps, 'routes' | 'config' | 'refusals'> {
  readonly services: AdminServices;
  readonly config: Config;
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly checks: Checks;
  readonly clientErrors: ClientErrorRoutesDeps['clientErrors'];
}

/** The operators' API over all administered resources. */
export function createAdminApi({ services, checks, clientErrors, ...deps }: AdminApiDeps): Middleware {
  const { store, audit, clock, config } = deps;
  const {
    accounts,
    support,
    clients,
    clientSecrets,
    clientKeys,
    review,
    findHand,
    logos,
    initialTokens,
    operators,
    reports,
    apis,
    toKey,
  } = services;

  async function getAccount(sub: string): Promise<Account> {
    const found = await accounts.find({ sub });
    if (found === undefined) throw new Problem(404, 'account-unknown', 'There is no such account.');
    return found;
  }

  const getHand = createGetHand(findHand);
  return createApi({
    ...deps,
    refusals: services.refusals,
    routes: [
      ...accountRoutes({ support, getAccount, toKey, getHand }),
      ...auditRoutes({ store, audit, chain: services.chain, clock, timeZone: config.identity.timeZone }),
      ...apiRoutes({ apis, getHand }),
      ...clientRoutes({ clients, review, findHand, store }),
      ...clientErrorRoutes({ clients, clientErrors, store }),
      ...checkRoutes({ checks, store, config }),
      ...secretRoutes({ clients, secrets: clientSecrets, findHand }),
      ...keyRoutes({ clients, keys: clientKeys, findHand }),
      ...logoRoutes({ logos, findHand, store }),
      ...teamRoutes({ initialTokens, findHand }),
      ...operatorRoutes({ operators, getAccount, getHand }),
      ...reportRoutes({ service: reports }),
    ],
  });
}
