import type { PasswordHasher } from '../../../src/crypto/password-hash.ts';
import type { TestApp } from '../../support/app.ts';
import type { Browser, Page } from '../../support/browser.ts';

/** The sign-in page of the portal in a browser of its own. */
export const openSignIn = (app: TestApp, browser: Browser): Promise<Page> => browser.open(`${app.url}/portal/sign-in`);

/** One press on "Masuk", the answer as it comes: 303 is a good sign-in. */
export async function attempt(
  app: TestApp,
  browser: Browser,
  identifier: string,
  password: string,
  further: Readonly<Record<string, string>> = {},
): Promise<Page> {
  return browser.post(await openSignIn(app, browser), 'identifier', { identifier, password, ...further });
}

/** A page without what differs between any two: the token of the form, the address, and what was typed. */
export const comparable = (page: Page, ...typed: string[]): string =>
  typed
    .reduce((html, text) => html.replaceAll(text, '…'), page.html)
    .replaceAll(/name="csrf" value="[^"]*"/g, 'csrf')
    .replaceAll(page.url.pathname.split('/')[2] ?? '?', ':uid');

/** Puts other methods in the place of the hasher's; answers with the way back. */
export function replaceHashing(app: TestApp, other: Partial<PasswordHasher>): () => void {
  const { passwords } = app.container;
  const own = { verify: passwords.verify.bind(passwords), hash: passwords.hash.bind(passwords) };
  Object.assign(passwords, other);
  return () => {
    Object.assign(passwords, own);
  };
}

/** Counts what the hasher of the app is asked, until `stop` is called. */
export function watchHashing(app: TestApp): { readonly verified: number; readonly hashed: number; stop(): void } {
  const { passwords } = app.container;
  const verify = passwords.verify.bind(passwords);
  const hash = passwords.hash.bind(passwords);
  const seen = { verified: 0, hashed: 0 };
  const stop = replaceHashing(app, {
    verify: (...args) => {
      seen.verified += 1;
      return verify(...args);
    },
    hash: (...args) => {
      seen.hashed += 1;
      return hash(...args);
    },
  });
  return Object.assign(seen, { stop });
}
