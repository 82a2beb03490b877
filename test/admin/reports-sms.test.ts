import { expect } from 'chai';
import { operatorOf, parsePhone } from '../../src/domain/phone.ts';
import { todayIn } from '../../src/domain/day.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { startOperator, type TestOperator } from '../support/console.ts';
import { becomeCitizen, giveContact, proveIdentity, toRegistration } from '../support/journeys.ts';

describe('The report on SMS', () => {
  let app: TestApp;
  let auditor: TestOperator;
  before(async () => {
    app = await startTestApp();
    app.clock.advanceToNoon();
    auditor = await startOperator(app, ['auditor']);
  });
  after(() => app.close());

  const operatorFor = (typed: string): string => {
    const phone = parsePhone(typed);
    return phone.ok ? operatorOf(phone.value) : expect.fail(phone.refusal);
  };
  const today = (): string => todayIn('Asia/Jakarta', app.clock.now());
  async function counted(): Promise<string[]> {
    const [, ...lines] = (await auditor.open(`/reports/messages/csv?from=${today()}&to=${today()}`)).html
      .trim()
      .split('\r\n');
    return lines.map((line) => line.slice('2026-01-31,'.length));
  }
  /** The number of SMS that the gateway was given, by operator. */
  async function given(): Promise<Record<string, number>> {
    await app.container.courier.flush();
    const sent = (await app.store.outbox.newest({ limit: 1000 })).filter(({ channel }) => channel === 'sms');
    return Object.fromEntries(
      [...Map.groupBy(sent, ({ to }) => operatorFor(to))].map(([operator, all]) => [operator, all.length]),
    );
  }
  async function recover(identifier: string): Promise<Page> {
    const browser = new Browser();
    const login = await browser.open(`${app.url}/portal/sign-in`);
    return browser.submit(await browser.open(login.link('Kendala masuk?')), 'identifier', { identifier });
  }
  async function confirmEmail({ email }: Citizen): Promise<void> {
    const link = /http\S+token=[\w-]+/.exec((await app.messagesTo(email))[0]!.text)![0];
    const browser = new Browser();
    await browser.submit(await browser.open(link), 'csrf');
  }

  it('counts every SMS that was sent, by the prefix of its number: codes of registration and recovery, and the word to a former holder', async () => {
    const former = somebody({ phone: '085712340701' }); // Indosat
    await becomeCitizen(app, new Browser(), former);
    await confirmEmail(former);
    const heir = somebody({ phone: '087712340702', email: former.email }); // XL
    await becomeCitizen(app, new Browser(), heir);
    await confirmEmail(heir); // takes the address: the former holder is told at the number

    const waiting = somebody({ phone: '089612340703' }); // Tri: a second code
    const browser = new Browser();
    const login = await browser.open(`${app.url}/portal/sign-in`);
    const code = await giveContact(
      browser,
      await proveIdentity(browser, await toRegistration(browser, login), waiting),
      waiting,
    );
    app.clock.advance({ seconds: 61 });
    await browser.submit(code, '/resend');

    const byNumber = somebody({ phone: '081234560704' }); // Telkomsel
    await addAccount(app, byNumber);
    await recover(byNumber.nik);
    const byMail = somebody({ phone: '083112340705' });
    await addAccount(app, byMail, { phoneVerified: false });
    await recover(byMail.nik); // by e-mail: no SMS
    await recover('081234560799'); // nobody's number: no SMS, whatever the page says

    expect(await counted()).to.have.members([
      'contact.email.notice-sent,indosat,1',
      'recovery.code.sent,telkomsel,1',
      'registration.code.sent,indosat,1',
      'registration.code.sent,tri,2',
      'registration.code.sent,xl,1',
    ]);
    expect(await given()).to.deep.equal({ indosat: 2, telkomsel: 1, tri: 2, xl: 1 });
  });

  it('keeps those whose operator nobody noted', async () => {
    await app.store.audit.append({
      id: app.container.random.uuid(),
      at: new Date('2025-05-01T05:00:00Z'),
      type: 'recovery.code.sent',
      accountId: undefined,
      clientId: undefined,
      details: { channel: 'sms', sends: 1 },
    });
    await app.store.audit.append({
      id: app.container.random.uuid(),
      at: new Date('2025-05-01T05:00:00Z'),
      type: 'recovery.code.sent',
      accountId: undefined,
      clientId: undefined,
      details: { channel: 'email', sends: 1 },
    });
    expect((await auditor.open('/reports/messages/csv?from=2025-05-01&to=2025-05-01')).html).to.equal(
      'period,kind,per,count\r\n2025-05-01,recovery.code.sent,,1\r\n',
    );
    expect((await auditor.open('/reports/messages?from=2025-05-01&to=2025-05-01')).text).to.include(
      '2025-05-01 Kode pemulihan dikirim – 1',
    );
  });
});
