import type { Page } from 'playwright-core';
import type { Locale } from '../../src/domain/locale.ts';
import { sentences } from '../../src/dev/sample-service/sentences.ts';
import type { Citizen } from '../support/citizens.ts';
import { translator } from '../support/pages.ts';

/** What a citizen sees and does, in words of the page. Each step ends when the next page stands. */
export function stepsIn(page: Page, lang: Locale = 'id') {
  const say = (key: string, params: Record<string, string | number> = {}): string => translator(lang, key, params);
  const press = (key: string, params?: Record<string, string>): Promise<void> =>
    page.getByRole('button', { name: say(key, params), exact: true }).click();
  const isAt = (key: string, params?: Record<string, string>): Promise<void> =>
    page.getByRole('heading', { level: 1, name: say(key, params), exact: true }).waitFor();
  const isAtStep = (step: 'identity' | 'contact' | 'code'): Promise<void> =>
    page.locator('.steps [aria-current=step]', { hasText: say(`interaction.registration.steps.${step}`) }).waitFor();

  return {
    say,
    press,
    isAt,
    isAtStep,
    async openService(url: string): Promise<void> {
      await page.goto(url);
      await page.getByRole('link', { name: sentences[lang].signIn }).waitFor();
    },
    startSignIn: (): Promise<void> => page.getByRole('link', { name: sentences[lang].signIn }).click(),
    async toSignIn(): Promise<void> {
      await this.startSignIn();
      await isAt('interaction.login.title');
    },
    async toRegistration(): Promise<void> {
      await page.getByRole('link', { name: say('interaction.login.registerLink') }).click();
      await isAtStep('identity');
    },
    async fillIdentity({ nik, name, mother }: Pick<Citizen, 'nik' | 'name' | 'mother'>): Promise<void> {
      await page.getByLabel(say('interaction.registration.identity.nik')).fill(nik);
      await page.getByLabel(say('interaction.registration.identity.name'), { exact: true }).fill(name);
      await page.getByLabel(say('interaction.registration.identity.mother'), { exact: true }).fill(mother);
    },
    async proveIdentity(citizen: Pick<Citizen, 'nik' | 'name' | 'mother'>): Promise<void> {
      await this.fillIdentity(citizen);
      await press('common.action.next');
      await isAtStep('contact');
    },
    async fillContact({ email, phone, password }: Pick<Citizen, 'email' | 'phone' | 'password'>): Promise<void> {
      await page.getByLabel(say('interaction.registration.contact.email'), { exact: true }).fill(email);
      await page.getByLabel(say('interaction.registration.contact.phone'), { exact: true }).fill(phone);
      await page.getByLabel(say('interaction.registration.contact.password'), { exact: true }).fill(password);
    },
    async giveContact(citizen: Pick<Citizen, 'email' | 'phone' | 'password'>): Promise<void> {
      await this.fillContact(citizen);
      await press('interaction.registration.contact.submit');
      await isAtStep('code');
    },
    async enterCode(code: string): Promise<void> {
      await page.getByLabel(say('interaction.registration.code.label')).fill(code);
      await press('interaction.registration.code.submit');
      await isAt('interaction.registration.finished.title');
    },
    async goOn(service: string): Promise<void> {
      await press('interaction.registration.finished.go', { service });
    },
    async signIn(identifier: string, password: string): Promise<void> {
      await page.getByLabel(say('interaction.login.identifier'), { exact: true }).fill(identifier);
      await page.getByLabel(say('interaction.login.password'), { exact: true }).fill(password);
      await press('interaction.login.submit');
    },
    /** Back at the service, which greets the person by the name it was told. */
    async isHome(name: string): Promise<void> {
      await page.locator('.visitor', { hasText: `${sentences[lang].hello} ${name}` }).waitFor();
    },
    /** From the service to the question whether to sign out. */
    async askToSignOut(): Promise<void> {
      await page.getByRole('button', { name: sentences[lang].signOut }).click();
      await isAt('oidc.sign-out.ask');
    },
    async isSignedOutHome(): Promise<void> {
      await page.getByRole('status').filter({ hasText: sentences[lang].signedOut }).waitFor();
    },
  };
}

export type Steps = ReturnType<typeof stepsIn>;
