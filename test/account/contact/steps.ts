import type { AccountId } from '../../../src/domain/account.ts';
import { addAccount, type AccountChanges } from '../../support/accounts.ts';
import type { TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';

export interface Person {
  readonly citizen: Citizen;
  readonly id: AccountId;
  readonly browser: Browser;
}

export const at = (app: TestApp, path = ''): string => `${app.url}/account/contact${path}`;

/** Somebody who has just signed in. */
export async function present(app: TestApp, changes: Partial<Citizen> = {}, account: AccountChanges = {}): Promise<Person> {
  const citizen = somebody(changes);
  const person = { citizen, id: await addAccount(app, citizen, account), browser: new Browser() };
  await signInTo(app, person);
  return person;
}

export const signInTo = async (app: TestApp, { browser, citizen }: Person, path = ''): Promise<Page> => signIn(browser, await browser.open(at(app, path)), citizen.nik, citizen.password);

/** Asks for a code to another number. @returns the page that follows: of the code, or the form again. */
export const askFor = async (app: TestApp, { browser }: Person, phone: string): Promise<Page> => browser.submit(await browser.open(at(app, '/phone')), 'phone', { phone });

export const askForLink = async (app: TestApp, { browser }: Person, email: string): Promise<Page> => browser.submit(await browser.open(at(app, '/address')), 'email', { email });

/** A number that nobody has yet. */
export const freshNumber = (): string => somebody().phone;

/** A code that is not this one. */
export const wrong = (code: string, by = 1): string => String((Number(code) + by) % 1_000_000).padStart(6, '0');

export const codesTo = async (app: TestApp, phone: string): Promise<string[]> => (await app.messagesTo(phone)).flatMap(({ code }) => (code === null ? [] : [code]));

export const linkTo = async (app: TestApp, email: string): Promise<string> => /http\S+token=[\w-]+/.exec((await app.messagesTo(email))[0]?.text ?? '')?.[0] ?? '';

/** In a browser that has nothing to do with the account: mail is often read on another device. */
export async function openLink(link: string, browser = new Browser()): Promise<Page> {
  return browser.submit(await browser.open(link), 'csrf');
}
