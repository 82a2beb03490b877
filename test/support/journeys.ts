import type { TestApp } from './app.ts';
import type { Browser, Page } from './browser.ts';
import type { Citizen } from './citizens.ts';

/** What a citizen does, step by step, from the page that stands in the browser. Each answers with the next page. */

export const toRegistration = (browser: Browser, login: Page): Promise<Page> =>
  browser.open(login.link('Daftar Sekarang'));

export const proveIdentity = (
  browser: Browser,
  page: Page,
  { nik, name, mother }: Pick<Citizen, 'nik' | 'name' | 'mother'>,
): Promise<Page> => browser.submit(page, 'nik', { nik, name, mother_name: mother });

export const giveContact = (
  browser: Browser,
  page: Page,
  { email, phone, password }: Pick<Citizen, 'email' | 'phone' | 'password'>,
): Promise<Page> => browser.submit(page, 'email', { email, phone, password });

export const enterCode = (browser: Browser, page: Page, code: string): Promise<Page> =>
  browser.submit(page, 'code', { code });

/** From the success page on to where the citizen came from. */
export const goOn = (browser: Browser, page: Page): Promise<Page> => browser.submit(page, 'register/finished');

/** The whole registration from its first page to the success page. */
export async function register(app: TestApp, browser: Browser, first: Page, citizen: Citizen): Promise<Page> {
  const contact = await proveIdentity(browser, first, citizen);
  const code = await giveContact(browser, contact, citizen);
  return enterCode(browser, code, await app.codeFor(citizen.phone));
}

/** Registers at the portal, so that a test about something else has somebody to sign in. */
export async function becomeCitizen(app: TestApp, browser: Browser, citizen: Citizen): Promise<Page> {
  const finished = await register(app, browser, await browser.open(`${app.url}/portal/register`), citizen);
  return goOn(browser, finished);
}

export const signIn = (browser: Browser, page: Page, identifier: string, password: string): Promise<Page> =>
  browser.submit(page, 'identifier', { identifier, password });
