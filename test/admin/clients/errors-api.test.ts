import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { addMachine, type Machine } from '../../support/machines.ts';
import { createRelyingParty, visit, type RelyingParty } from '../../support/relying-party.ts';

describe('The operators’ API: recent errors of a client', () => {
  let app: TestApp;
  let reader: Machine;
  let service: RelyingParty;
  let helpCode: string;

  before(async () => {
    app = await startTestApp();
    reader = await addMachine(app, { scope: 'admin:clients:read' });
    service = await createRelyingParty(app);
    const { page } = await visit(new Browser(), service, {
      redirect_uri: 'https://lain.test/cb?nik=9901010101900001#x',
    });
    await visit(new Browser(), service, { redirect_uri: 'https://lain.test/cb' });
    helpCode = /[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{2}/.exec(page.text)?.[0] ?? '';
  });
  after(() => app.close());

  const errorsIn = (body: Readonly<Record<string, unknown>>): Record<string, unknown>[] =>
    body.errors as Record<string, unknown>[];

  it('are told at once, each kind once, with what mends it in both languages', async () => {
    const { status, body } = await reader.call('GET', `/clients/${service.id}/errors`);
    expect(status).to.equal(200);
    expect(errorsIn(body)).to.have.length(1);
    const [error] = errorsIn(body);
    expect(error).to.deep.include({
      request: 'authorization',
      error: 'invalid_redirect_uri',
      fault: 'redirect-uri',
      who: 'both',
      count: 2,
      address: 'https://lain.test/cb',
    });
    expect(error?.help_codes).to.include(helpCode);
    const { means, remedy } = error as { means: Record<string, string>; remedy: Record<string, string> };
    expect(means.id).to.include('tidak terdaftar');
    expect(new Set([means.id, means.en, remedy.id, remedy.en]).size).to.equal(4);
    expect(JSON.stringify(body)).not.to.include('9901010101900001');
    expect((await reader.call('GET', `/clients/${reader.id}/errors`)).body, 'of a client without any').to.deep.equal({
      errors: [],
    });
  });

  it('are found by the help code, however it is written', async () => {
    for (const typed of [helpCode, helpCode.replace('-', ' ').toLowerCase()]) {
      const { body } = await reader.call('GET', `/client-errors?help_code=${encodeURIComponent(typed)}`);
      expect(
        errorsIn(body).map(({ client_id: id, fault }) => [id, fault]),
        typed,
      ).to.deep.equal([[service.id, 'redirect-uri']]);
    }
    expect((await reader.call('GET', '/client-errors?help_code=ZZZZ-ZZ')).body).to.deep.equal({ errors: [] });
  });

  it('are refused for no client, no code, another scope', async () => {
    expect((await reader.call('GET', '/clients/tiada/errors')).body.code).to.equal('client-unknown');
    for (const query of [
      '',
      '?help_code=tolong',
      '?help_code=',
      `?help_code=${'x'.repeat(41)}`,
      `?help_code=${helpCode}&client_id=${service.id}`,
    ])
      expect((await reader.call('GET', `/client-errors${query}`)).status, query).to.equal(422);
    const other = await addMachine(app, { scope: 'admin:audit:read admin:reports:read' });
    for (const path of [`/clients/${service.id}/errors`, `/client-errors?help_code=${helpCode}`])
      expect((await other.call('GET', path)).body.code, path).to.equal('scope-missing');
  });
});
