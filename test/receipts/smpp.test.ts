import { expect } from 'chai';
import { atCode } from '../interaction/registration/steps.ts';
import { watchGauges } from '../../src/gauges.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { receiptText, smppSettings, startCentre, type TestCentre } from '../messages/smpp-centre.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { somebody } from '../support/citizens.ts';
import { enterCode } from '../support/journeys.ts';
import { until } from '../support/until.ts';

describe('The sign-on with a direct line to an operator', () => {
  let centre: TestCentre;
  let app: TestApp;

  before(async () => {
    centre = await startCentre();
    app = await startTestApp({ sms: { driver: 'smpp', smpp: smppSettings(centre.url, { receiptId: 'decimal' }) } });
  });
  after(() => centre.close());

  it('is bound from the start, sends the code, says that it was delivered, and takes leave when it stops', async () => {
    await until('the line is bound', () => centre.bound.length === 1);
    const metrics = createMetrics();
    watchGauges(metrics, app.container);
    const line = async (): Promise<string | undefined> => /^sso_sms_line_bound (\d)$/m.exec(await metrics.text())?.[1];
    await until('the figures say so', async () => (await line()) === '1');
    let id = '';
    centre.onSubmit = ({ accept }) => {
      accept((id = 'ABC001'));
    };
    const way = await atCode(app, somebody());
    await app.container.courier.flush();
    const { to, text, pdu } = centre.submitted.at(-1)!;
    expect(to).to.equal(`62${way.citizen.phone.slice(1)}`);
    expect(pdu.data_coding).to.equal(0);
    expect((await way.browser.open(way.page.url)).text).to.include('Kode sudah kami kirim.');
    expect(await centre.report(receiptText(String(Number.parseInt(id, 16)), 'DELIVRD'))).to.equal(0);
    const page = await way.browser.open(way.page.url);
    expect(page.text).to.include('Operator melaporkan kode sudah sampai di HP Anda.');
    expect((await enterCode(way.browser, page, /#(\d{6})$/.exec(text)![1]!)).text).to.include('Pendaftaran berhasil');
    expect(app.logLines.join(''), 'numbers and codes')
      .not.to.include(way.citizen.phone.slice(2))
      .and.not.include(/#(\d{6})$/.exec(text)![1]!);
    centre.bound[0]!.destroy();
    await until('the figures say that it is lost', async () => (await line()) === '0');
    await until('and that there is another', async () => (await line()) === '1');
    await app.close();
    expect(centre.heard.at(-1)).to.equal('unbind');
  });
});
