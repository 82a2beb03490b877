import { expect } from 'chai';
import type { TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';

/** Somebody on the way through recovery: the browser, and the page that stands in it. */
export interface Way {
  readonly browser: Browser;
  readonly page: Page;
}

/** The first page of a recovery, from the link on the sign-in page of the portal. */
export async function atAsk(app: TestApp, browser = new Browser()): Promise<Way> {
  const login = await browser.open(`${app.url}/portal/sign-in`);
  const page = await browser.open(login.link('Kendala masuk?'));
  expect(page.url.pathname, page.text).to.match(/\/recover$/);
  return { browser, page };
}

export const ask = (browser: Browser, page: Page, identifier: string): Promise<Page> =>
  browser.submit(page, 'identifier', { identifier });

export async function atCode(app: TestApp, identifier: string, browser = new Browser()): Promise<Way> {
  const { page } = await atAsk(app, browser);
  const code = await ask(browser, page, identifier);
  expect(code.url.pathname, code.text).to.match(/\/recover\/code$/);
  return { browser, page: code };
}

export const enter = (browser: Browser, page: Page, code: string): Promise<Page> =>
  browser.submit(page, 'code', { code });

/** @param recipient where the code goes: number or address. */
export async function atPassword(
  app: TestApp,
  identifier: string,
  recipient: string,
  browser = new Browser(),
): Promise<Way> {
  const { page } = await atCode(app, identifier, browser);
  const password = await enter(browser, page, await app.codeFor(recipient));
  expect(password.url.pathname, password.text).to.match(/\/recover\/password$/);
  return { browser, page: password };
}

export async function atFinished(
  app: TestApp,
  identifier: string,
  recipient: string,
  password: string,
  browser = new Browser(),
): Promise<Way> {
  const { page } = await atPassword(app, identifier, recipient, browser);
  const finished = await browser.submit(page, 'password', { password });
  expect(finished.url.pathname, finished.text).to.match(/\/recover\/finished$/);
  return { browser, page: finished };
}

/** Another page of the same recovery. */
export const at = (page: Page, step: string): string => page.url.href.replace(/\/recover(?:\/.*)?$/, `/${step}`);

/** A code that is not this one. */
export const wrong = (code: string, by = 1): string => String((Number(code) + by) % 1_000_000).padStart(6, '0');

/** How often something was sent there. */
export const codesTo = async (app: TestApp, recipient: string): Promise<number> =>
  (await app.messagesTo(recipient)).filter(({ code }) => code !== null).length;

/** The page but for the token of the form, the address of the sign-in and what was typed. */
export const comparable = (page: Page, ...typed: string[]): string =>
  typed
    .reduce((html, text) => html.replaceAll(text, '…'), page.html)
    .replaceAll(/name="csrf" value="[^"]*"/g, 'csrf')
    .replaceAll(/\/interaction\/[\w-]+/g, '/interaction/:uid');

export const retryAfter = (page: Page): number => Number(page.headers.get('retry-after'));
