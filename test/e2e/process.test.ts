import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { enterCode, giveContact, goOn, proveIdentity, signIn } from '../support/journeys.ts';
import { createProduct, type Product } from '../support/process.ts';

/** Nobody listens there any more. */
const isGone = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  );

describe('The product as a process', function () {
  this.timeout(300_000);
  let product: Product;

  before(async () => {
    product = await createProduct();
    await product.start();
  });
  after(() => product.remove());

  const codeFor = async (phone: string): Promise<string> => {
    const messages = (await (await fetch(`${product.url}/dev/outbox.json?to=${encodeURIComponent(phone)}`)).json()) as {
      code: string | null;
    }[];
    return messages.find(({ code }) => code !== null)?.code ?? 'no code';
  };
  /**
   * The code page as it is once the courier has handed the message over; each look is a reload, as a citizen does it.
   */
  async function untilSent(browser: Browser, page: Page): Promise<Page> {
    for (let at = page; ; at = await browser.open(page.url))
      if ((await codeFor(citizens.budi.phone)) !== 'no code') return at;
  }

  it('says where everything is, whom to register and whom to sign in', () => {
    for (const word of [
      product.url,
      product.sampleUrl,
      '/dev/outbox',
      '/dev/registry',
      citizens.budi.nik,
      'To sign in',
      'To administer',
    ])
      expect(product.output).to.include(word);
  });

  it('loses no registration when it is killed between any two steps', async () => {
    const browser = new Browser();
    const identity = await browser.open(`${product.url}/portal/register`);
    const crash = async (): Promise<void> => {
      await product.kill();
      await product.start();
    };

    await crash();
    const contact = await proveIdentity(browser, identity, citizens.budi);
    expect(contact.url.pathname).to.match(/register\/contact$/);
    await crash();
    const code = await giveContact(browser, contact, citizens.budi);
    expect(code.url.pathname).to.match(/register\/otp$/);
    await crash();
    const finished = await enterCode(browser, await untilSent(browser, code), await codeFor(citizens.budi.phone));
    expect(finished.text).to.include('Pendaftaran berhasil');
    await crash();
    const home = await goOn(browser, finished);
    expect(home.text).to.include('Selamat datang, Budi Contoh Santoso');
    await crash();
    expect((await browser.open(product.url)).text, 'the session outlives the process').to.include(
      'Selamat datang, Budi Contoh Santoso',
    );
  });

  it('stops everything on Ctrl-C and finds everything when it starts again', async () => {
    expect(await product.interrupt()).to.equal(0);
    expect(await isGone(`${product.url}/healthz`)).to.equal(true);
    expect(await isGone(product.sampleUrl)).to.equal(true);

    await product.start();
    const browser = new Browser();
    const page = await signIn(
      browser,
      await browser.open(`${product.url}/portal/sign-in`),
      citizens.budi.nik,
      citizens.budi.password,
    );
    expect(page.text).to.include('Selamat datang, Budi Contoh Santoso');
  });
});
