import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { everythingIn, textOf } from '../support/database.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';

const { budi } = citizens;

describe('Protocol: at rest', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  it('the database holds no id, cookie, code, token, hint or person of a sign-in in clear, and neither does the log', async () => {
    const karirhub = await createRelyingParty(app, { scope: 'openid profile email phone nik' });
    const accountId = await addAccount(app, budi);
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub, {
      login_hint: 'canary.hint@contoh.test',
      state: 'canary-keadaan-123456',
    });
    const secrets: string[] = [page.url.pathname.split('/')[2] ?? ''];
    const home = await signIn(browser, page, budi.nik, budi.password);
    const received = await karirhub.receive(home, { ...request, state: 'canary-keadaan-123456' });
    secrets.push(
      home.url.searchParams.get('code') ?? '',
      browser.cookie('session') ?? '',
      received.accessToken,
      received.idToken,
      request.nonce,
      request.verifier,
      karirhub.secret,
    );

    const everywhere = [
      ...secrets,
      'canary.hint',
      'canary-keadaan',
      budi.nik,
      budi.name,
      budi.email,
      budi.phone,
      '+6281234567890',
      budi.password,
    ];
    const log = app.logLines.join('');
    const database = await everythingIn(app.database);
    expect(database.length).to.be.greaterThan(1000);
    for (const secret of everywhere) {
      expect(secret).to.have.length.greaterThan(5);
      expect(database, secret.slice(0, 12)).not.to.include(secret);
      expect(log, secret.slice(0, 12)).not.to.include(secret);
    }
    // The account id is no secret of its own, but the sessions table must not tell who is signed in.
    const sessions = (await app.database.knex('protocol_state').select('*')) as Record<string, unknown>[];
    expect(
      sessions
        .flatMap((row) => Object.values(row))
        .map(textOf)
        .join('\n'),
    ).not.to.include(accountId);
  });
});
