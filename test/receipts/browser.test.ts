import { expect } from 'chai';
import { chromium, type Browser, type Page } from 'playwright-core';
import { examples } from '../../src/interaction/registration/examples.ts';
import { codeScreen, type CodeModel } from '../../src/interaction/registration/screens.ts';
import { CHROMIUM, describeInChromium } from '../support/chromium.ts';
import { createPages, listen } from '../support/pages.ts';
import { until } from '../support/until.ts';

const sent = examples['code: sent']!.model as CodeModel;
const SENT = 'The code was sent. It usually arrives within 1 minute.';
/** A code lives for five minutes. */
const LIFE_MS = 300_000;

describeInChromium('The page that waits for a code', function () {
  this.timeout(60_000);
  let pages: Awaited<ReturnType<typeof listen>>;
  let browser: Browser;
  let page: Page;
  let asked: number;
  let answer: { status?: number; body: string };

  before(async () => {
    const watched = { ...sent, last: 'delivered failed', links: { ...sent.links, delivery: '/word' } };
    pages = await listen(
      createPages({
        '/code': codeScreen(watched),
        '/new': codeScreen({ ...watched, delivery: 'on-its-way', last: 'sent delivered failed' }),
        '/over': codeScreen({ ...sent, delivery: 'delivered' }),
      }),
    );
    browser = await chromium.launch(CHROMIUM);
  });
  after(async () => {
    await browser.close();
    await pages.close();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    asked = 0;
    answer = { body: 'sent' };
    await page.clock.install();
    await page.route('**/word', async (route) => {
      asked += 1;
      await route.fulfill({ status: answer.status ?? 200, contentType: 'text/plain', body: answer.body });
    });
  });
  afterEach(() => page.close());

  const line = (): Promise<string | null> => page.locator('.delivery').textContent();
  /** Lets time pass, and each look that is due get its answer. */
  async function pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 1000) {
      const before = asked;
      await page.clock.runFor(1000);
      if (asked !== before) await page.evaluate(() => Promise.resolve());
    }
  }
  const show = (hidden: boolean): Promise<void> =>
    page.evaluate((is) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => is });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);

  it('says by itself when the code has arrived, aloud too, and asks no more', async () => {
    await page.goto(`${pages.url}/code`);
    expect(await line()).to.equal(SENT);
    expect(await page.locator('.delivery').getAttribute('role')).to.equal('status');
    await page.clock.runFor(2500);
    await until('a look', () => asked === 1);
    expect(await line()).to.equal(SENT);
    answer = { body: 'delivered' };
    await until('the news', async () => {
      await page.clock.runFor(1000);
      return (await line()) === 'The operator reports that the code reached your phone.';
    });
    const looks = asked;
    await pass(60_000);
    expect(asked).to.equal(looks);
  });

  it('says that it did not arrive, in the colour of what went wrong', async () => {
    answer = { body: 'failed' };
    await page.goto(`${pages.url}/code`);
    await until('the news', async () => {
      await page.clock.runFor(1000);
      return (await line())?.startsWith('The code could not be delivered.') === true;
    });
    expect(await page.locator('.delivery').getAttribute('class')).to.include('delivery--failed');
  });

  it('asks a dozen times at most, however long somebody looks at it', async () => {
    await page.goto(`${pages.url}/code`);
    await pass(2 * LIFE_MS);
    expect(asked).to.be.within(8, 13);
    expect(await line()).to.equal(SENT);
  });

  it('does not ask while nobody looks, and looks at once when somebody does', async () => {
    await page.goto(`${pages.url}/code`);
    await show(true);
    await pass(20_000);
    expect(asked).to.equal(0);
    answer = { body: 'delivered' };
    await show(false);
    await until('the news', async () => (await line())?.startsWith('The operator reports') === true);
    expect(asked).to.equal(1);
  });

  it('comes back later where forms go first', async () => {
    answer = { status: 503, body: '' };
    await page.goto(`${pages.url}/code`);
    await page.clock.runFor(3000);
    await until('a look', () => asked > 0);
    answer = { body: 'delivered' };
    await until('the news', async () => {
      await page.clock.runFor(1000);
      return (await line())?.startsWith('The operator reports') === true;
    });
  });

  it('ends with "sent" where no gateway reports, and does not begin where the end is known', async () => {
    await page.goto(`${pages.url}/new`);
    await until('the news', async () => {
      await page.clock.runFor(1000);
      return (await line()) === SENT;
    });
    const looks = asked;
    await pass(60_000);
    expect(asked).to.equal(looks);
    await page.goto(`${pages.url}/over`);
    await pass(60_000);
    expect(asked).to.equal(looks);
  });

  for (const [what, given] of Object.entries({
    'the code is not waited for any more': { status: 204, body: '' },
    'the sign-in has ended': { status: 404, body: '<html>' },
    'an answer makes no sense': { body: '<script>alert(1)</script>' },
  })) {
    it(`leaves the line as it is where ${what}`, async () => {
      answer = given;
      await page.goto(`${pages.url}/code`);
      await page.clock.runFor(3000);
      await until('a look', () => asked > 0);
      await pass(5000);
      expect(await line()).to.equal(SENT);
    });
  }
});
