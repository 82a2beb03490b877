import { createHash, randomBytes } from 'node:crypto';
import { expectStatus, type Answer, type Visitor } from '../drivers/visitor.ts';
import { basic, type Person, type Target } from './scenario.ts';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
}

export interface Code {
  readonly code: string;
  readonly verifier: string;
}

export const SCOPE = 'openid profile';

/** The request of a service with PKCE, as its library would make it. */
export function authorizationRequest(
  { service }: Target,
  further: Readonly<Record<string, string>> = {},
): { readonly parameters: Readonly<Record<string, string>>; readonly verifier: string } {
  const verifier = randomBytes(32).toString('base64url');
  const parameters = {
    client_id: service.id,
    redirect_uri: service.redirectUri,
    response_type: 'code',
    scope: SCOPE,
    state: randomBytes(16).toString('base64url'),
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...further,
  };
  return { parameters, verifier };
}

export const authorizationPath = (parameters: Readonly<Record<string, string>>): string =>
  `/auth?${new URLSearchParams(parameters).toString()}`;

export const isHomeOf =
  ({ service }: Target) =>
  (location: string): boolean =>
    location.startsWith(service.redirectUri);

/** @throws {Error} where the way did not lead home with a code. */
export function codeIn({ status, location, body }: Answer, what: string): string {
  const code = location === undefined ? undefined : new URL(location, 'http://x').searchParams.get('code');
  if (code == null) expectStatus({ status, location, body }, 0, what);
  return code ?? '';
}

/** From a form that has just been sent on to the service. */
export async function goHome(
  target: Target,
  visitor: Visitor,
  at: string,
  answer: Answer,
  what: string,
): Promise<string> {
  return codeIn((await visitor.follow(at, answer, isHomeOf(target))).answer, what);
}

/** The first sign-in of a browser: the service's request, the page, the password, the way back. */
export async function signIn(target: Target, visitor: Visitor, { identifier, password }: Person): Promise<Code> {
  const { parameters, verifier } = authorizationRequest(target);
  const path = authorizationPath(parameters);
  const page = await visitor.follow(path, await visitor.send(path), isHomeOf(target));
  expectStatus(page.answer, 200, 'sign-in page');
  const answer = await visitor.submit(page.at, page.answer, 'identifier', { identifier, password });
  return { code: await goHome(target, visitor, page.at, answer, 'sign-in'), verifier };
}

/** A service asks again; the session answers without a page. */
export async function reauthorize(target: Target, visitor: Visitor): Promise<Code> {
  const { parameters, verifier } = authorizationRequest(target);
  return { code: codeIn(await visitor.send(authorizationPath(parameters)), 'single sign-on'), verifier };
}

export async function exchange(target: Target, service: Visitor, { code, verifier }: Code): Promise<Tokens> {
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: target.service.redirectUri,
    code_verifier: verifier,
  };
  return JSON.parse(
    expectStatus(await service.send('/token', { form, headers: basic(target.service) }), 200, 'code exchange').body,
  ) as Tokens;
}

/** A browser that is signed in. */
export async function signedIn(target: Target): Promise<{ readonly browser: Visitor; readonly tokens: Tokens }> {
  const browser = target.visitor();
  return { browser, tokens: await exchange(target, target.visitor(), await signIn(target, browser, target.person())) };
}
