import { expect } from 'chai';
import { report, SECRET, startReportingGateway, type ReportingGateway } from '../../messages/report-gateway.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { askFor, at, freshNumber, present, type Person } from './steps.ts';

const SENT = 'Kode sudah kami kirim. Biasanya sampai dalam 1 menit.';
const DELIVERED = 'Operator melaporkan kode sudah sampai di HP Anda.';
const FAILED = 'Kode tidak dapat dikirim ke nomor ini.';

describe('A code for the number of an account, on its way', () => {
  let gateway: ReportingGateway;
  let app: TestApp;

  before(async () => {
    gateway = await startReportingGateway();
    app = await startTestApp({
      sms: { driver: 'http', http: { url: gateway.url }, receipts: { secret: SECRET, perMinute: 100_000 } },
    });
    app.clock.stop();
  });
  after(async () => {
    await app.close();
    await gateway.close();
  });

  const word = async ({ browser }: Person): Promise<readonly [number, string]> => {
    const { status, html } = await browser.request(at(app, '/code/delivery'));
    return [status, html];
  };
  const reload = ({ browser }: Person): Promise<Page> => browser.open(at(app, '/code'));
  async function waiting(): Promise<{
    readonly person: Person;
    readonly page: Page;
    readonly id: string;
    readonly phone: string;
  }> {
    const [person, phone] = [await present(app), freshNumber()];
    const page = await askFor(app, person, phone);
    await app.container.courier.flush();
    return { person, page, phone, ...gateway.sentTo(phone) };
  }

  it('is told of as at a registration: with each look at the page, and by one word for the script', async () => {
    const { person, page, id } = await waiting();
    expect(page.html)
      .to.include('data-watch="/account/contact/code/delivery"')
      .and.include('data-last="delivered failed"');
    expect((await reload(person)).text).to.include(SENT);
    expect(await word(person)).to.deep.equal([200, 'sent']);
    await report(app, { id, status: 'DELIVRD' });
    const after = await reload(person);
    expect(after.text).to.include(DELIVERED);
    expect(after.html, 'nothing more comes').not.to.include('data-watch');
    expect(await word(person)).to.deep.equal([200, 'delivered']);
  });

  it('that could not be delivered is said so, with a wrong code beside it too, and the next one begins anew', async () => {
    const { person, page, id, phone } = await waiting();
    await report(app, { id, status: 'UNDELIV' });
    const shown = await person.browser.submit(page, 'code', { code: '12' });
    expect(shown.text).to.include(FAILED);
    expect(shown.html).to.include('delivery--failed');
    app.clock.advance({ seconds: 61 });
    const again = await person.browser.submit(await reload(person), '/code/resend');
    expect(again.text).not.to.include(FAILED);
    await app.container.courier.flush();
    expect(gateway.sentTo(phone).id).not.to.equal(id);
    expect(await word(person)).to.deep.equal([200, 'sent']);
  });

  it('is nobody else’s matter, and nothing is told where none is waited for', async () => {
    const { id } = await waiting();
    await report(app, { id, status: 'DELIVRD' });
    expect(await word(await present(app))).to.deep.equal([204, '']);
    const stranger = await new Browser().request(at(app, '/code/delivery'));
    expect([stranger.status, stranger.headers.get('location')], 'a script is not led to sign in').to.deep.equal([
      204,
      null,
    ]);
  });

  it('is left out where an earlier release has sent it, which did not keep which message it was', async () => {
    const { person } = await waiting();
    const drafts = app.store.drafts;
    const draft = (await drafts.find<Record<string, unknown> & { step: string }>(
      'contact',
      person.id,
      app.clock.now(),
    ))!;
    const { messageId: _unknown, ...before } = draft.state;
    await app.store.transaction((tx) => tx.drafts.save({ ...draft, state: before }, app.clock.now()));
    const page = await reload(person);
    expect([page.status, page.html.includes('class="hint delivery')]).to.deep.equal([200, false]);
    expect(await word(person)).to.deep.equal([204, '']);
  });
});
