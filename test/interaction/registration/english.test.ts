import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { enterCode, giveContact, goOn, proveIdentity, register } from '../../support/journeys.ts';
import { createRelyingParty, visit } from '../../support/relying-party.ts';
import { at, begin, wrong } from './steps.ts';

/** No English text has these; names of institutions and cards are proper names. */
const INDONESIAN =
  /\b(?:Anda|yang|kode|kirim|kirimkan|nomor|dengan|untuk|kami|kata sandi|tidak|coba|masuk|daftar|langkah|akun|sudah|lagi|pakai|ubah|batal|kembali|berikutnya|bantuan|percobaan|lanjutkan|silakan)\b/i;

const sentencesOf = (tree: object): string[] =>
  Object.values(tree).flatMap((value: unknown) => (typeof value === 'string' ? [value] : sentencesOf(value as object)));
const indonesian = sentencesOf(
  JSON.parse(readFileSync(new URL('../../../config/locales/id.json', import.meta.url), 'utf8')) as object,
).filter((sentence) => sentence.length > 14 && !/[{<]/.test(sentence) && INDONESIAN.test(sentence));

function expectEnglish(page: Page): void {
  expect(page.html, page.url.href).to.include('<html lang="en">');
  expect(page.headers.get('content-language')).to.equal('en');
  const text = page.text.replaceAll(/Bahasa Indonesia|Karirhub \(contoh\)/g, '');
  expect(INDONESIAN.exec(text)?.[0], `${page.url.pathname}: ${text}`).to.equal(undefined);
  for (const sentence of indonesian)
    expect(page.html.includes(sentence), `${page.url.pathname}: ${sentence}`).to.equal(false);
}

describe('Registration in English', () => {
  let app: TestApp;
  const citizen: Citizen = somebody();
  let browser: Browser;

  before(async () => {
    app = await startTestApp();
    browser = new Browser();
    await browser.open(`${app.url}/?lang=en`);
  });
  after(() => app.close());

  it('speaks English at every step, and in the messages', async () => {
    const karirhub = await createRelyingParty(app);
    const { page: login, request } = await visit(browser, karirhub, { ui_locales: 'en' });
    expectEnglish(login);

    const identity = await browser.open(login.link('Register'));
    expectEnglish(identity);
    expect(identity.title).to.match(/^Account registration/);
    expect(identity.text)
      .to.include('Step 1 of 3')
      .and.include("Mother's full name")
      .and.include('Already have an account? Sign in')
      .and.include('to continue to Karirhub');
    const empty = await browser.post(identity, 'nik', { nik: '', name: '', mother_name: citizen.mother });
    expectEnglish(empty);
    expect(empty.text).to.include("Type your mother's name again. We did not keep it.");

    const contact = await proveIdentity(browser, identity, citizen);
    expectEnglish(contact);
    expect(contact.text)
      .to.include('Step 2 of 3')
      .and.include(`The identity of ${citizen.name} matches the civil registry.`)
      .and.include('Mobile number');
    expectEnglish(await browser.post(contact, 'email', { email: 'x', phone: '021', password: 'a' }));

    const code = await giveContact(browser, contact, { ...citizen, email: 'wulan@gmial.com' });
    expectEnglish(code);
    expect(code.text)
      .to.include('Step 3 of 3')
      .and.include('Enter the code we sent to 08*****')
      .and.include('Did you mean wulan@gmail.com?')
      .and.match(/You can send again in \d+ seconds/);
    const [sms] = await app.messagesTo(citizen.phone);
    expect(sms!.text)
      .to.match(/^SIAPkerja: /)
      .and.not.match(INDONESIAN);
    expectEnglish(await browser.post(code, 'code', { code: wrong(sms!.code!) }));
    app.clock.advance({ seconds: 5 });
    expectEnglish(await browser.post(code, 'otp/resend'));
    for (const step of ['phone', 'email']) {
      const form = await browser.open(at(code, step));
      expectEnglish(form);
      expectEnglish(await browser.post(form, step, { [step]: 'x' }));
    }
    await browser.submit(await browser.open(at(code, 'email')), 'email', { email: citizen.email });

    const finished = await enterCode(browser, code, sms!.code!);
    expectEnglish(finished);
    expect(finished.text).to.include('Registration complete').and.include('Continue to Karirhub (contoh)');
    const [letter] = await app.messagesTo(citizen.email);
    expect(`${letter!.subject} ${letter!.text.replaceAll(/\S+@\S+/g, '')}`)
      .to.include('Confirm your email address')
      .and.not.match(INDONESIAN);
    expect((await karirhub.receive(await goOn(browser, finished), request)).claims.locale).to.match(/^en\b/);
  });

  it('speaks English to whoever has an account, and after a report', async () => {
    const other = new Browser();
    await other.open(`${app.url}/?lang=en`);
    const registered = await proveIdentity(other, await begin(app, other), citizen);
    expectEnglish(registered);
    expect(registered.text).to.include('This NIK already has an account').and.include('Was it not you?');
    const reported = await other.submit(registered, 'register/report');
    expectEnglish(reported);
    expect(reported.text).to.include('We have noted your report');
  });

  it('changes the language in the middle of any step, and keeps the step', async () => {
    const other = new Browser();
    const first = await begin(app, other);
    const english = await other.open(first.link('lang=en'));
    expectEnglish(english);
    expect(english.url.pathname).to.equal(first.url.pathname);
    const contact = await proveIdentity(other, english, somebody());
    const back = await other.open(contact.link('lang=id'));
    expect(back.url.pathname).to.equal(contact.url.pathname);
    expect(back.text).to.include('Langkah 2 dari 3');
  });

  it('leads from a refused form to the same page in the other language, and loses no step', async () => {
    const other = new Browser();
    const refused = await other.post(await begin(app, other), 'nik', { nik: '1' });
    const english = await other.open(refused.link('lang=en'));
    expectEnglish(english);
    expect((await register(app, other, english, somebody())).text).to.include('Registration complete');
  });
});
