import { expect } from 'chai';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { Locale } from '../../src/domain/locale.ts';
import { addAccount } from '../support/accounts.ts';
import { describeInChromium } from '../support/chromium.ts';
import { somebody } from '../support/citizens.ts';
import { inspect } from './inspect.ts';
import { stepsIn } from './steps.ts';
import { startWorld, type World } from './world.ts';

interface Walk {
  readonly lang: Locale;
  readonly width: 360 | 1280;
  readonly script: boolean;
  readonly options?: BrowserContextOptions;
}

const walks: readonly Walk[] = [
  { lang: 'id', width: 360, script: true },
  { lang: 'en', width: 1280, script: false, options: { colorScheme: 'dark' } },
];

describeInChromium('A recovery request in a browser', function () {
  this.timeout(300_000);
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  for (const { lang, width, script, options = {} } of walks) {
    it(`leads whoever has lost number and address to the number of a request and back to the service (${script ? 'with' : 'without'} script, ${width} px, ${lang})`, async () => {
      const [citizen, { phone }] = [somebody(), somebody()];
      await addAccount(world.app, citizen);
      const { page, context, complaints } = await world.visitor({
        viewport: { width, height: width === 360 ? 740 : 800 },
        javaScriptEnabled: script,
        locale: lang === 'id' ? 'id-ID' : 'en-GB',
        ...options,
      });
      const { say, press, isAt, ...steps } = stepsIn(page, lang);
      /** The page is the narrow one, and axe-core has nothing to say of it. */
      const look = async (name: string): Promise<void> => {
        await page.waitForLoadState();
        expect(await sidewaysOf(page), `${name} scrolls sideways`).to.equal(0);
        if (script) await inspect(page, name);
      };

      await steps.openService(`${world.karirhub}?lang=${lang}`);
      await steps.toSignIn();
      await page.getByRole('link', { name: say('interaction.login.trouble') }).click();
      await isAt('interaction.recovery.title');
      await look('recovery');
      await page.getByRole('link', { name: say('interaction.recovery.ask.lost') }).click();
      await isAt('interaction.recovery-request.title');
      await look('identity');
      await steps.fillIdentity(citizen);
      await press('common.action.next');

      await isAt('interaction.recovery-request.number.title');
      await look('number');
      await page.getByLabel(say('interaction.recovery-request.number.label'), { exact: true }).fill(phone);
      await press('interaction.registration.phone.submit');

      await isAt('interaction.registration.code.title');
      await look('code');
      await page.getByLabel(say('interaction.registration.code.label')).fill(await world.app.codeFor(phone));
      await press('interaction.registration.code.submit');

      await isAt('interaction.recovery-request.password.title');
      await look('password');
      await page.getByLabel(say('interaction.recovery.password.label'), { exact: true }).fill('Bukit-Cerah4@');
      await press('interaction.recovery-request.password.submit');

      await isAt('interaction.recovery-request.filed.title');
      await look('filed');
      const number = await page.locator('.ticket__number').textContent();
      expect(number).to.match(/^[2-9A-Z]{4}-[2-9A-Z]{2}$/);
      await page.locator('.ticket__number').click();
      if (script)
        expect(await page.evaluate(() => getSelection()?.toString().trim()), 'one click takes all').to.equal(number);
      await page.reload();
      expect(await page.locator('.ticket__number').textContent()).to.equal(number);

      await page.getByRole('link', { name: say('common.action.backTo', { service: 'Karirhub (contoh)' }) }).click();
      await page.waitForURL((url) => url.href.startsWith(world.sample.url));
      expect(await page.locator('.visitor').count(), 'nobody is signed in').to.equal(0);
      expect(complaints).to.deep.equal([]);
      await context.close();
    });
  }
});

const sidewaysOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
