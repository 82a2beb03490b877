import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import type { Page } from '../../support/browser.ts';
import { startOperator, type TestOperator } from '../../support/console.ts';

const why = 'tiket 2042, diminta timnya';

describe('Teams that register by themselves, at the console', () => {
  let app: TestApp;
  let both: TestOperator;
  let approver: TestOperator;

  before(async () => {
    app = await startTestApp();
    both = await startOperator(app, ['client-manager', 'client-approver', 'administrator']);
    approver = await startOperator(app, ['client-approver']);
  });
  after(() => app.close());

  const tokenOn = (page: Page): string => /id="once">([\w-]{43})</.exec(page.html)?.[1] ?? '';
  const make = async (change: Readonly<Record<string, string>> = {}): Promise<Page> =>
    both.browser.submit(await both.open('/clients/teams'), 'team', {
      team: 'Tim BLK Contoh',
      days: '14',
      most: '2',
      ...change,
    });
  const register = (token: string): Promise<Response> =>
    fetch(`${app.url}/reg`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Diklat Contoh',
        redirect_uris: ['https://diklat.test/cb'],
        contacts: ['tim@diklat.test'],
      }),
    });

  it('get a token, which is shown this once; the form that is sent again makes no second one', async () => {
    const form = await both.open('/clients/teams');
    const fields = { team: 'Tim BLK Contoh', days: '14', most: '2' };
    const made = await both.browser.submit(form, 'team', fields);
    expect(made.status).to.equal(200);
    expect(made.text).to.include('Hanya tampil sekali');
    expect(made.html, 'the other language opens beside it').to.match(/class="language"[^>]*target="_blank"/);
    const token = tokenOn(made);
    const again = await both.browser.submit(form, 'team', fields);
    expect(again.status).to.equal(422);
    expect(again.text).to.include('tidak ada token kedua');
    const later = await both.open('/clients/teams');
    expect(later.html).not.to.include(token);
    expect(later.html).to.match(/class="language"(?![^>]*target)/);
    expect(await app.store.registrationTokens.listInitial()).to.have.length(1);
    expect((await register(token)).status).to.equal(201);
    expect((await both.open('/clients/teams')).text).to.include('1 dari 2');
    expect((await app.store.audit.list({ type: 'initial-token.made' })).map(({ details }) => details.by)).to.deep.equal(
      [`operator:${both.accountId}`],
    );
  });

  it('hand in what whoever gave them the token cannot approve: that would be one person for two', async () => {
    const { client_id: id } = (await (await register(tokenOn(await make()))).json()) as { client_id: string };
    const own = await both.open(`/clients/${id}/proposal`);
    expect(own.text)
      .to.include('Operator lain yang memutuskan')
      .and.include('Tim BLK Contoh (tim yang mendaftar sendiri)')
      .and.include(both.citizen.name);
    expect(own.html).not.to.include('/proposal/approve').and.not.include('/proposal/waive');
    const forged = await both.browser.request(`${app.url}/admin/clients/${id}/proposal/approve`, {
      method: 'POST',
      body: new URLSearchParams({ ...own.form('/proposal/withdraw').fields, reason: why }),
    });
    expect(forged.status).to.equal(422);
    expect((await approver.open(`/clients/${id}/proposal`)).html).to.include('/proposal/reject');
  });

  it('lose it for good, and what they could do with it', async () => {
    const token = tokenOn(await make({ team: 'Tim yang pergi' }));
    const page = await both.open('/clients/teams');
    const [, id = ''] = /Tim yang pergi[^]*?teams\/([0-9a-f-]{36})\/revoke/.exec(page.html) ?? [];
    expect((await both.browser.submit(page, `${id}/revoke`, {})).text).to.include('Token dicabut');
    expect((await register(token)).status).to.equal(401);
    expect((await both.browser.post(page, `${id}/revoke`, {})).status, 'once').to.equal(404);
  });

  it('are told what is wrong by field, and are none of a reader’s business', async () => {
    const page = await make({ team: 'x', days: '91' });
    expect(page.status).to.equal(422);
    expect(page.text).to.include('Nama tim: Tulis nama');
    expect((await make({ days: '91' })).text).to.include('Tulis bilangan bulat dari 1 sampai 90');
    expect((await make({ most: '1e1' })).text).to.include('Tulis bilangan bulat dari 1 sampai 100');
    expect((await approver.open('/clients/teams')).forms).to.deep.equal([]);
    for (const path of ['teams', 'teams/x/revoke'])
      expect(
        (
          await approver.browser.request(`${app.url}/admin/clients/${path}`, {
            method: 'POST',
            body: new URLSearchParams({ team: 'Tim lain', days: '1', most: '1' }),
          })
        ).status,
      ).to.equal(403);
  });
});
