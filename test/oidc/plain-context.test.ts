import { expect } from 'chai';
import Router from 'oidc-provider/lib/helpers/router.js';
import type { KoaContextWithOIDC } from 'oidc-provider';
import Provider from 'oidc-provider';
import { withPlainContext } from '../../src/oidc/plain-context.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';

describe('The context of a request of the protocol', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  it('has what the library knows of the request as a plain property, and is the one that the library is at', async () => {
    const service = await createRelyingParty(app);
    let seen: { property: PropertyDescriptor | undefined; route: string; isCurrent: boolean } | undefined;
    app.container.provider.on('interaction.started', (ctx: KoaContextWithOIDC) => {
      seen = {
        property: Object.getOwnPropertyDescriptor(ctx, 'oidc'),
        route: ctx.oidc.route,
        isCurrent: Provider.ctx === ctx,
      };
    });
    await visit(new Browser(), service);
    expect(seen?.property).not.to.have.property('get');
    expect(seen?.property?.value).to.be.an.instanceOf(
      (app.container.provider as unknown as { OIDCContext: new () => unknown }).OIDCContext,
    );
    expect(seen).to.include({ route: 'authorization', isCurrent: true });
  });

  it('leaves the library as it was, also for whoever makes a provider without it', () => {
    const methods = (): unknown[] =>
      ['get', 'post', 'put', 'delete', 'options'].map((name) => Reflect.get(Router.prototype, name) as unknown);
    const before = methods();
    expect(() =>
      withPlainContext(() => {
        throw new Error('not made');
      }),
    ).to.throw('not made');
    expect(methods()).to.deep.equal(before);
  });

  it('is not taken for plain where the library begins in another way: nothing is made then', () => {
    expect(() =>
      withPlainContext(() => {
        new Router().get('somewhere', '/somewhere', () => undefined);
        return app.container.provider;
      }),
    ).to.throw('look at it anew');
  });
});
