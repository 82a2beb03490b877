import type { Middleware } from 'koa';
import type { Core } from './core.ts';
import { createClientDirectory } from './oidc/clients.ts';
import { createDevicePages } from './oidc/device-flow.ts';
import { comeBackLater, createProtocolErrors } from './oidc/errors.ts';
import { createDeliver } from './oidc/logout/deliver.ts';
import { createEndSession } from './oidc/logout/end-session.ts';
import type { Receipt } from './oidc/logout/receipt.ts';
import { postAsGet } from './oidc/post-as-get.ts';
import { createApiDirectory } from './oidc/resources.ts';
import { toSandboxMetadata } from './oidc/sandbox/clients.ts';
import { tellAtOnce } from './oidc/sandbox/logouts.ts';
import { observe } from './oidc/sandbox/observe.ts';
import { createSandboxProvider, SANDBOX } from './oidc/sandbox/provider.ts';
import { createSignOutPages, signOutFromAnywhere } from './oidc/sign-out.ts';
import { createSigningKeys, loadSandboxKeys } from './oidc/signing-keys.ts';
import { tellFaults } from './oidc/told-faults.ts';
import { createChecks, type Checks } from './sandbox/checks.ts';
import { createSandbox } from './sandbox/routes.ts';
import { findTrial } from './sandbox/trial.ts';
import { isDatabaseAway } from './store/reconnect.ts';
import type { Csrf } from './web/csrf.ts';
import type { ShowError } from './web/error-page.ts';

export interface SandboxOfDeps {
  readonly csrf: Csrf;
  readonly showError: ShowError;
  readonly receipt: Receipt;
}

/** The checks alone, as the command line needs them. */
export const createChecksOf = (core: Core): Checks =>
  createChecks({ ...core, fetch: core.outbound.fetch, issuer: `${core.config.http.issuer}${SANDBOX}` });

/** Puts the sandbox together: what `container.ts` is for the sign-on. */
export async function createSandboxOf(
  core: Core,
  { csrf, showError, receipt }: SandboxOfDeps,
): Promise<{ readonly sandbox: Middleware; readonly checks: Checks }> {
  const { config, store, clock } = core;
  const checks = createChecksOf(core);
  const clients = createClientDirectory({
    store: { clients: { ...store.clients, find: (id) => findTrial(store, id) } },
    clock,
    present: toSandboxMetadata,
  });
  const error = createProtocolErrors(showError, isDatabaseAway, `${SANDBOX}/interaction`);
  // A sign-out here tells at once, and remembers nothing.
  const signOut = createSignOutPages({ clients, store, receipt: { ...receipt, read: () => undefined } });
  // Keys of checks are made at any moment, so these are never prebuilt.
  const signingKeys = createSigningKeys({
    load: () => loadSandboxKeys(core),
    clock,
    publishedBesides: checks.publishedKeys,
  });
  await signingKeys.fresh();
  const provider = createSandboxProvider({
    ...core,
    clients,
    apis: createApiDirectory({ store, clock }),
    signingKeys,
    pages: { error, ...signOut, ...createDevicePages(error) },
  });
  comeBackLater(provider, isDatabaseAway);
  tellFaults(provider, core);
  observe(provider, checks);
  const tell = tellAtOnce(provider, {
    deliver: createDeliver({ provider, signingKeys, fetch: core.outbound.fetch, random: core.random }),
    log: core.log,
  });
  const before = [postAsGet(provider, { limitBytes: config.http.bodyLimitBytes }), signOutFromAnywhere(provider)];
  return {
    checks,
    sandbox: createSandbox({
      ...core,
      enabled: config.sandbox.enabled,
      provider,
      endSession: createEndSession({ provider, tell }),
      checks,
      csrf,
      before,
    }),
  };
}
