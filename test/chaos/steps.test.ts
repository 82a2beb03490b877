import { expect } from 'chai';
import { exchange, userinfo } from '../oidc/exchange.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page, type RequestOptions } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { goOn, register, signIn, toRegistration } from '../support/journeys.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';
import { STEPS } from './scenarios.ts';

/** Writes down what it asks for, as the proxy of the chaos sees it. */
class WatchedBrowser extends Browser {
  static readonly asked = new Set<string>();

  override request(address: string | URL, options: RequestOptions = {}): Promise<Page> {
    WatchedBrowser.asked.add(`${options.method ?? 'GET'} ${new URL(address).pathname}`);
    return super.request(address, options);
  }
}

describe('Chaos', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  it('kills at steps that a registration and a sign-in have: at another it would wait for ever', async () => {
    const service = await createRelyingParty(app);
    const first = new WatchedBrowser();
    const { page } = await visit(first, service);
    await goOn(first, await register(app, first, await toRegistration(first, page), citizens.budi));
    const second = new WatchedBrowser();
    const begun = await visit(second, service);
    const home = await signIn(second, begun.page, citizens.budi.nik, citizens.budi.password);
    const { body } = await exchange(app, service, {
      code: home.url.searchParams.get('code') ?? '',
      code_verifier: begun.request.verifier,
    });
    expect((await userinfo(app, String(body.access_token))).status).to.equal(200);

    const asked = [...WatchedBrowser.asked, 'POST /token', 'GET /me'];
    expect(STEPS.filter((step) => !asked.some((words) => step.test(words))).map(String)).to.deep.equal([]);
    expect(
      [...WatchedBrowser.asked].filter((words) => words.startsWith('POST') && !STEPS.some((step) => step.test(words))),
      'forms at which nobody is killed',
    ).to.deep.equal([]);
  });
});
