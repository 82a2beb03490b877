import type { Context } from 'koa';
import type Router from 'koa-router';
import type Provider from 'oidc-provider';
import type { Config } from '../config.ts';
import { acr, acrDemandOf } from '../domain/assurance.ts';
import { bendOf, scenarioById, type ScenarioId } from '../domain/check-scenarios.ts';
import { parseUiLocales } from '../domain/locale.ts';
import { sharesOf } from '../domain/sharing.ts';
import { citizenById, citizenBySub } from '../domain/sandbox-citizens.ts';
import type { Store } from '../store/store.ts';
import { guardForm, type Csrf } from '../web/csrf.ts';
import { field, form } from '../web/form.ts';
import { honourUiLocales } from '../web/locale.ts';
import { Refused } from '../web/refused.ts';
import { renderScreen } from '../web/render.ts';
import { allowFormTargets, formTargetsOf } from '../web/security-headers.ts';
import { toParent } from '../web/see-other.ts';
import type { Attempt, Checks } from './checks.ts';
import { markOf } from './mark.ts';
import { sandboxConsentScreen, sandboxSignInScreen } from './screens.ts';
import { findTrial } from './trial.ts';

export interface SandboxSignInDeps {
  readonly provider: Provider;
  /** Ends the session of the invented person before, and has its services told. */
  readonly endSession: (session: InstanceType<Provider['Session']>) => Promise<void>;
  readonly checks: Pick<Checks, 'current' | 'record'>;
  readonly store: Pick<Store, 'apis' | 'clients' | 'clientVersions'>;
  readonly csrf: Csrf;
  readonly config: Pick<Config, 'http'>;
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
type Outcome = Parameters<Provider['interactionResult']>[2];

const BASE = '/sandbox/interaction/:uid';

/** A parameter of the request; the protocol has checked that it is text. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const uidOf = (ctx: Context): string => String((ctx.params as { uid?: string }).uid);
/** It has ended, perhaps by another press of the button. */
const tellGone = (cause: unknown): never => {
  if (cause instanceof Error && cause.name === 'SessionNotFound') throw new Refused(410, 'sandbox.gone', { cause });
  throw cause;
};
const unlessOvertaken = (cause: unknown): void => {
  if (!(cause instanceof Error && cause.name === 'SessionNotFound')) throw cause;
};
const attemptIn = ({ lastSubmission }: Interaction): Attempt | undefined =>
  (lastSubmission as { check?: Attempt } | undefined)?.check;
const scenarioIn = (attempt: Attempt | undefined): ScenarioId | undefined => {
  const scenario = attempt === undefined ? undefined : scenarioById(attempt.scenario);
  return scenario !== undefined && 'citizen' in scenario ? scenario.id : undefined;
};

/**
 * The two pages of a sign-in at the sandbox: who, and whether the service gets what it asks for. No password, no
 * person.
 */
export function addSandboxSignIn({
  provider,
  endSession,
  checks,
  store,
  csrf,
  config,
}: SandboxSignInDeps): (router: Router) => void {
  const currentAttempt = (ctx: Context, { params }: Interaction): Promise<Attempt | undefined> =>
    checks.current(String(params.client_id), markOf(ctx, config.http.issuer));

  async function getInteraction(ctx: Context, prompt?: string): Promise<Interaction> {
    ctx.set('Cache-Control', 'no-store');
    const found = await provider.interactionDetails(ctx.req, ctx.res).catch(tellGone);
    if (found.uid !== uidOf(ctx) || (prompt !== undefined && found.prompt.name !== prompt))
      throw new Refused(410, 'sandbox.gone');
    return found;
  }

  async function serviceOf({ params }: Interaction): Promise<{ name: string }> {
    const client = await provider.Client.find(String(params.client_id));
    return { name: client?.clientName ?? String(params.client_id) };
  }

  async function leave(ctx: Context, outcome: Outcome, mergeWithLastSubmission = false): Promise<void> {
    const returnTo = await provider
      .interactionResult(ctx.req, ctx.res, outcome, { mergeWithLastSubmission })
      .catch(tellGone);
    ctx.status = 303;
    ctx.redirect(returnTo);
  }

  async function turnBack(ctx: Context, attempt: Attempt | undefined, description: string): Promise<void> {
    if (attempt !== undefined) await checks.record(attempt, 'sent', { error: 'access_denied' });
    await leave(ctx, { error: 'access_denied', error_description: description });
  }

  async function show(ctx: Context): Promise<void> {
    const interaction = await getInteraction(ctx);
    const [uid, service] = [uidOf(ctx), await serviceOf(interaction)];
    const action = `/sandbox/interaction/${uid}`;
    const { params, prompt, session } = interaction;
    const wished = parseUiLocales(textOf(params.ui_locales));
    if (wished !== undefined) honourUiLocales(ctx, wished, config.http.issuer.startsWith('https:'));
    // Its forms end at the service.
    allowFormTargets(ctx, formTargetsOf(params.redirect_uri));
    if (prompt.name === 'consent') {
      const trial = await findTrial(store, String(params.client_id));
      const citizen = citizenBySub(session?.accountId ?? '');
      if (trial === undefined || citizen === undefined) throw new Refused(410, 'sandbox.gone');
      const resources = [params.resource].flat().filter((one) => typeof one === 'string');
      const shares = sharesOf(trial.metadata, textOf(params.scope).split(' '), await store.apis.findActive(resources));
      const screen = sandboxConsentScreen({
        service,
        action: `${action}/consent`,
        citizen,
        registered: trial.metadata,
        shares,
        scenario: scenarioIn(attemptIn(interaction)),
      });
      await renderScreen(ctx, screen, { csrf: csrf.token(ctx, uid) });
      return;
    }
    const attempt = await currentAttempt(ctx, interaction);
    if (attempt !== undefined)
      await checks.record(attempt, 'asked', {
        state: params.state !== undefined,
        nonce: params.nonce !== undefined,
        pkce: params.code_challenge !== undefined,
      });
    await renderScreen(
      ctx,
      sandboxSignInScreen({
        service,
        action: `${action}/login`,
        cancel: `${action}/cancel`,
        scenario: scenarioIn(attempt),
      }),
      { csrf: csrf.token(ctx, uid) },
    );
  }

  async function signIn(ctx: Context): Promise<void> {
    const interaction = await getInteraction(ctx, 'login');
    const attempt = await currentAttempt(ctx, interaction);
    const scenario = scenarioById(scenarioIn(attempt) ?? '');
    const citizen = citizenById(
      scenario !== undefined && 'citizen' in scenario ? scenario.citizen : field(ctx, 'citizen'),
    );
    if (citizen === undefined) throw new Refused(422, 'sandbox.nobody');
    // Where a suspended person cannot sign in, they go back to the service in the end.
    if (citizen.suspended === true) return turnBack(ctx, attempt, 'the account is suspended');
    const before = await provider.Session.get(ctx);
    if (before.accountId !== undefined && before.accountId !== citizen.sub) {
      await endSession(before);
      interaction.session = undefined;
      // Where another press was faster, `leave` finds that out next.
      await interaction.persist().catch(unlessOvertaken);
    }
    const demand = acrDemandOf(interaction.params);
    const level = demand?.levels.includes(acr.twoFactor) === true ? acr.twoFactor : (demand?.levels[0] ?? acr.password);
    await leave(ctx, {
      login: { accountId: citizen.sub, acr: level, amr: ['pwd'], remember: false },
      ...(attempt === undefined ? {} : { check: attempt }),
    });
  }

  async function consent(ctx: Context): Promise<void> {
    const interaction = await getInteraction(ctx, 'consent');
    const attempt = attemptIn(interaction);
    if (field(ctx, 'answer') !== 'allow') return turnBack(ctx, attempt, 'the person did not agree to share the data');
    const { params, prompt, session } = interaction;
    const grant = new provider.Grant({ accountId: String(session?.accountId), clientId: String(params.client_id) });
    grant.addOIDCScope(textOf(params.scope));
    const missing =
      (prompt.details as { missingResourceScopes?: Readonly<Record<string, readonly string[]>> })
        .missingResourceScopes ?? {};
    for (const [resource, scopes] of Object.entries(missing)) grant.addResourceScope(resource, scopes.join(' '));
    const grantId = await grant.save();
    if (attempt !== undefined) {
      // By the grant the sandbox knows its code and tokens again.
      await checks.record(attempt, 'agreed', {}, grantId);
      if (bendOf(attempt.scenario) === 'nonce' && params.nonce !== undefined) {
        params.nonce = `bukan-${textOf(params.nonce)}`.slice(0, 200);
        await interaction.persist().catch(tellGone);
      }
    }
    await leave(ctx, { consent: { grantId } }, true);
  }

  return (router) => {
    // Each of them asks the library for the interaction, which it finds by the browser's cookie alone.
    const post = [form({ limitBytes: config.http.bodyLimitBytes }), guardForm(csrf, uidOf, { held: true })] as const;
    router.get(BASE, show);
    for (const step of ['login', 'consent', 'cancel']) router.get(`${BASE}/${step}`, toParent);
    router.post(`${BASE}/login`, ...post, signIn);
    router.post(`${BASE}/consent`, ...post, consent);
    router.post(`${BASE}/cancel`, ...post, async (ctx: Context) =>
      turnBack(ctx, await currentAttempt(ctx, await getInteraction(ctx)), 'the person went back without signing in'),
    );
  };
}
