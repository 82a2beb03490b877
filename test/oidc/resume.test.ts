import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

describe('The way back to the service', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app, { further: { first_party: true } });
  });
  after(() => app.close());

  /** From now on the disk is full for what is written of this kind; @returns what makes room again. */
  async function fillDisk(model: string): Promise<() => Promise<void>> {
    const { knex } = app.database;
    await knex.raw(`create function full_disk() returns trigger language plpgsql as 'begin raise exception ''no space left on device'' using errcode = ''53100''; end'`);
    await knex.raw(`create trigger full_disk before insert or update on protocol_state for each row when (new.model = '${model}') execute function full_disk()`);
    return async () => {
      await knex.raw('drop function full_disk() cascade');
    };
  }

  for (const model of ['Session', 'Grant', 'AuthorizationCode']) {
    it(`asks nobody to type the password again where the ${model} could not be written: the page is loaded again`, async () => {
      const citizen = somebody();
      await addAccount(app, citizen);
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      const makeRoom = await fillDisk(model);
      const full = await signIn(browser, page, citizen.nik, citizen.password).finally(makeRoom);
      expect([full.status, full.url.pathname.split('/')[1], full.headers.get('retry-after')], full.text.slice(0, 300)).to.deep.equal([503, 'auth', '5']);

      const home = await browser.open(full.url);
      expect(isHome(home, karirhub), `${home.status} ${home.url.href}`).to.equal(true);
      expect((await karirhub.receive(home, request)).claims.name).to.equal(citizen.name);
      // And there it ends: whoever goes back in the browser begins anew.
      expect((await browser.open(full.url)).status).to.equal(410);
    });
  }
});
