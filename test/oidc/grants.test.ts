import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Client } from '../../src/domain/client.ts';
import { createLoadExistingGrant } from '../../src/oidc/grants.ts';
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
    const ask = async (): Promise<void> => { expect(await load({ oidc: request } as unknown as KoaContextWithOIDC)).to.equal(grant); };

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
