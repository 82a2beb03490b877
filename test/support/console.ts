import type { AccountId } from '../../src/domain/account.ts';
import type { Role } from '../../src/domain/operator.ts';
import { addAccount } from './accounts.ts';
import type { TestApp } from './app.ts';
import { giveSecondFactor, type Authenticator } from './authenticator.ts';
import { Browser, type Page } from './browser.ts';
import { somebody, type Citizen } from './citizens.ts';
import { enterCode, signIn } from './journeys.ts';

export interface TestOperator {
  readonly accountId: AccountId;
  readonly citizen: Citizen;
  readonly authenticator: Authenticator;
  readonly browser: Browser;
  /** A page of the console, by its path behind `/admin`. */
  open(path?: string): Promise<Page>;
}

export async function giveRoles(app: TestApp, accountId: AccountId, roles: readonly Role[]): Promise<void> {
  for (const role of roles)
    await app.store.operators.grant(app.container.random.uuid(), {
      accountId,
      role,
      grantedBy: 'operator',
      grantedAt: app.clock.now(),
    });
}

/** Signs in on the way to the console. */
export async function enterConsole(
  app: TestApp,
  browser: Browser,
  citizen: Citizen,
  authenticator?: Authenticator,
): Promise<Page> {
  const page = await signIn(browser, await browser.open(`${app.url}/admin`), citizen.nik, citizen.password);
  return authenticator === undefined ? page : enterCode(browser, page, authenticator.next());
}

/** Somebody with these roles, signed in at the console. */
export async function startOperator(app: TestApp, roles: readonly Role[]): Promise<TestOperator> {
  const citizen = somebody({ name: 'Petugas Contoh Uji' });
  const accountId = await addAccount(app, citizen);
  await giveRoles(app, accountId, roles);
  const { authenticator } = await giveSecondFactor(app, accountId);
  const browser = new Browser();
  await enterConsole(app, browser, citizen, authenticator);
  return { accountId, citizen, authenticator, browser, open: (path = '') => browser.open(`${app.url}/admin${path}`) };
}
