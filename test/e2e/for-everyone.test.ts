import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { addAccount } from '../support/accounts.ts';
import { describeInChromium } from '../support/chromium.ts';
import { somebody } from '../support/citizens.ts';
import { stepsIn } from './steps.ts';
import { startWorld, type World } from './world.ts';

/** What a first visit may cost a citizen who pays for each megabyte. */
const MOST_BYTES = 60 * 1024;

/** What has the focus: its id, else its role, else its words. */
const focused = (page: Page): Promise<string> =>
  page
    .locator(':focus')
    .evaluate((node) => (node.id === '' ? (node.getAttribute('role') ?? node.textContent.trim()) : node.id));
const background = (page: Page, selector: string): Promise<string> =>
  page.locator(selector).evaluate((node) => getComputedStyle(node).backgroundColor);
const brightness = (colour: string): number => Math.max(...(colour.match(/\d+/g) ?? []).slice(0, 3).map(Number));

describeInChromium('The pages in a browser', function () {
  this.timeout(300_000);
  let world: World;
  const citizen = somebody();
  const forgetful = somebody({ name: 'Lupa Contoh Sekali' });

  before(async () => {
    world = await startWorld();
    await addAccount(world.app, citizen);
    await addAccount(world.app, forgetful);
  });
  after(() => world.close());

  it('can be signed in to with the keyboard alone, and always show where it is', async () => {
    const { page, context, complaints } = await world.visitor({ viewport: { width: 1280, height: 800 } });
    const steps = stepsIn(page);
    /** Presses Tab until the focus is on this; every stop on the way can be seen. */
    const tabTo = async (wanted: string): Promise<void> => {
      const passed: string[] = [];
      while (passed.length < 12) {
        await page.keyboard.press('Tab');
        passed.push(await focused(page));
        const ring = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
        expect(ring, `no ring at ${String(passed.at(-1))}`).not.to.equal('none');
        if (passed.at(-1) === wanted) return;
      }
      throw new Error(`${wanted} is not among ${passed.join(', ')}`);
    };

    await steps.openService(world.karirhub);
    await tabTo('Masuk dengan SIAPkerja');
    await page.keyboard.press('Enter');
    await steps.isAt('interaction.login.title');

    await page.keyboard.press('Tab');
    expect(await focused(page)).to.equal(steps.say('common.skip'));
    expect((await page.locator('.skip').boundingBox())?.y).to.be.at.least(0);
    await page.keyboard.press('Enter');
    await tabTo('identifier');
    await page.keyboard.type(citizen.email);
    await page.keyboard.press('Tab');
    expect(await focused(page)).to.equal('password');
    await page.keyboard.type(citizen.password);
    await tabTo('remember');
    await page.keyboard.press('Space');
    expect(await page.locator('#remember').isChecked()).to.equal(true);
    await tabTo(steps.say('interaction.login.submit'));
    await page.keyboard.press('Enter');
    await steps.isHome(citizen.name);
    expect(complaints).to.deep.equal([]);
    await context.close();
  });

  it('lead the focus to what is wrong, keep what was typed and forget what is secret', async () => {
    const { page, context, complaints } = await world.visitor();
    const steps = stepsIn(page);
    await steps.openService(world.karirhub);
    await steps.toSignIn();
    await steps.signIn(citizen.email, 'Bukan-Ini7!');
    await page.getByRole('alert').waitFor();
    expect(await focused(page)).to.equal('alert');
    expect(await page.locator('#identifier').inputValue()).to.equal(citizen.email);
    expect(await page.locator('#password').inputValue()).to.equal('');

    await steps.toRegistration();
    await steps.fillIdentity({ nik: '99010101019000', name: 'Budi 2', mother: '' });
    await steps.press('common.action.next');
    await page.getByRole('alert').waitFor();
    expect(await focused(page)).to.equal('alert');
    expect(await page.title()).to.match(/^Kesalahan: /);
    await page.getByRole('alert').getByRole('link').first().click();
    await page.locator('#nik:focus').waitFor();
    expect(await page.locator('#nik').inputValue()).to.equal('99010101019000');
    expect(complaints).to.deep.equal([]);
    await context.close();
  });

  it('change the language midway and stay at the step', async () => {
    const person = somebody();
    const { page, context, complaints } = await world.visitor();
    const [inIndonesian, inEnglish] = [stepsIn(page, 'id'), stepsIn(page, 'en')];
    await inIndonesian.openService(world.karirhub);
    await inIndonesian.toSignIn();
    await inIndonesian.toRegistration();
    await inIndonesian.proveIdentity(person);
    const address = page.url();
    await page.getByRole('link', { name: 'English' }).click();
    await inEnglish.isAtStep('contact');
    expect(page.url()).to.equal(address);
    await inEnglish.giveContact(person);
    await page.getByRole('link', { name: 'Bahasa Indonesia' }).click();
    await inIndonesian.isAtStep('code');
    await inIndonesian.enterCode(await world.app.codeFor(person.phone));
    await inIndonesian.goOn('Karirhub (contoh)');
    await inIndonesian.isHome(person.name);
    expect(complaints).to.deep.equal([]);
    await context.close();
  });

  it('bring a citizen who forgot the password home with a new one', async () => {
    const { page, context, complaints } = await world.visitor();
    const steps = stepsIn(page);
    await steps.openService(world.karirhub);
    await steps.toSignIn();
    await page.getByRole('link', { name: steps.say('interaction.login.trouble') }).click();
    await page.getByLabel(steps.say('interaction.recovery.ask.identifier')).fill(forgetful.nik);
    await steps.press('interaction.recovery.ask.submit');
    await page
      .getByLabel(steps.say('interaction.registration.code.label'))
      .fill(await world.app.codeFor(forgetful.phone));
    await steps.press('interaction.registration.code.submit');
    await steps.isAt('interaction.recovery.password.title');
    await page.getByLabel(steps.say('interaction.recovery.password.label'), { exact: true }).fill('Bukit-Cerah4@');
    await steps.press('interaction.recovery.password.submit');
    await steps.isAt('interaction.recovery.finished.title');
    await steps.press('interaction.recovery.finished.go', { service: 'Karirhub (contoh)' });
    await steps.isHome(forgetful.name);
    expect(complaints).to.deep.equal([]);
    await context.close();
  });

  it('are dark where people like it dark, and still where they like it still', async () => {
    const { page, context } = await world.visitor({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.goto(world.app.url);
    expect(brightness(await background(page, 'body'))).to.be.below(64);
    await page.goto(`${world.app.url}/portal/sign-in`);
    expect(brightness(await background(page, '.focus__main'))).to.be.below(64);
    expect(
      await page
        .locator('.button')
        .first()
        .evaluate((node) => getComputedStyle(node).transitionProperty),
    ).to.equal('none');
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' });
    expect(brightness(await background(page, '.focus__main'))).to.equal(255);
    expect(
      await page
        .locator('.button')
        .first()
        .evaluate((node) => getComputedStyle(node).transitionProperty),
    ).to.equal('background-color');
    await context.close();
  });

  it('cost at most 60 KB on the first visit, wherever it begins', async () => {
    for (const [name, address] of [
      ['the portal', world.app.url],
      ['the sign-in page', `${world.karirhub}sign-in`],
      ['registration', `${world.karirhub}register`],
    ] as const) {
      const { page, context } = await world.visitor({ viewport: { width: 1280, height: 800 } });
      const answers: Promise<number>[] = [];
      page.on('requestfinished', (request) => {
        if (request.url().startsWith(world.app.url))
          answers.push(
            request.sizes().then(({ responseBodySize, responseHeadersSize }) => responseBodySize + responseHeadersSize),
          );
      });
      await page.goto(address, { waitUntil: 'networkidle' });
      // A browser without a window fetches no icon; one with a window does.
      const icon = await context.request.get(new URL('/favicon.svg', world.app.url).href);
      const bytes = (await Promise.all(answers)).reduce((sum, size) => sum + size, (await icon.body()).length);
      expect(answers.length, `${name}: page, stylesheet, script and picture`).to.be.at.least(4);
      expect(bytes, name).to.be.below(MOST_BYTES);
      await context.close();
    }
  });
});
