import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../config.ts';
import type { Client } from '../domain/client.ts';
import { guardForm, type Csrf } from '../web/csrf.ts';
import { field, form } from '../web/form.ts';
import { Refused } from '../web/refused.ts';
import { renderScreen } from '../web/render.ts';
import { seeOther, toParent } from '../web/see-other.ts';
import type { Checks } from './checks.ts';
import { markBrowser } from './mark.ts';
import { checkScreen, type CheckModel } from './screens.ts';

const PATH = '/sandbox/check/:token';
const TOKEN = /^[\w-]{43}$/;

export interface CheckPagesDeps {
  readonly checks: Checks;
  readonly csrf: Csrf;
  readonly config: Pick<Config, 'http'>;
}

const hostOf = (uri: string): string | undefined => URL.parse(uri)?.host;

/**
 * Where the service begins a sign-in at the sandbox: only where that is the place that is tried, and not production.
 */
function startUrlOf({ metadata }: Client, issuer: string): string | undefined {
  const { initiate_login_uri: uri, test_redirect_uris: tests = [] } = metadata;
  if (uri === undefined || !tests.some((test) => hostOf(test) === hostOf(uri))) return undefined;
  const url = new URL(uri);
  url.searchParams.set('iss', issuer);
  return url.href;
}

/** What a page of the check shows of a client. */
export async function checkModelOf(
  checks: Pick<Checks, 'report'>,
  client: Client,
  page: Pick<CheckModel, 'base' | 'mayAct' | 'issuer' | 'problem'>,
): Promise<CheckModel> {
  return {
    ...page,
    ...(await checks.report(client)),
    client: { id: client.id, name: client.metadata.client_name },
    hasTestUris: (client.metadata.test_redirect_uris ?? []).length > 0,
    startUrl: startUrlOf(client, page.issuer),
  };
}

/** Whoever opens the page and may act on it does so in the browser in which they sign in as well. */
export async function joinCheck(
  ctx: Context,
  checks: Pick<Checks, 'markFor'>,
  client: Client,
  issuer: string,
): Promise<void> {
  const mark = await checks.markFor(client);
  if (mark !== undefined) markBrowser(ctx, mark, issuer);
}

/**
 * What the forms of the page ask for. @returns false where it cannot be done any more: the page shows how things stand.
 */
export async function actOnCheck(
  ctx: Context,
  checks: Checks,
  client: Client,
  step: string,
  by: string,
): Promise<boolean> {
  await checks.takeStep(client.id);
  switch (step) {
    case 'start':
      await checks.start(client, by);
      return true;
    case 'begin':
      return checks.begin(client, field(ctx, 'scenario'));
    default:
      return checks.tell(client, field(ctx, 'scenario'), 'answered', { good: field(ctx, 'good') === 'yes' });
  }
}

/**
 * What a team is shown: that its logout address was not reached, and not why. Whoever may write that address would
 * otherwise learn of one name after the other whether it leads into a network that only we know; at `/reg` nobody
 * learns it either.
 */
const forTeam = (model: CheckModel): CheckModel => ({
  ...model,
  findings: model.findings.map(({ detail, ...one }) =>
    detail === undefined || one.fault === 'logout-unreachable' ? one : { ...one, detail },
  ),
});

export const checkSteps = ['start', 'begin', 'answer'] as const;

/** The check for the service's own team, who hold the personal link that an operator made. */
export function addCheckPages({ checks, csrf, config }: CheckPagesDeps): (router: Router) => void {
  const issuer = `${config.http.issuer}/sandbox`;
  const tokenOf = (ctx: Context): string => String((ctx.params as { token?: string }).token);

  async function getClient(ctx: Context): Promise<Client> {
    ctx.set('Cache-Control', 'no-store');
    // The address is the key: it must not be told to the pages that this one links to.
    ctx.set('Referrer-Policy', 'no-referrer');
    const token = tokenOf(ctx);
    const client = TOKEN.test(token) ? await checks.clientOfLink(token) : undefined;
    if (client === undefined) throw new Refused(404, 'sandbox.check.link-gone');
    return client;
  }

  return (router) => {
    const post = [form({ limitBytes: config.http.bodyLimitBytes }), guardForm(csrf, tokenOf)] as const;
    router.get(PATH, async (ctx: Context) => {
      const client = await getClient(ctx);
      await joinCheck(ctx, checks, client, config.http.issuer);
      const model = await checkModelOf(checks, client, {
        base: `/sandbox/check/${tokenOf(ctx)}`,
        mayAct: true,
        issuer,
        problem: undefined,
      });
      await renderScreen(ctx, checkScreen(forTeam(model)), { csrf: csrf.token(ctx, tokenOf(ctx)) });
    });
    for (const step of checkSteps) {
      router.get(`${PATH}/${step}`, toParent);
      router.post(`${PATH}/${step}`, ...post, async (ctx: Context) => {
        await actOnCheck(ctx, checks, await getClient(ctx), step, 'team');
        seeOther(
          ctx,
          `/sandbox/check/${tokenOf(ctx)}#${step === 'start' ? 'main' : encodeURIComponent(field(ctx, 'scenario'))}`,
        );
      });
    }
  };
}
