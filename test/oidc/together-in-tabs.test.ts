import { expect } from 'chai';
import { merged } from '../../src/oidc/state/merged.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { carriers } from '../support/carriers.ts';
import { somebody } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange } from './exchange.ts';

describe('A session that two requests write at the same moment', () => {
  const base = {
    jti: 'j',
    uid: 'u',
    exp: 1,
    state: { secret: 'a' },
    authorizations: { karirhub: { sid: '1', grantId: 'g1' } },
  };
  it('holds what either has written, each for a service of its own', () => {
    const [mine, theirs] = [
      { ...base, exp: 3, authorizations: { ...base.authorizations, skillhub: { sid: '2' } } },
      { ...base, exp: 2, state: { secret: 'b' }, authorizations: { ...base.authorizations, sisnaker: { sid: '3' } } },
    ];
    expect(merged(base, mine, theirs)).to.deep.equal({
      ...base,
      exp: 3,
      state: { secret: 'b' },
      authorizations: { ...base.authorizations, skillhub: { sid: '2' }, sisnaker: { sid: '3' } },
    });
    expect(merged(base, base, { ...base, authorizations: {} }), 'left at one service').to.deep.equal({
      jti: 'j',
      uid: 'u',
      exp: 1,
      state: { secret: 'a' },
    });
  });
  it('says nothing where both say different things of one service', () => {
    const of = (grantId: string) => ({
      ...base,
      authorizations: { ...base.authorizations, skillhub: { sid: '2', grantId } },
    });
    expect(merged(base, of('a'), of('b'))).to.equal(undefined);
    expect(merged(base, of('a'), of('a'))).to.deep.equal(of('a'));
    expect(merged(base, { ...base, accountId: 'one' }, { ...base, accountId: 'another' }), 'of two people').to.equal(
      undefined,
    );
  });
});

for (const [name, open] of carriers) {
  describe(`Single sign-on in many tabs at the same moment, on ${name}`, () => {
    let app: TestApp;
    let close: () => Promise<void>;
    let services: readonly RelyingParty[];
    before(async () => {
      const store = await open();
      close = () => store.close();
      app = await startTestApp(store.settings);
      services = await Promise.all(
        Array.from({ length: 6 }, () => createRelyingParty(app, { scope: 'openid profile' })),
      );
    });
    after(async () => {
      await app.close();
      await close();
    });

    it('brings each tab home with a code that is good, also two of one service', async () => {
      for (let round = 0; round < 4; round += 1) {
        const [citizen, browser] = [somebody(), new Browser()];
        await addAccount(app, citizen);
        await signIn(browser, (await visit(browser, services[0]!)).page, citizen.nik, citizen.password);
        const tabs = await Promise.all(
          [...services, ...services.slice(3)].map(async (service) => ({ service, ...(await visit(browser, service)) })),
        );
        for (const { service, page, request } of tabs) {
          const { status, body } = await exchange(app, service, {
            code: page.url.searchParams.get('code') ?? '',
            code_verifier: request.verifier,
          });
          expect(
            status,
            `round ${round} ${service.id} ${page.status} ${page.url.href} ${JSON.stringify(body)}`,
          ).to.equal(200);
        }
      }
    });
  });
}
