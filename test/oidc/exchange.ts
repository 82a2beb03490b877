import type { TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import type { Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { visit, type RelyingParty, type SignInRequest } from '../support/relying-party.ts';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a service sends to the token endpoint; `undefined` leaves a field out. */
export interface Exchange {
  readonly code: string;
  readonly redirect_uri?: string | undefined;
  readonly code_verifier?: string | undefined;
  /** Instead of the service's own credentials. */
  readonly by?: { readonly id: string; readonly secret: string };
}

/** A sign-in up to the code, which nobody has exchanged yet. */
export async function obtainCode(
  service: RelyingParty,
  citizen: Citizen,
  browser = new Browser(),
  parameters?: Readonly<Record<string, string>>,
): Promise<{ code: string; request: SignInRequest; home: Page; browser: Browser }> {
  const { page, request } = await visit(browser, service, parameters);
  const home = page.status === 0 ? page : await signIn(browser, page, citizen.nik, citizen.password);
  const code = home.url.searchParams.get('code');
  if (code === null) throw new Error(`no code at ${home.url.href}: ${home.text.slice(0, 200)}`);
  return { code, request, home, browser };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

export const basic = ({ id, secret }: { id: string; secret: string }): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

/** `POST` of a form by a service, which is no browser. */
export async function postAs(
  app: Pick<TestApp, 'url'>,
  path: string,
  fields: Readonly<Record<string, string | undefined>>,
  by?: { id: string; secret: string },
): Promise<Answer> {
  const body = new URLSearchParams(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return answerOf(
    await fetch(`${app.url}${path}`, {
      method: 'POST',
      body,
      headers: by === undefined ? {} : { authorization: basic(by) },
    }),
  );
}

export function exchange(
  app: Pick<TestApp, 'url'>,
  service: RelyingParty,
  { by, ...fields }: Exchange,
): Promise<Answer> {
  return postAs(
    app,
    '/token',
    { grant_type: 'authorization_code', redirect_uri: `${service.origin}/cb`, ...fields },
    by ?? service,
  );
}

export const userinfo = async (app: Pick<TestApp, 'url'>, accessToken: unknown): Promise<Answer> =>
  answerOf(await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${String(accessToken)}` } }));
