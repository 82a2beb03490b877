import { expect } from 'chai';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';
import { until } from '../support/until.ts';

describe('What the library keeps of a request', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  it('leads no more to the request itself when that is answered: not by entities, nor by cookies, nor by what was asked', async () => {
    const service = await createRelyingParty(app);
    let seen: KoaContextWithOIDC | undefined;
    let hadJar = false;
    let asked: unknown;
    const leads = (ctx: KoaContextWithOIDC): boolean =>
      Object.getOwnPropertySymbols(ctx.oidc).some((key) =>
        Object.keys((ctx.oidc as unknown as Record<symbol, object | undefined>)[key] ?? {}).includes('request'),
      );
    app.container.provider.on('interaction.started', (ctx: KoaContextWithOIDC) => {
      [seen, hadJar, asked] = [ctx, leads(ctx), ctx.oidc.params?.client_id];
    });
    await visit(new Browser(), service);
    await until('it is let go', () => seen?.req.headers.host === undefined);
    expect(hadJar).to.equal(true);
    expect(leads(seen!)).to.equal(false);
    expect(Object.keys(seen!.oidc.entities)).to.deep.equal(['Client']);
    expect(asked).to.be.a('string');
    expect(seen!.oidc.params).to.deep.equal({});
    expect(seen!.oidc.cookies.get('session'), 'whoever asks all the same finds none').to.equal(undefined);
  });
});
