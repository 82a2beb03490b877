import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import type { RecoveryRequest } from '../../../src/domain/recovery-request.ts';
import { addAccount, type AccountChanges } from '../../support/accounts.ts';
import type { TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { proveIdentity } from '../../support/journeys.ts';

/** Somebody on the way through a request: the browser, and the page that stands in it. */
export interface Way {
  readonly browser: Browser;
  readonly page: Page;
  readonly citizen: Citizen;
  readonly accountId: AccountId;
  /** The number at which the person can be reached. */
  readonly phone: string;
}

export const LOST = 'HP dan email saya sudah tidak aktif';
export const NEW_PASSWORD = 'Perahu-Layar9!';

/** The first page of a request, by the links of the sign-in and of the recovery. */
export async function toRequest(browser: Browser, login: Page): Promise<Page> {
  const page = await browser.open((await browser.open(login.link('Kendala masuk?'))).link(LOST));
  expect(page.url.pathname, page.text).to.match(/\/recover-request\/identity$/);
  return page;
}

export const begin = async (app: TestApp, browser = new Browser()): Promise<Page> =>
  toRequest(browser, await browser.open(`${app.url}/portal/sign-in`));

/** A number in a block of its own that nobody has. */
export const newNumber = (): string => somebody().phone;

export async function atNumber(
  app: TestApp,
  { browser = new Browser(), changes }: { browser?: Browser; changes?: AccountChanges } = {},
): Promise<Way> {
  const citizen = somebody();
  const accountId = await addAccount(app, citizen, changes);
  const page = await proveIdentity(browser, await begin(app, browser), citizen);
  expect(page.url.pathname, page.text).to.match(/\/recover-request\/number$/);
  return { browser, page, citizen, accountId, phone: newNumber() };
}

export const giveNumber = (browser: Browser, page: Page, phone: string): Promise<Page> =>
  browser.submit(page, 'phone', { phone });
export const enter = (browser: Browser, page: Page, code: string): Promise<Page> =>
  browser.submit(page, 'code', { code });
export const file = (browser: Browser, page: Page, password = NEW_PASSWORD): Promise<Page> =>
  browser.submit(page, 'password', { password });

export async function atCode(app: TestApp, before?: Way): Promise<Way> {
  const way = before ?? (await atNumber(app));
  const page = await giveNumber(way.browser, way.page, way.phone);
  expect(page.url.pathname, page.text).to.match(/\/recover-request\/code$/);
  return { ...way, page };
}

export async function atPassword(app: TestApp, before?: Way): Promise<Way> {
  const way = await atCode(app, before);
  const page = await enter(way.browser, way.page, await app.codeFor(way.phone));
  expect(page.url.pathname, page.text).to.match(/\/recover-request\/password$/);
  return { ...way, page };
}

export async function atFiled(app: TestApp, before?: Way): Promise<Way> {
  const way = await atPassword(app, before);
  const page = await file(way.browser, way.page);
  expect(page.url.pathname, page.text).to.match(/\/recover-request\/filed$/);
  return { ...way, page };
}

/** The number of the request, as the last page shows it. */
export const ticketOf = (page: Page): string => /class="ticket__number">([^<]*)</.exec(page.html)?.[1] ?? '';

/** Another page of the same request. */
export const at = (page: Page, step: string): string =>
  page.url.href.replace(/\/recover-request(?:\/.*)?$/, `/recover-request/${step}`);

export const openRequests = (
  app: TestApp,
  { accountId }: Pick<Way, 'accountId'>,
): Promise<readonly RecoveryRequest[]> => app.store.recoveryRequests.openOf(accountId);

/** Events of one account, without those of others. */
export const eventsOf = async (app: TestApp, type: string, accountId: AccountId): Promise<readonly object[]> =>
  (await app.store.audit.list({ type, accountId })).map(({ details }) => details);
