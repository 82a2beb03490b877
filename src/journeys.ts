import type Router from 'koa-router';
import type Provider from 'oidc-provider';
import type { Core } from './core.ts';
import { createBeginning, type Beginning } from './interaction/beginning.ts';
import { createEntrance } from './interaction/entrance.ts';
import { createFinish } from './interaction/finish.ts';
import { createIdentityCheck, type IdentityCheck, type IdentityJourney } from './interaction/identity-check.ts';
import { addConsent } from './interaction/consent/routes.ts';
import { addLogin } from './interaction/login/routes.ts';
import { createLogin } from './interaction/login/service.ts';
import { createAsking } from './interaction/recovery/asking.ts';
import { createRecoveryDrafts } from './interaction/recovery/drafts.ts';
import { createRecoveryPages } from './interaction/recovery/pages.ts';
import { addRecovery } from './interaction/recovery/routes.ts';
import { createSending } from './interaction/recovery/sending.ts';
import { createRecovery } from './interaction/recovery/service.ts';
import { createTakeover } from './interaction/recovery/takeover.ts';
import { createAdmission } from './interaction/recovery-request/admission.ts';
import { createRequestDrafts } from './interaction/recovery-request/drafts.ts';
import { createNumberProof } from './interaction/recovery-request/number.ts';
import { createRequestPages } from './interaction/recovery-request/pages.ts';
import { addRecoveryRequest } from './interaction/recovery-request/routes.ts';
import { createRequestSending } from './interaction/recovery-request/sending.ts';
import { createRequestService } from './interaction/recovery-request/service.ts';
import { createActivation } from './interaction/registration/activation.ts';
import { createRegistrationDrafts } from './interaction/registration/drafts.ts';
import { createPages } from './interaction/registration/pages.ts';
import { addRegistration } from './interaction/registration/routes.ts';
import { createCodeSending } from './interaction/registration/sending.ts';
import { createRegistration } from './interaction/registration/service.ts';
import { createInteractionRoutes } from './interaction/routes.ts';
import { createShowSharing } from './interaction/sharing-shown.ts';
import { createSecondFactorDrafts } from './interaction/second-factor/drafts.ts';
import { addSecondFactor } from './interaction/second-factor/routes.ts';
import { createSecondFactorJourney } from './interaction/second-factor/service.ts';
import { createSignInFailures } from './interaction/sign-in-failures.ts';
import { createReconnect } from './interaction/reconnect.ts';
import { createEndedSignIns } from './oidc/ended-sign-ins.ts';
import { createPushAgain } from './oidc/pushed-again.ts';
import { createTickets } from './interaction/ticket.ts';
import { createCodes } from './messages/codes.ts';
import { createEmailLinks } from './messages/email-link.ts';
import type { Sharing } from './interaction/sharing.ts';
import type { ClientDirectory } from './oidc/clients.ts';
import type { EndSession } from './oidc/logout/end-session.ts';
import type { LogoutSender } from './oidc/logout/sender.ts';
import type { CivilRegistry } from './ports/civil-registry/civil-registry.ts';
import { recoveryRequestsOf } from './recovery-requests.ts';
import type { Csrf } from './web/csrf.ts';

export interface JourneysDeps {
  readonly provider: Provider;
  readonly clients: ClientDirectory;
  readonly sharing: Sharing;
  readonly registry: CivilRegistry;
  readonly logouts: LogoutSender;
  readonly endSession: EndSession;
  readonly csrf: Csrf;
}

export interface Journeys {
  readonly router: Router;
  /** Stands in front of the protocol. */
  readonly begin: Beginning['atOnce'];
}

/** Everything between a service and the way back, put together: `/interaction/…`. */
export function createJourneys(
  core: Core,
  { provider, clients, sharing, registry, logouts, endSession, csrf }: JourneysDeps,
): Journeys {
  const {
    config,
    clock,
    random,
    store,
    keyedHash,
    sealer,
    counters,
    limits,
    passwords,
    audit,
    courier,
    secondFactors,
  } = core;
  const secondFactor = createSecondFactorJourney({
    secondFactors,
    drafts: createSecondFactorDrafts({ store, clock, random, config: config.lifetimes }),
    store,
    clock,
  });
  const finish = createFinish({
    provider,
    sharing,
    store,
    audit,
    clock,
    endSession,
    hold: ({ uid, clientId, interaction: { params } }, who, isOurs) =>
      secondFactor.hold({ uid, clientId, params }, who, isOurs),
  });
  const showSharing = createShowSharing({ sharing, store });
  const tickets = createTickets({ sealer, clock, config });
  const ended = createEndedSignIns({ state: store.protocolState, sealer, keyedHash });
  const reconnect = createReconnect({
    provider,
    ended,
    pushAgain: createPushAgain(provider),
    random,
    config,
  });
  const codes = createCodes({ counters, limits, keyedHash, random, clock });

  const checkOf = (journey: IdentityJourney): IdentityCheck =>
    createIdentityCheck({ ...core, journey, registry, config: config.dukcapil });

  const drafts = createRegistrationDrafts({ store, clock, random, config: config.lifetimes });
  const registration = createRegistration({
    store,
    drafts,
    identityCheck: checkOf('registration'),
    activation: createActivation({ courier, emailLinks: createEmailLinks(core), audit, clock, random, config }),
    sending: createCodeSending({ store, codes, courier, audit, clock, random, config }),
    codes,
    courier,
    passwords,
    audit,
    clock,
    config,
  });
  const failures = createSignInFailures({ store, counters, limits, keyedHash });
  const login = createLogin({
    store,
    counters,
    limits,
    failures,
    passwords,
    audit,
    clock,
    random,
    config: config.limits,
  });

  const asking = createAsking({ counters, limits, keyedHash, clock, config: config.otp });
  const recoveryDrafts = createRecoveryDrafts({ store, clock, random, config: config.lifetimes });
  const recovery = createRecovery({
    store,
    drafts: recoveryDrafts,
    asking,
    sending: createSending({ codes, courier, audit, clock, config }),
    takeover: createTakeover({ courier, logouts, audit, failures, clock, config }),
    codes,
    courier,
    passwords,
    audit,
    clock,
    random,
    config,
  });

  const requestDrafts = createRequestDrafts({ store, clock, random, config: config.lifetimes });
  const admission = createAdmission(core);
  const requests = createRequestService({
    ...core,
    drafts: requestDrafts,
    identityCheck: checkOf('recovery'),
    admission,
    numberProof: createNumberProof({
      ...core,
      drafts: requestDrafts,
      admission,
      sending: createRequestSending({ ...core, codes }),
      codes,
    }),
    requests: recoveryRequestsOf(core, { logouts }),
  });
  const takesRequests = config.recoveryRequests.enabled;

  const beginning = createBeginning({
    tickets,
    async adopt(from, to) {
      // Both, where there are both: whoever registers and finds that there is an account asks for that one.
      const hasRequest = takesRequests && (await requestDrafts.adopt(from, to));
      const hasRegistration = await drafts.adopt(from, to);
      return hasRequest ? 'recover-request/identity' : hasRegistration ? 'register/identity' : undefined;
    },
    ended,
    config,
  });
  const router = createInteractionRoutes({
    entrance: createEntrance({ provider, clients, tickets, reconnect, clock }),
    tickets,
    finish,
    beginning,
    reconnect,
    clock,
    journeys: [
      addLogin({
        login,
        finish,
        sharing,
        provider,
        store,
        recognise: (uid, former) => registration.recognise(uid, former),
        csrf,
        clock,
        config,
      }),
      addRegistration({
        registration,
        drafts,
        pages: createPages({ registry, codes, store, showSharing, clock, config }),
        finish,
        registry,
        csrf,
        clock,
        config,
      }),
      addConsent({ sharing, finish, provider, store, csrf, clock, config }),
      addRecovery({
        recovery,
        drafts: recoveryDrafts,
        pages: createRecoveryPages({ asking, showSharing, store, clock, config }),
        finish,
        csrf,
        clock,
        config,
      }),
      ...(takesRequests
        ? [
            addRecoveryRequest({
              requests,
              drafts: requestDrafts,
              pages: createRequestPages({ registry, codes, store, clock, config }),
              registry,
              csrf,
              clock,
              config,
            }),
          ]
        : []),
      addSecondFactor({ journey: secondFactor, finish, provider, csrf, clock, config }),
    ],
  });
  return { router, begin: beginning.atOnce };
}
