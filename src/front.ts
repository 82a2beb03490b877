import type { Middleware } from 'koa';
import { createRegistrationRoutes } from './admin/clients/registration/routes.ts';
import { createRegistration } from './admin/clients/registration/service.ts';
import type { ClientReview } from './admin/clients/review.ts';
import type { Refusals } from './admin/refusals.ts';
import { createBridge, type BridgeWiring } from './bridge/routes.ts';
import type { Core } from './core.ts';

export interface FrontDeps extends Pick<BridgeWiring, 'clients' | 'pathFor'> {
  readonly review: ClientReview;
  readonly refusals: Refusals;
}

/** What stands in front of the protocol: the registration of clients by their teams, and the bridge. */
export function createFront(core: Core, { clients, pathFor, review, refusals }: FrontDeps): readonly Middleware[] {
  const { issuer, bodyLimitBytes } = core.config.http;
  return [
    createRegistrationRoutes({
      ...core,
      registration: createRegistration({ ...core, review, refusals }),
      refusals,
      issuer,
      limitBytes: bodyLimitBytes,
    }),
    createBridge({ ...core, clients, pathFor }),
  ];
}
