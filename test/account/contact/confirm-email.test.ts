import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { becomeCitizen, signIn } from '../../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../../support/relying-party.ts';

describe('The link that confirms an e-mail address', () => {
  let app: TestApp;
  let karirhub: RelyingParty;

  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app);
  });
  after(() => app.close());

  /** Registers somebody; the newest link that was sent to the address. */
  async function newcomer(changes: Partial<Citizen> = {}): Promise<{ citizen: Citizen; link: string; token: string }> {
    const citizen = somebody(changes);
    await becomeCitizen(app, new Browser(), citizen);
    const link = /http\S+token=[\w-]+/.exec((await app.messagesTo(citizen.email))[0]!.text)![0];
    return { citizen, link, token: new URL(link).searchParams.get('token')! };
  }
  const isVerified = async ({ nik, password }: Citizen): Promise<unknown> => {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    return (await karirhub.receive(await signIn(browser, page, nik, password), request)).claims.email_verified;
  };
  /** In a browser that has nothing to do with the registration: mail is often read on another device. */
  const press = async (link: string, browser = new Browser()): Promise<Page> =>
    browser.submit(await browser.open(link), 'csrf');

  it('is a random token of 256 bits, and the database knows only a keyed hash of it', async () => {
    const { token } = await newcomer();
    expect(Buffer.from(token, 'base64url')).to.have.lengthOf(32);
    const rows: { token_hash: Buffer }[] = await app.database.knex('email_confirmations').select('token_hash');
    for (const { token_hash: hash } of rows)
      expect(hash.equals(Buffer.from(token, 'base64url')) || hash.toString('utf8').includes(token)).to.equal(false);
  });

  it('asks first: opening it, again and again, as scanners of mail do, changes nothing', async () => {
    const { citizen, link } = await newcomer();
    for (let times = 0; times < 3; times += 1) {
      const page = await new Browser().open(link);
      expect(page.status).to.equal(200);
      expect(page.text)
        .to.include('Tekan tombol di bawah untuk mengonfirmasi w***@contoh.test .')
        .and.include('Tidak merasa mendaftar? Tutup halaman ini; tidak ada yang berubah.');
      expect(page.html).not.to.include(citizen.email).and.not.include(citizen.name);
      expect(page.headers.get('cache-control')).to.equal('no-store');
      expect(page.headers.get('referrer-policy')).to.be.oneOf(['same-origin', 'no-referrer']);
    }
    expect((await new Browser().request(link, { method: 'HEAD' })).status).to.equal(200);
    expect(await isVerified(citizen)).to.equal(false);
  });

  it('confirms when the button is pressed, and pressing it again does no harm', async () => {
    const { citizen, link } = await newcomer();
    const events = async (): Promise<number> =>
      (await app.store.audit.list({ type: 'contact.email.confirmed' })).length;
    const before = await events();
    const browser = new Browser();
    const page = await browser.open(link);
    const confirmed = await browser.submit(page, 'csrf');
    expect(confirmed.text)
      .to.include('Email sudah dikonfirmasi')
      .and.include('w***@contoh.test kini dapat dipakai untuk memulihkan akun Anda.');
    expect(await isVerified(citizen)).to.equal(true);
    for (const again of [await browser.submit(page, 'csrf'), await browser.open(link), await new Browser().open(link)])
      expect(again.text).to.include('Email sudah dikonfirmasi');
    expect(await events()).to.equal(before + 1);
    expect(await isVerified(citizen)).to.equal(true);
  });

  it('confirms once when the button is pressed twice at once', async () => {
    const { citizen, link } = await newcomer();
    const browser = new Browser();
    const page = await browser.open(link);
    const events = async (): Promise<number> =>
      (await app.store.audit.list({ type: 'contact.email.confirmed' })).length;
    const before = await events();
    for (const done of await Promise.all([1, 2, 3, 4].map(() => browser.submit(page, 'csrf'))))
      expect(done.text).to.include('Email sudah dikonfirmasi');
    expect(await events()).to.equal(before + 1);
    expect(await isVerified(citizen)).to.equal(true);
  });

  it('is refused when it is forged, empty, twice there or of great length', async () => {
    const { link, token } = await newcomer();
    const base = `${app.url}/account/contact/email`;
    const flipped = `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`;
    for (const address of [
      base,
      `${base}?token=`,
      `${base}?token=${flipped}`,
      `${base}?token=${token}x`,
      `${base}?token=${'a'.repeat(3000)}`,
      `${base}?token=${token}&token=${token}`,
      `${base}?token=%00%27`,
      `${base}?token[]=${token}`,
    ]) {
      const page = await new Browser().open(address);
      expect(page.status, address).to.equal(410);
      expect(page.text).to.include('Tautan tidak berlaku lagi');
      expect(page.html).not.to.include('contoh.test</');
    }
    expect((await new Browser().open(link)).status).to.equal(200);
  });

  it('is refused when it is a week old, also for a page that was open all the while', async () => {
    const { citizen, link } = await newcomer();
    const browser = new Browser();
    const page = await browser.open(link);
    app.clock.advance({ days: 7, minutes: 1 });
    expect((await browser.submit(page, 'csrf')).text).to.include('Tautan tidak berlaku lagi');
    expect((await new Browser().open(link)).status).to.equal(410);
    expect(await isVerified(citizen)).to.equal(false);
  });

  it('takes no button that another page or another site pressed', async () => {
    const { citizen, link } = await newcomer();
    const browser = new Browser();
    const page = await browser.open(link);
    expect((await browser.post(page, 'csrf', {}, { headers: { 'sec-fetch-site': 'cross-site' } })).status).to.equal(
      403,
    );
    expect((await browser.post(page, 'csrf', { csrf: 'x' })).status).to.equal(403);
    expect((await new Browser().post(page, 'csrf')).status, 'the token of another browser').to.equal(403);
    expect(await isVerified(citizen)).to.equal(false);
  });

  it('moves an address from its former holder, who is told by SMS, and says so', async () => {
    const former = await newcomer({ name: 'Lama Contoh Pemilik' });
    await press(former.link);
    const heir = await newcomer({ email: former.citizen.email.toUpperCase().replace('CONTOH.TEST', 'contoh.test') });
    expect(await isVerified(former.citizen), 'nothing moves before the button is pressed').to.equal(true);

    const moved = await press(heir.link);
    expect(moved.text).to.include('Email ini sebelumnya terdaftar di akun lain dan kini menjadi milik akun Anda.');
    expect(moved.html).not.to.include('Lama').and.not.include(former.citizen.phone.slice(2)).and.not.include('08*****');
    expect([await isVerified(former.citizen), await isVerified(heir.citizen)]).to.deep.equal([false, true]);
    const [sms] = await app.messagesTo(former.citizen.phone);
    expect(sms).to.include({ channel: 'sms', code: null });
    expect(sms!.text).to.match(/^SIAPkerja: email [wW]\*\*\*@contoh\.test kini dipakai akun lain\./);
    expect(sms!.text.length).to.be.at.most(160);

    expect((await new Browser().open(former.link)).status, 'the old link brings nothing back').to.equal(410);
    expect((await new Browser().open(heir.link)).text).to.include('Email sudah dikonfirmasi');
  });

  it('tells nobody at a number that is no longer the former holder’s', async () => {
    const former = await newcomer();
    await press(former.link);
    const buyer = await newcomer({ phone: former.citizen.phone });
    await press((await newcomer({ email: former.citizen.email })).link);
    expect(await isVerified(former.citizen)).to.equal(false);
    expect(
      (await app.messagesTo(buyer.citizen.phone)).filter(({ text }) => text.includes('dipakai akun lain')),
    ).to.have.lengthOf(0);
  });

  it('gives an address that several claim to the one who proves it, whatever the order of the registrations', async () => {
    const email = 'rebutan@contoh.test';
    const [first, second] = [await newcomer({ email }), await newcomer({ email })];
    await press(first.link);
    expect([await isVerified(first.citizen), await isVerified(second.citizen)]).to.deep.equal([true, false]);
  });

  it('gives an address that two prove at the same moment to one of them', async () => {
    for (let round = 0; round < 2; round += 1) {
      const email = `serentak${round}@contoh.test`;
      const [first, second] = [await newcomer({ email }), await newcomer({ email })];
      const pages = await Promise.all([press(first.link), press(second.link)]);
      for (const page of pages) expect(page.text).to.match(/Email sudah dikonfirmasi|Tautan tidak berlaku lagi/);
      expect([await isVerified(first.citizen), await isVerified(second.citizen)].sort()).to.deep.equal([false, true]);
    }
  });

  it('never reaches the log, nor does the address', async () => {
    const { citizen, link, token } = await newcomer();
    await press(link);
    await new Browser().request(link, { method: 'PUT' });
    const log = app.logLines.join('');
    expect(log).to.include('/account/contact/email');
    expect(log).not.to.include(token).and.not.include(citizen.email);
  });

  it('speaks English where the person does', async () => {
    const { link } = await newcomer();
    const page = await new Browser().open(`${link}&lang=en`);
    expect(page.text)
      .to.include('Confirm your email address')
      .and.include('Did you not register? Close this page; nothing changes.');
    expect((await new Browser().open(`${app.url}/account/contact/email?token=x&lang=en`)).text).to.include(
      'This link no longer works',
    );
  });
});
