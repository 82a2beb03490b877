import type { Middleware } from 'koa';
import type Router from 'koa-router';
import type Provider from 'oidc-provider';
import { addRecoveryRequest } from './account/recovery-request/routes.ts';
import { addContactPages } from './contact.ts';
import { addServices } from './account/services/routes.ts';
import { createServices } from './account/services/service.ts';
import { addSecurity } from './account/security/routes.ts';
import { createConsole } from './admin/console.ts';
import { createAdminApi } from './admin/routes.ts';
import { createAdminServices } from './admin/services.ts';
import { eventMeanings } from './audit/events.ts';
import type { Core } from './core.ts';
import type { AccountId } from './domain/account.ts';
import { createFront } from './front.ts';
import { createDocs } from './docs/routes.ts';
import { createSharing } from './interaction/sharing.ts';
import { createJourneys } from './journeys.ts';
import { chainAll } from './jobs/chain.ts';
import { createClockWatch, type ClockWatch } from './jobs/clock-watch.ts';
import { createScheduler, type Scheduler } from './jobs/scheduler.ts';
import { createChainWatch, type ChainWatch } from './jobs/verify-chain.ts';
import { watchClientErrors, type ClientErrors } from './oidc/client-errors.ts';
import { createClientCheck } from './oidc/client-check.ts';
import { createClientDirectory } from './oidc/clients.ts';
import { createDevicePages } from './oidc/device-flow.ts';
import { createFindMachineToken } from './oidc/machine-tokens.ts';
import { comeBackLater, createProtocolErrors } from './oidc/errors.ts';
import { createDeliver } from './oidc/logout/deliver.ts';
import { createEndSession } from './oidc/logout/end-session.ts';
import { queueNotices, rememberVisits } from './oidc/logout/notices.ts';
import { createReceipt } from './oidc/logout/receipt.ts';
import { createLogoutSender, type LogoutSender } from './oidc/logout/sender.ts';
import { openSigningKeys } from './oidc/key-rotation.ts';
import { readPresentSession } from './oidc/present-session.ts';
import { createProvider } from './oidc/provider.ts';
import { createApiDirectory } from './oidc/resources.ts';
import { createEndGrants } from './oidc/state/holder.ts';
import type { SigningKeys } from './oidc/signing-keys.ts';
import { createSignOutPages, rememberSignOuts } from './oidc/sign-out.ts';
import { tellFaults } from './oidc/told-faults.ts';
import type { CivilRegistry } from './ports/civil-registry/civil-registry.ts';
import { createDukcapilRegistry } from './ports/civil-registry/dukcapil.ts';
import { createHttpReceipts } from './ports/sms/http-receipts.ts';
import { areReceiptsExpected, isReportAddressIdle } from './ports/sms/receipt.ts';
import { CHECK_CHAIN, createPeriodicJobs } from './periodic.ts';
import { portalClient } from './portal/client.ts';
import { createPortal } from './portal/routes.ts';
import { recoveryRequestsOf } from './recovery-requests.ts';
import { createReceiptRoutes } from './receipts/routes.ts';
import { createSandboxOf } from './sandbox.ts';
import type { Checks } from './sandbox/checks.ts';
import { watchChanges, type Changes } from './store/changes.ts';
import type { JobQueue } from './store/job-queue.ts';
import { isDatabaseAway } from './store/reconnect.ts';
import { createCsrf, type Csrf } from './web/csrf.ts';
import { createShowError, type ShowError } from './web/error-page.ts';
import { sentencesUnder } from './web/i18n.ts';
import { createSessions } from './web/session.ts';

/** Everything the server is made of; the only place that knows which implementation is in use. */
export interface Container extends Core {
  readonly registry: CivilRegistry;
  readonly provider: Provider;
  readonly signingKeys: SigningKeys;
  readonly csrf: Csrf;
  readonly showError: ShowError;
  readonly routers: readonly Router[];
  /** The operators' API. */
  readonly api: Middleware;
  /** Where the SMS gateway reports. */
  readonly receiptRoutes: Middleware;
  /** The operators' console. */
  readonly console: Middleware;
  /** What stands right before the protocol. */
  readonly front: readonly Middleware[];
  /** What each instance does again and again for its own part. */
  readonly scheduler: Scheduler;
  /** What one instance does for all. */
  readonly jobs: JobQueue;
  readonly changes: Changes;
  readonly chainWatch: ChainWatch;
  /** Whether the clock of this process is wrong. */
  readonly clockWatch: ClockWatch;
  readonly logouts: LogoutSender;
  readonly clientErrors: ClientErrors;
  /** A second issuer, for trying things out: everything below `/sandbox`. */
  readonly sandbox: Middleware;
  readonly checks: Checks;
}

export interface ContainerDeps {
  readonly core: Core;
  /** Base address of the civil registry: the configured one, or the simulator's. */
  readonly registryUrl: string;
  /** PostgreSQL itself, without a pooler in between. */
  readonly directUrl: string;
}

const CHAIN_MS = 2000;
const CHAIN_WATCH_MS = 10_000;
/** A hundredth of the time: about a thousand links a second, more than one instance makes. */
const CHAIN_WATCH_STEP_MS = 100;
/** Also how long it takes until another instance has said whether its clock is right. */
export const BEAT_MS = 5000;
const JOB_CLOCK_MS = 30_000;
const LOGOUT_MS = 1000;

export async function createContainer({ core, registryUrl, directUrl }: ContainerDeps): Promise<Container> {
  const {
    config,
    log,
    clock,
    random,
    store,
    keyring,
    keyedHash,
    cookieSigner,
    sealer,
    audit,
    secondFactors,
    outbound,
  } = core;
  const registry = createDukcapilRegistry({ config: config.dukcapil, url: registryUrl, clock, random, log });
  const showError = createShowError({ log, random });
  const csrf = createCsrf({ keyedHash, random, issuer: config.http.issuer });
  const changes = watchChanges({ url: directUrl, clock, log });
  const clients = createClientDirectory({ store, clock, changes });
  const apis = createApiDirectory({ store, clock, changes });
  await store.clientSecrets.hashSealed();
  const { signingKeys } = await openSigningKeys(core);
  const receipt = createReceipt({ sealer, clock, issuer: config.http.issuer });

  const sharing = createSharing({
    store,
    audit,
    keyedHash,
    clock,
    random,
    wording: sentencesUnder('interaction.consent.', 'sharing.'),
  });
  const protocolErrors = createProtocolErrors(showError, isDatabaseAway);
  const provider = createProvider({
    config,
    store,
    sealer,
    keyedHash,
    cookieSigner,
    clients,
    apis,
    ownClients: [portalClient(config.http.issuer)],
    signingKeys,
    outbound,
    listShares: (told) => sharing.list(told),
    clock,
    changes,
    pages: {
      error: protocolErrors,
      ...createSignOutPages({ clients, store, receipt }),
      ...createDevicePages(protocolErrors),
    },
    log,
  });
  comeBackLater(provider, isDatabaseAway);
  tellFaults(provider, { random, log });
  const clientErrors = watchClientErrors(provider, { clients, store, audit, clock, random, log });
  const logouts = createLogoutSender({
    deliver: createDeliver({ provider, signingKeys, fetch: outbound.fetch, random }),
    store,
    audit,
    clock,
    isTimeUncertain: core.isTimeUncertain,
    random,
    log,
  });
  rememberVisits(provider, { store, clock });
  const notices = queueNotices(provider, { store, clock, random });
  async function recordSignOut(accountId: AccountId | undefined): Promise<void> {
    try {
      await audit.record(store, 'sign-out.completed', {}, { accountId });
    } catch (error) {
      log.error({ err: error }, 'a sign-out could not be recorded');
    }
  }
  rememberSignOuts(provider, async (accountId, ctx) => {
    const signOutId = notices.idOf(ctx);
    receipt.give(ctx, signOutId);
    if (signOutId !== undefined) logouts.wake();
    await recordSignOut(accountId);
  });
  const endSession = createEndSession({
    provider,
    tell: (services) => notices.add(services),
    async remember(accountId) {
      logouts.wake();
      await recordSignOut(accountId);
    },
  });

  const journeys = createJourneys(core, { provider, clients, sharing, registry, logouts, endSession, csrf });
  const sessions = createSessions({ read: readPresentSession(provider), sealer, random, clock, config });
  const portal = createPortal({ provider, store, sessions, clock, config });
  addContactPages(core, { sessions, csrf })(portal);
  const services = createServices({
    store,
    audit,
    clock,
    endGrants: createEndGrants({ state: store.protocolState, keyedHash }),
  });
  addServices({ services, sessions, csrf, config })(portal);
  const recoveryRequests = recoveryRequestsOf(core, { logouts });
  addRecoveryRequest({ requests: recoveryRequests, secondFactors, sessions, csrf, clock, config })(portal);
  addSecurity({ store, secondFactors, sessions, csrf, clock, config })(portal);

  const { sandbox, checks } = await createSandboxOf(core, { csrf, showError, receipt });

  const jobs = createPeriodicJobs(core);
  const adminServices = createAdminServices({
    ...core,
    recoveries: recoveryRequests,
    startCheck: () => jobs.ask(CHECK_CHAIN),
    check: createClientCheck(provider),
    hasPassedCheck: (clientId, metadata) => checks.hasPassed(clientId, metadata),
  });

  if (isReportAddressIdle(config.sms))
    log.warn(
      { driver: config.sms.driver },
      'SMS_RECEIPT_SECRET is set, and messages leave by a way that does not report over HTTP: there is no such address',
    );
  const chainWatch = createChainWatch({ audit, store, log, stepMs: CHAIN_WATCH_STEP_MS });
  const instanceId = random.uuid();
  const beat = (): Promise<void> => store.instances.beat(instanceId, keyring.ids, clock.now());
  await beat();
  const setJobsRight = async (): Promise<void> => {
    if (await jobs.setRight())
      log.warn({}, 'the clock of the database was ahead: jobs that waited for that time are due now');
  };
  const scheduler = createScheduler(
    [
      { label: 'logout-notices', everyMs: LOGOUT_MS, run: () => logouts.pump() },
      { label: 'instance', everyMs: BEAT_MS, run: beat },
      { label: 'job-clock', everyMs: JOB_CLOCK_MS, run: setJobsRight },
      { label: 'audit-chain', everyMs: CHAIN_MS, run: (signal) => chainAll(audit, store, signal) },
      { label: 'audit-chain-watch', everyMs: CHAIN_WATCH_MS, run: () => chainWatch.step() },
    ],
    log,
  );

  return {
    ...core,
    registry,
    provider,
    signingKeys,
    csrf,
    showError,
    routers: [journeys.router, portal, createDocs({ config })],
    api: createAdminApi({
      ...core,
      services: adminServices,
      checks,
      clientErrors,
      findToken: createFindMachineToken(provider),
      isDatabaseAway,
    }),
    receiptRoutes: createReceiptRoutes({
      ...core,
      reader:
        config.sms.driver === 'http' && areReceiptsExpected(config.sms)
          ? createHttpReceipts(config.sms.receipts)
          : undefined,
      settings: config.sms.receipts,
    }),
    front: [
      journeys.begin,
      ...createFront(core, {
        clients,
        review: adminServices.review,
        refusals: adminServices.refusals,
        pathFor: (name) => provider.pathFor(name),
      }),
    ],
    console: createConsole({
      ...core,
      services: adminServices,
      checks,
      recoveryRequests,
      clientErrors,
      sessions,
      csrf,
      eventTypes: Object.keys(eventMeanings),
    }),
    scheduler,
    jobs,
    changes,
    chainWatch,
    clockWatch: createClockWatch({ id: instanceId, changes, instances: store.instances, log }),
    logouts,
    clientErrors,
    sandbox,
    checks,
    async close() {
      await Promise.all([scheduler.stop(), jobs.stop()]);
      await changes.close();
      // Where the database is away too, it is found out by its silence.
      await store.instances.gone(instanceId).catch(() => undefined);
      await logouts.close();
      await clientErrors.close();
      await registry.close();
      await core.close();
    },
  };
}
