import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type axe from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page, type Route } from 'playwright-core';
import type { Locale } from '../../src/domain/locale.ts';
import { gallery, galleryUrl, type GalleryEntry } from '../../src/dev/gallery.ts';
import { CHROMIUM, describeInChromium } from '../support/chromium.ts';
import { createPages, listen, PLAY_TIME } from '../support/pages.ts';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const AXE = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'));
/** The width to which a page must shrink without scrolling sideways (WCAG 2.2, 1.4.10). */
const NARROWEST = 320;

const entry = (view: string, name: string): GalleryEntry => {
  const found = gallery.find((candidate) => candidate.view === view && candidate.name === name);
  if (found === undefined) throw new Error(`no example ${view} ${name}`);
  return found;
};

describeInChromium('Pages in a browser', function () {
  this.timeout(300_000);
  let pages: Awaited<ReturnType<typeof listen>>;
  let browser: Browser;
  let shared: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  before(async () => {
    pages = await listen(createPages());
    browser = await chromium.launch(CHROMIUM);
    shared = await openWindow();
  });
  /** A window of its own takes a second of processor time, a tab nearly none. */
  const openWindow = async (): Promise<BrowserContext> => {
    const opened = await browser.newContext({ viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' });
    opened.setDefaultTimeout(60_000);
    return opened;
  };
  const openTab = async (context: BrowserContext): Promise<void> => {
    page = await context.newPage();
    complaints.length = 0;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  };
  beforeEach(() => openTab(shared));
  afterEach(() => page.close());
  /** For a test that moves the clock, which all tabs of a window have in common. */
  const moveToOwnWindow = async (): Promise<void> => {
    await page.close();
    await openTab(await openWindow());
  };
  after(async () => {
    await browser.close();
    await pages.close();
  });

  const open = (what: GalleryEntry, lang: Locale = 'id'): Promise<unknown> =>
    page.goto(pages.url + galleryUrl(what, lang));

  /** Stylesheets are not fetched beforehand: among these rules none asks for that. */
  async function violations(view: Page, runOnly: axe.RunOnly): Promise<string[]> {
    const { violations: found } = await view.evaluate(
      (options) => (window as unknown as { axe: typeof axe }).axe.run(options),
      { runOnly, resultTypes: ['violations'], preload: { assets: ['media'] } } as axe.RunOptions,
    );
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary ?? ''}`),
    );
  }

  /**
   * Reads the whole page into a window that is there already, where axe-core is at hand and warm. To walk there, and to
   * begin with axe-core anew, takes as long again as to inspect the page.
   */
  const show = (view: Page, example: GalleryEntry, lang: Locale): Promise<void> =>
    view.evaluate(
      async (url) => {
        const html = await (await fetch(url)).text();
        history.replaceState(null, '', url);
        document.open();
        const loaded = new Promise((resolve) => {
          addEventListener('load', resolve, { once: true });
        });
        document.write(html); // eslint-disable-line @typescript-eslint/no-deprecated -- nothing else keeps the window
        document.close();
        await loaded;
      },
      galleryUrl(example, lang),
    );

  /** What axe-core finds in one example; at the desktop only what is arranged otherwise there. */
  async function inspect(
    view: Page,
    example: GalleryEntry,
    lang: Locale,
    widths: readonly number[],
  ): Promise<string[]> {
    const found: string[] = [];
    const note = (what: string, list: readonly string[]): void =>
      void found.push(...list.map((text) => `${example.view} ${example.name} ${what}: ${text}`));
    await view.setViewportSize({ width: NARROWEST, height: 640 });
    await show(view, example, lang);
    const overflow = await view.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    note(`at ${NARROWEST} px`, overflow > 0 ? [`${overflow} px too wide`] : []);
    for (const width of widths) {
      if (width !== NARROWEST) await view.setViewportSize({ width, height: 800 });
      note(`light ${width}`, await violations(view, { type: 'tag', values: WCAG }));
      await view.emulateMedia({ colorScheme: 'dark' });
      // What is not colour is the same in the dark.
      note(`dark ${width}`, await violations(view, { type: 'rule', values: ['color-contrast'] }));
      await view.emulateMedia({ colorScheme: 'light' });
    }
    return found;
  }

  it('have nothing that axe-core finds, light and dark, on a phone and a desktop, and never scroll sideways', async () => {
    const waiting = gallery.map((example, index) => ({
      example,
      lang: index % 2 === 0 ? ('id' as const) : ('en' as const),
      widths: gallery.findIndex(({ view }) => view === example.view) === index ? [NARROWEST, 1280] : [NARROWEST],
    }));
    const found: string[] = [];
    const second = await page.context().newPage();
    await Promise.all(
      [page, second].map(async (view) => {
        await view.goto(`${pages.url}/dev/gallery`);
        await view.evaluate(readFileSync(AXE, 'utf8'));
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          found.push(...(await inspect(view, next.example, next.lang, next.widths)));
      }),
    );
    await second.close();
    expect(found.join('\n')).to.equal('');
  });

  it('keep the switch of language on one line where a phone has room for it', async () => {
    for (const [view, name] of [
      ['interaction/registration/contact', 'contact: first visit'],
      ['admin/clients/list', 'list: with search'],
    ] as const) {
      await open(entry(view, name), 'en');
      const lines = await page.locator('.language').evaluate((link) => {
        const words = document.createRange();
        words.selectNodeContents(link);
        return new Set([...words.getClientRects()].map(({ top }) => top)).size;
      });
      expect(lines, view).to.equal(1);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), view).to.equal(true);
    }
  });

  it('show the count of each row of a report on a phone without scrolling sideways, however long the name beside it', async () => {
    await open(entry('admin/reports/report', 'report: activity'));
    await page
      .locator('td.report__per')
      .first()
      .evaluate((cell) => {
        cell.textContent = 'Layanan'.repeat(40);
      });
    await page
      .locator('td.report__count')
      .first()
      .evaluate((cell) => {
        cell.textContent = '1.234.567.890';
      });
    for (const width of [NARROWEST, 360, 640, 1280]) {
      await page.setViewportSize({ width, height: 740 });
      const edges = await page
        .locator('.report__count')
        .evaluateAll((cells) =>
          cells.map((cell) => cell.getBoundingClientRect()).map(({ left, right }) => [left, right]),
        );
      expect(edges, `cells at ${width}`).to.have.length(4);
      for (const [left = -1, right = Infinity] of edges)
        expect(left >= 0 && right <= width, `${left} to ${right} at ${width}`).to.equal(true);
      const scrolls = await page.evaluate(
        () =>
          [...document.querySelectorAll('main, main *')].filter(
            (part) => part.scrollWidth > part.clientWidth && getComputedStyle(part).overflowX !== 'visible',
          ).length,
      );
      expect(scrolls, `what scrolls at ${width}`).to.equal(0);
      // A table for whoever hears it, too.
      expect(await page.getByRole('row').count()).to.equal(4);
      expect(await page.getByRole('columnheader', { name: 'Jumlah' }).count()).to.equal(1);
    }
  });

  it('keep to the policy that forbids inline script and style', async () => {
    await open(entry('interaction/registration/contact', 'contact: first visit'));
    await page.locator('#password').fill('Aa1!');
    await page.getByRole('button', { name: 'Tampilkan kata sandi' }).click();
    expect(complaints).to.deep.equal([]);
  });

  it('read the mistakes first', async () => {
    await open(entry('interaction/login', 'nothing typed'));
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).to.equal('alert');
    await page.getByRole('link', { name: 'Isi kata sandi Anda.' }).click();
    await page.locator('#password:focus').waitFor();
  });

  it('tell each rule of a password in words as it is met', async () => {
    await open(entry('interaction/registration/contact', 'contact: first visit'));
    const rules = page.locator('[data-rules] li');
    expect(await rules.allTextContents()).to.deep.equal([
      'Minimal 8 karakter – belum terpenuhi',
      'Ada huruf kecil – belum terpenuhi',
      'Ada huruf besar – belum terpenuhi',
      'Ada angka – belum terpenuhi',
      `Ada salah satu simbol: ${['!', '@', '#', '$', '%', '^', '&', '*'].join('\u00a0')} – belum terpenuhi`,
    ]);
    await page.locator('#password').fill('Contoh#2');
    expect((await rules.allTextContents()).every((text) => text.endsWith('sudah terpenuhi'))).to.equal(true);
    await page.locator('#password').fill('contoh');
    expect((await rules.allTextContents()).map((text) => text.endsWith('sudah terpenuhi'))).to.deep.equal([
      false,
      true,
      false,
      false,
      false,
    ]);
  });

  it('show and hide a password on request', async () => {
    await open(entry('interaction/login', 'first visit'), 'en');
    await page.getByRole('button', { name: 'Show password' }).click();
    expect(await page.locator('#password').getAttribute('type')).to.equal('text');
    await page.getByRole('button', { name: 'Hide password' }).click();
    expect(await page.locator('#password').getAttribute('type')).to.equal('password');
  });

  it('judge a field of the console as soon as it is left, by the server, and leave the others alone', async () => {
    const refused = await (
      await fetch(pages.url + galleryUrl(entry('admin/clients/edit', 'edit: refused'), 'id'))
    ).text();
    await page.route('**/*', (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({ status: 422, contentType: 'text/html', body: refused })
        : route.continue(),
    );
    await open(entry('admin/clients/edit', 'edit: new'));
    await page.locator('#redirect_uris').fill('https://*.contoh.test/kembali');
    await page.locator('#client_uri').focus();
    await page.locator('#redirect_uris-error', { hasText: 'huruf demi huruf' }).waitFor();
    expect(await page.locator('#redirect_uris').getAttribute('aria-describedby')).to.include('redirect_uris-error');
    expect(await page.locator('.error').count()).to.equal(1);
    expect(complaints.filter((text) => !text.includes('422'))).to.deep.equal([]);
  });

  it('show no answer about what has been typed over since, however late it comes', async () => {
    const [refused, fine] = await Promise.all(
      ['edit: refused', 'edit: new'].map(async (name) =>
        (await fetch(pages.url + galleryUrl(entry('admin/clients/edit', name), 'id'))).text(),
      ),
    );
    const asked: Route[] = [];
    let isAsked = (): void => undefined;
    await page.route('**/*', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      asked.push(route);
      isAsked();
    });
    await open(entry('admin/clients/edit', 'edit: new'));
    for (const typed of ['https://*.contoh.test/kembali', 'https://layanan.contoh.test/kembali']) {
      const next = new Promise<void>((resolve) => {
        isAsked = resolve;
      });
      await page.locator('#redirect_uris').fill(typed);
      await page.locator('#client_uri').focus();
      await next;
    }
    const [first, second] = asked;
    await second!.fulfill({ status: 422, contentType: 'text/html', body: fine! });
    await first!.fulfill({ status: 422, contentType: 'text/html', body: refused! });
    // Of another field the same page says something, and that is shown: the late answer has been dealt with by then.
    const later = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    await page.locator('#jwks_uri').evaluate((input: HTMLInputElement) => {
      input.value = 'http://contoh.test/jwks';
      input.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await later;
    await asked[2]!.fulfill({ status: 422, contentType: 'text/html', body: refused! });
    await page.locator('#jwks_uri-error').waitFor({ state: 'attached' });
    expect(await page.locator('#redirect_uris-error').count()).to.equal(0);
  });

  it('count the wait for another code down and then allow it', async () => {
    await moveToOwnWindow();
    // It stands still but for what the test lets pass, however long the page takes to appear.
    // Begun early: it runs until it is told to stand still, and never goes back.
    await page.clock.install({ time: PLAY_TIME.getTime() - 3_600_000 });
    await page.clock.pauseAt(PLAY_TIME);
    await open(entry('interaction/registration/code', 'code: sent'));
    const resend = page.getByRole('button', { name: 'Kirim Ulang' });
    expect(await resend.getAttribute('aria-disabled')).to.equal('true');
    await page.clock.runFor(2000);
    expect(await page.locator('#resend-state').textContent()).to.equal('Kirim ulang dapat dilakukan dalam 50 detik');
    await page.clock.runFor(49_000);
    expect(await page.locator('#resend-state').textContent()).to.equal('Kirim ulang dapat dilakukan dalam 1 detik');
    expect(
      await page.locator('#resend-state').getAttribute('data-template-one'),
      'for languages in which one is not many',
    ).to.equal('Kirim ulang dapat dilakukan dalam 1 detik');
    await page.clock.runFor(1000);
    expect(await page.locator('#resend-state').textContent()).to.equal('Kode baru dapat dikirim sekarang.');
    expect(await resend.getAttribute('aria-disabled')).to.equal(null);
  });

  it('take the code that the phone offers from the message', async () => {
    // Chromium on a desktop has no SMS: the phone's part is played, what the page does with it is real.
    await page.addInitScript(() => {
      Object.defineProperty(window, 'OTPCredential', { value: Object });
      Object.defineProperty(navigator, 'credentials', {
        value: {
          get: (wish: { otp?: { transport: string[] } }) =>
            Promise.resolve(wish.otp?.transport[0] === 'sms' ? { code: '093744' } : null),
        },
      });
    });
    await open(entry('interaction/registration/code', 'code: sent'));
    await page.waitForFunction(() => document.activeElement?.getAttribute('type') === 'submit');
    expect(await page.inputValue('#code')).to.equal('093744');
    expect(complaints).to.deep.equal([]);
  });

  it('send a form once, however often the button is pressed', async () => {
    await open(entry('interaction/registration/identity', 'identity: first visit'));
    let posts = 0;
    await page.route('**/*', (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      posts += 1;
      // No content: the browser stays on the page, as it does while an answer is awaited.
      return route.fulfill({ status: 204 });
    });
    const next = page.getByRole('button', { name: 'Berikutnya' });
    const sent = page.waitForResponse((response) => response.request().method() === 'POST');
    await next.click();
    await next.click({ force: true });
    await page.locator('#name').press('Enter');
    await sent;
    expect(posts).to.equal(1);
    expect(await page.locator('.busy').textContent()).to.equal('Kami sedang mencocokkan data Anda dengan Dukcapil…');
  });

  it('let a form be sent again that was stopped on the way, with all that was typed', async () => {
    await moveToOwnWindow();
    await page.clock.install();
    await open(entry('interaction/registration/identity', 'identity: first visit'));
    await page.fill('#name', 'Budi Contoh Santoso');
    const posts: (string | null)[] = [];
    await page.route('**/*', (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      posts.push(route.request().postData());
      // No page comes, as after "stop" and where the connection fails: nothing tells the script.
      return route.fulfill({ status: 204 });
    });
    const next = page.getByRole('button', { name: 'Berikutnya' });
    const press = async (): Promise<void> => {
      const sent = page.waitForResponse((response) => response.request().method() === 'POST');
      await next.click();
      await sent;
    };
    await press();
    await page.clock.runFor(10_000);
    expect(await next.getAttribute('aria-disabled'), 'it may still be on its way').to.equal('true');
    await page.clock.runFor(6_000);
    expect(await next.getAttribute('aria-disabled')).to.equal(null);
    expect(await page.locator('.busy').textContent()).to.equal('');
    await press();
    expect(posts).to.have.length(2);
    expect(posts[1]).to.equal(posts[0]).and.include('name=Budi+Contoh+Santoso');
  });

  it('have targets that a thumb can hit', async () => {
    for (const example of [
      entry('interaction/login', 'first visit'),
      entry('interaction/registration/identity', 'identity: first visit'),
      entry('interaction/registration/code', 'code: may be sent again'),
    ]) {
      await open(example);
      for (const control of await page
        .locator('button, .button, input:not([type=hidden]):not([type=checkbox]), header a, footer a')
        .all()) {
        const box = await control.boundingBox();
        expect(
          box?.height,
          `${example.name}: ${await control.evaluate((node) => node.outerHTML.slice(0, 80))}`,
        ).to.be.at.least(44);
      }
    }
  });

  it('leave no room on the cards of the console for a logo that none of them has', async () => {
    await open(entry('admin/home', 'home: all areas'));
    const [card, name] = await Promise.all(
      ['.service', '.service__name'].map((part) => page.locator(part).first().boundingBox()),
    );
    expect(name!.x - card!.x).to.be.below(32);
  });

  it('work without script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(pages.url + galleryUrl(entry('interaction/registration/code', 'code: sent'), 'id'));
    expect(await plain.getByRole('button', { name: 'Kirim Ulang' }).isEnabled()).to.equal(true);
    // A button that only script can answer is not there.
    await plain.goto(pages.url + galleryUrl(entry('admin/clients/client', 'client: new secret'), 'id'));
    expect(await plain.locator('#once').isVisible()).to.equal(true);
    expect(await plain.locator('[data-copy]').isVisible()).to.equal(false);
    await context.close();
  });
});
