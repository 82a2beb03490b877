import type { AccountId } from '../../src/domain/account.ts';
import type { Role } from '../../src/domain/operator.ts';
import { addAccount } from './accounts.ts';
import type { TestApp } from './app.ts';
import { Browser, type Page } from './browser.ts';
import { somebody, type Citizen } from './citizens.ts';
import { signIn } from './journeys.ts';

export interface TestOperator {
  readonly accountId: AccountId;
  readonly citizen: Citizen;
  readonly browser: Browser;
  /** A page of the console, by its path behind `/admin`. */
  open(path?: string): Promise<Page>;
}

export async function giveRoles(app: TestApp, accountId: AccountId, roles: readonly Role[]): Promise<void> {
  for (const role of roles) await app.store.operators.grant(app.container.random.uuid(), { accountId, role, grantedBy: 'operator', grantedAt: app.clock.now() });
}

/** Signs in on the way to the console, as it demands. */
export const enterConsole = async (app: TestApp, browser: Browser, citizen: Citizen): Promise<Page> => signIn(browser, await browser.open(`${app.url}/admin`), citizen.nik, citizen.password);

/** Somebody with these roles, signed in at the console. */
export async function startOperator(app: TestApp, roles: readonly Role[]): Promise<TestOperator> {
  const citizen = somebody({ name: 'Petugas Contoh Uji' });
  const accountId = await addAccount(app, citizen);
  await giveRoles(app, accountId, roles);
  const browser = new Browser();
  await enterConsole(app, browser, citizen);
  return { accountId, citizen, browser, open: (path = '') => browser.open(`${app.url}/admin${path}`) };
}
