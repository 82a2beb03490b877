import { expect } from 'chai';
import type { TestApp } from '../../support/app.ts';
import { Browser, Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { giveContact, proveIdentity } from '../../support/journeys.ts';

/** Somebody on the way through registration: the browser, and the page that stands in it. */
export interface Way {
  readonly browser: Browser;
  readonly citizen: Citizen;
  readonly page: Page;
}

/** The first page of a registration that began at the portal. */
export const begin = (app: TestApp, browser = new Browser(), lang?: string): Promise<Page> =>
  browser.open(`${app.url}/portal/register${lang === undefined ? '' : `?lang=${lang}`}`);

export async function atContact(app: TestApp, citizen = somebody(), browser = new Browser()): Promise<Way> {
  const page = await proveIdentity(browser, await begin(app, browser), citizen);
  expect(page.url.pathname, page.text).to.match(/\/register\/contact$/);
  return { browser, citizen, page };
}

export async function atCode(app: TestApp, citizen = somebody(), browser = new Browser()): Promise<Way> {
  const { page: contact } = await atContact(app, citizen, browser);
  const page = await giveContact(browser, contact, citizen);
  expect(page.url.pathname, page.text).to.match(/\/register\/otp$/);
  return { browser, citizen, page };
}

/** Another page of the same registration. */
export const at = (page: Page, step: string): string => page.url.href.replace(/\/register\/.*$/, `/register/${step}`);

/** The text beside a field that says what is wrong with it. */
export const errorOf = (page: Page, field: string): string => {
  const body = new RegExp(`id="${field}-error"[^>]*>([^]*?)</p>`).exec(page.html)?.[1] ?? '';
  return new Page(page.url, page.status, page.headers, body).text;
};

/** The tag of an input. */
export const inputOf = (page: Page, field: string): string =>
  new RegExp(`<input[^>]*name="${field}"[^>]*>`).exec(page.html)?.[0] ?? '';

/** A code that is not this one. */
export const wrong = (code: string, by = 1): string => String((Number(code) + by) % 1_000_000).padStart(6, '0');

/** How often the civil registry was asked. */
export const asked = (app: TestApp): number =>
  app.logLines.filter((line) => line.includes('"simulator.answered"')).length;

/** How many codes went to the number. */
export const codesTo = async (app: TestApp, phone: string): Promise<number> =>
  (await app.messagesTo(phone)).filter(({ code }) => code !== null).length;

/** The page but for what is new each time it is made and for the address of the interaction. */
export const comparable = (page: Page): string =>
  page.html.replaceAll(/name="csrf" value="[^"]*"/g, 'csrf').replaceAll(/\/interaction\/[\w-]+/g, '/interaction/:uid');

export const retryAfter = (page: Page): number => Number(page.headers.get('retry-after'));
