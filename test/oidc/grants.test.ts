import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Client } from '../../src/domain/client.ts';
import { createLoadExistingGrant } from '../../src/oidc/grants.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit } from '../support/relying-party.ts';
import { until } from '../support/until.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('What is remembered of grants', () => {
  it('keeps no row of a client in memory that has been read anew since', async () => {
    // Doubles for all of it: who else holds a row of the whole sign-on is not asked here.
    const grant = { accountId: 'orang', jti: 'izin', exp: Number.MAX_SAFE_INTEGER, getOIDCScope: () => 'openid' };
    const request = {
      client: { clientId: 'layanan' },
      session: { accountId: 'orang', grantIdFor: () => grant.jti },
      provider: { Grant: { find: () => Promise.resolve(grant) } },
      requestParamScopes: new Set(['openid']),
      requestParamOIDCScopes: new Set(['openid']),
    };
    let row = {};
    const load = createLoadExistingGrant({
      clients: { find: () => Promise.resolve(row as Client) },
      apis: {} as never,
      store: {} as never,
      list: () => Promise.resolve(true),
      lifetimes: { interactionSeconds: 1, sessionSeconds: 1 } as never,
    });
    const ask = async (): Promise<void> => {
      expect(await load({ oidc: request } as unknown as KoaContextWithOIDC)).to.equal(grant);
    };

    const readAnew = (): WeakRef<object> => {
      const former = new WeakRef(row);
      row = { metadata: {} };
      return former;
    };
    readAnew();
    await ask();
    await ask();
    const former = readAnew();
    // Somebody else comes next, and the first does not come again.
    grant.jti = 'izin-lain';
    await ask();
    await until('it is let go', () => {
      collect();
      return former.deref() === undefined;
    });
    // Still there, and what it remembers with it.
    await ask();
  });
});

describe('Grants of somebody who agrees to nothing', () => {
  it('are not made again and again, however often the service asks: each would be remembered until its end', async () => {
    const app = await startTestApp();
    try {
      const citizen = somebody();
      const id = await addAccount(app, citizen);
      const house = await createRelyingParty(app, { further: { first_party: true } });
      const other = await createRelyingParty(app, { name: 'Lowongan Lain (contoh)', further: { first_party: false } });
      const browser = new Browser();
      expect(
        isHome(await signIn(browser, (await visit(browser, house)).page, citizen.nik, citizen.password), house),
      ).to.equal(true);

      let made = 0;
      const { protocolState } = app.container.store;
      const usual = { ...protocolState };
      Object.assign(protocolState, {
        upsert(write: Parameters<typeof usual.upsert>[0]) {
          if (write.model === 'Grant') made += 1;
          return usual.upsert(write);
        },
      });
      const ask = async (service: typeof house, by: Browser): Promise<void> => {
        for (let count = 0; count < 5; count += 1)
          expect((await visit(by, service)).page.url.pathname).to.match(/\/consent$/);
      };
      await ask(other, browser);
      expect(made, 'of a service that has to ask').to.equal(0);

      // Taken back, a service of the house has to ask as well.
      await app.store.consents.withdraw(id, house.id, app.clock.now());
      const elsewhere = new Browser();
      const further = await createRelyingParty(app, { name: 'Skillhub (contoh)', further: { first_party: true } });
      await signIn(elsewhere, (await visit(elsewhere, further)).page, citizen.nik, citizen.password);
      made = 0;
      await ask(house, elsewhere);
      expect(made, 'of one that was told no: the first time at most').to.be.at.most(1);
    } finally {
      await app.close();
    }
  });
});
