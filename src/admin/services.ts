import type { Audit } from '../audit/log.ts';
import type { Config } from '../config.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { PasswordHasher } from '../crypto/password-hash.ts';
import { parseIdentifier } from '../domain/identifier.ts';
import type { Courier } from '../messages/courier.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { Outbound } from '../ports/outbound/outbound.ts';
import type { Random } from '../ports/random/random.ts';
import type { SecondFactors } from '../second-factor/service.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { createChainService, type ChainService, type ChainServiceDeps } from './audit/service.ts';
import { createActivationMail } from './accounts/activation-mail.ts';
import { rememberApiRefusals } from './apis/remembered.ts';
import { createApiService, type ApiService } from './apis/service.ts';
import { createAccountService, type AccountKey, type AccountService } from './accounts/service.ts';
import { createSupport, type Support, type SupportDeps } from './accounts/support.ts';
import { createWaits, type Waits } from './accounts/waits.ts';
import { createFindHand, type FindHand } from './clients/hands.ts';
import { createClientKeys, type ClientKeys } from './clients/keys/service.ts';
import { rememberClientRefusals } from './clients/remembered.ts';
import { createClientReview, type ClientReview, type ClientReviewDeps } from './clients/review.ts';
import { createClientSecrets, type ClientSecrets } from './clients/secrets/service.ts';
import { createClientService, type ClientService, type ClientServiceDeps } from './clients/service.ts';
import { createInitialTokens, type InitialTokens } from './clients/registration/tokens.ts';
import { createLogoService, type LogoService } from './clients/logo/service.ts';
import { createOperatorService, type OperatorService } from './operators/service.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { createRequestReading, type RequestReading } from './recovery-requests/service.ts';
import { createReportService, type ReportService } from './reports/service.ts';

/** What console and API have in common. */
export interface AdminServices {
  readonly accounts: AccountService;
  readonly support: Support;
  readonly waits: Waits;
  readonly recoveryRequests: RequestReading;
  readonly clients: ClientService;
  readonly review: ClientReview;
  readonly findHand: FindHand;
  readonly clientSecrets: ClientSecrets;
  readonly clientKeys: ClientKeys;
  readonly logos: LogoService;
  readonly apis: ApiService;
  readonly initialTokens: InitialTokens;
  readonly operators: OperatorService;
  readonly chain: ChainService;
  readonly reports: ReportService;
  readonly refusals: Refusals;
  /** Whom somebody means who types a NIK, an address, a number or an account id. */
  readonly toKey: (text: string) => AccountKey;
}

export interface AdminServicesDeps {
  readonly config: Config;
  readonly store: Store;
  readonly audit: Audit;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly passwords: PasswordHasher;
  readonly secondFactors: SecondFactors;
  readonly recoveries: SupportDeps['recoveries'];
  readonly keyedHash: KeyedHash;
  readonly courier: Courier;
  readonly clock: Clock;
  readonly random: Random;
  readonly outbound: Outbound;
  readonly log: Log;
  readonly startCheck: ChainServiceDeps['startCheck'];
  /** See `createClientService`. */
  readonly check: ClientServiceDeps['check'];
  readonly hasPassedCheck: ClientReviewDeps['hasPassedCheck'];
}

export function createAdminServices(deps: AdminServicesDeps): AdminServices {
  const { config, store, clock } = deps;
  const accounts = createAccountService(deps);
  const refusals = createRefusals(deps);
  const made = createClientService(deps);
  const { clients, review, secrets, keys } = rememberClientRefusals(
    {
      clients: made,
      review: createClientReview({ ...deps, clients: made }),
      secrets: createClientSecrets(deps),
      keys: createClientKeys(deps),
    },
    refusals,
  );
  const operators = createOperatorService(deps);
  return {
    accounts,
    support: createSupport({ ...deps, accounts, activationMail: createActivationMail(deps) }),
    waits: createWaits(deps),
    recoveryRequests: createRequestReading(deps),
    clients,
    clientSecrets: secrets,
    clientKeys: keys,
    review,
    findHand: createFindHand({ store, rightsOf: (accountId) => operators.rightsOf(accountId) }),
    logos: createLogoService({ ...deps, review, refusals }),
    apis: rememberApiRefusals(createApiService(deps), refusals),
    initialTokens: createInitialTokens(deps),
    operators,
    chain: createChainService(deps),
    refusals,
    reports: createReportService({ store, timeZone: config.identity.timeZone }),
    toKey(text) {
      const { identifier } = parseIdentifier(text, config.identity, clock.now());
      return identifier === undefined ? { sub: text.trim() } : { identifier };
    },
  };
}
