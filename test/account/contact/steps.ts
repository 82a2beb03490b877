import type { AccountId } from '../../../src/domain/account.ts';
import { addAccount, type AccountChanges } from '../../support/accounts.ts';
import type { TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { createRelyingParty, visit } from '../../support/relying-party.ts';

export interface Person {
  readonly citizen: Citizen;
  readonly id: AccountId;
  readonly browser: Browser;
}

export const at = (app: TestApp, path = ''): string => `${app.url}/account/contact${path}`;

/** Somebody who has just signed in. */
export async function present(
  app: TestApp,
  changes: Partial<Citizen> = {},
  account: AccountChanges = {},
): Promise<Person> {
  const citizen = somebody(changes);
  const person = { citizen, id: await addAccount(app, citizen, account), browser: new Browser() };
  await signInTo(app, person);
  return person;
}

export const signInTo = async (app: TestApp, { browser, citizen }: Person, path = ''): Promise<Page> =>
  signIn(browser, await browser.open(at(app, path)), citizen.nik, citizen.password);

/** Asks for a code to another number. @returns the page that follows: of the code, or the form again. */
export const askFor = async (app: TestApp, { browser }: Person, phone: string): Promise<Page> =>
  browser.submit(await browser.open(at(app, '/phone')), 'phone', { phone });

export const askForLink = async (app: TestApp, { browser }: Person, email: string): Promise<Page> =>
  browser.submit(await browser.open(at(app, '/address')), 'email', { email });

/** Signed in at a service on another device. @returns what that service is told of them, whenever it asks. */
export async function atService(app: TestApp, { citizen }: Person): Promise<() => Promise<Record<string, unknown>>> {
  const service = await createRelyingParty(app);
  const browser = new Browser();
  const { page, request } = await visit(browser, service);
  const { accessToken } = await service.receive(await signIn(browser, page, citizen.nik, citizen.password), request);
  return async () =>
    (await (await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${accessToken}` } })).json()) as Record<
      string,
      unknown
    >;
}

/** What the audit log says of such events. */
export const eventsOf = async (
  app: TestApp,
  { id }: Person,
  type: string,
): Promise<readonly Record<string, unknown>[]> =>
  (await app.store.audit.list({ accountId: id, type })).map(({ details }) => details as Record<string, unknown>);

/** A number that nobody has yet. */
export const freshNumber = (): string => somebody().phone;

/** A code that is not this one. */
export const wrong = (code: string, by = 1): string => String((Number(code) + by) % 1_000_000).padStart(6, '0');

export const codesTo = async (app: TestApp, phone: string): Promise<string[]> =>
  (await app.messagesTo(phone)).flatMap(({ code }) => (code === null ? [] : [code]));

export const linkTo = async (app: TestApp, email: string): Promise<string> =>
  /http\S+token=[\w-]+/.exec((await app.messagesTo(email))[0]?.text ?? '')?.[0] ?? '';

/** In a browser that has nothing to do with the account: mail is often read on another device. */
export async function openLink(link: string, browser = new Browser()): Promise<Page> {
  return browser.submit(await browser.open(link), 'csrf');
}
