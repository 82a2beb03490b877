import type { Middleware } from 'koa';
import type { Audit } from '../audit/log.ts';
import type { Config } from '../config.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { PasswordHasher } from '../crypto/password-hash.ts';
import type { Account } from '../domain/account.ts';
import { parseIdentifier } from '../domain/identifier.ts';
import type { Courier } from '../messages/courier.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { SecondFactors } from '../second-factor/service.ts';
import type { Store } from '../store/store.ts';
import { Problem } from '../web/problem.ts';
import { createActivationMail } from './accounts/activation-mail.ts';
import { accountRoutes } from './accounts/api.ts';
import { createAccountService, type AccountKey } from './accounts/service.ts';
import { createSupport } from './accounts/support.ts';
import { createApi, type ApiDeps } from './api.ts';
import { auditRoutes } from './audit/api.ts';
import { operatorRoutes } from './operators/api.ts';
import { createOperatorService } from './operators/service.ts';
import { reportRoutes } from './reports/api.ts';
import { createReportService } from './reports/service.ts';

export interface AdminDeps extends Omit<ApiDeps, 'routes' | 'config'> {
  readonly config: Config;
  readonly store: Store;
  readonly audit: Audit;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly passwords: PasswordHasher;
  readonly secondFactors: SecondFactors;
  readonly keyedHash: KeyedHash;
  readonly courier: Courier;
  readonly clock: Clock;
}

/** The operators' API over all administered resources. */
export function createAdminApi(deps: AdminDeps): Middleware {
  const { config, store, audit, clock } = deps;
  const accounts = createAccountService(deps);

  async function getAccount(sub: string): Promise<Account> {
    const found = await accounts.find({ sub });
    if (found === undefined) throw new Problem(404, 'account-unknown', 'There is no such account.');
    return found;
  }

  function toKey(text: string): AccountKey {
    const { identifier } = parseIdentifier(text, config.identity, clock.now());
    return identifier === undefined ? { sub: text.trim() } : { identifier };
  }

  const support = createSupport({ ...deps, accounts, activationMail: createActivationMail(deps) });
  return createApi({
    ...deps,
    routes: [
      ...accountRoutes({ support, getAccount, toKey }),
      ...auditRoutes({ store, audit }),
      ...operatorRoutes({ operators: createOperatorService(deps), getAccount }),
      ...reportRoutes({ service: createReportService({ store, timeZone: config.identity.timeZone }) }),
    ],
  });
}
