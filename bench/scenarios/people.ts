import { expectStatus, type Visitor } from '../drivers/visitor.ts';
import { authorizationPath, authorizationRequest, exchange, goHome, isHomeOf, signIn } from './flow.ts';
import { newcomer } from './newcomers.ts';
import type { Scenario, Target, User } from './scenario.ts';

/** Audit events are chained within two seconds, and what was queued leaves. */
const SETTLE_SECONDS = 2.2;

/** A browser that has never been here, each time. */
const beginSignIn = (target: Target): Promise<User> => {
  const service = target.visitor();
  return Promise.resolve({
    async work() {
      await exchange(target, service, await signIn(target, target.visitor(), target.person()));
      return true;
    },
  });
};

const firstSignIn: Scenario = {
  name: 'sign-in',
  operation: 'first sign-in with its tokens, hash made cheap',
  goal: { yardstick: 'redis', ratio: 0.9 },
  settleSeconds: SETTLE_SECONDS,
  begin: beginSignIn,
};

const hashedSignIn: Scenario = {
  name: 'sign-in-hashed',
  operation: 'first sign-in with its tokens, argon2id of production',
  aboveHashMs: 4,
  settleSeconds: SETTLE_SECONDS,
  productOnly: true,
  begin: beginSignIn,
};

async function register(target: Target, browser: Visitor): Promise<void> {
  const person = newcomer();
  const { parameters, verifier } = authorizationRequest(target, { prompt: 'create' });
  const path = authorizationPath(parameters);
  const isHome = isHomeOf(target);
  let { at, answer } = await browser.follow(path, await browser.send(path), isHome);
  const step = async (form: string, fields: Readonly<Record<string, string>>): Promise<void> => {
    expectStatus(answer, 200, `page with ${form}`);
    ({ at, answer } = await browser.follow(at, await browser.submit(at, answer, form, fields), isHome));
  };
  await step('nik', { nik: person.nik, name: person.name, mother_name: person.mother });
  await step('email', { email: person.email, phone: person.phone, password: person.password });
  const code = await target.codeFor?.(person.phone);
  await step('code', { code: code ?? '' });
  expectStatus(answer, 200, 'last page of the registration');
  const sent = await browser.submit(at, answer, 'register/finished', {});
  await exchange(target, target.visitor(), { code: await goHome(target, browser, at, sent, 'registration'), verifier });
}

const registration: Scenario = {
  name: 'registration',
  operation: 'registration whole, with code by SMS, and its tokens',
  aboveHashMs: 12,
  settleSeconds: SETTLE_SECONDS,
  productOnly: true,
  begin: (target) =>
    Promise.resolve({
      async work() {
        await register(target, target.visitor());
        return true;
      },
    }),
};

/** What people do in a browser. */
export const peopleScenarios: readonly Scenario[] = [firstSignIn, hashedSignIn, registration];
