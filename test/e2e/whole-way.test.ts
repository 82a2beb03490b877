import { mkdir } from 'node:fs/promises';
import { expect } from 'chai';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { Locale } from '../../src/domain/locale.ts';
import { describeInChromium } from '../support/chromium.ts';
import { somebody } from '../support/citizens.ts';
import { inspect } from './inspect.ts';
import { stepsIn } from './steps.ts';
import { startWorld, type Visitor, type World } from './world.ts';

interface Walk {
  readonly lang: Locale;
  readonly width: 360 | 1280;
  readonly script: boolean;
  readonly options?: BrowserContextOptions;
  /** Whether axe-core looks at each page; once is enough, the gallery has every state of it. */
  readonly inspected?: boolean;
}

/** Every pair of script, width and language is walked once. */
const walks: readonly Walk[] = [
  { lang: 'id', width: 360, script: true, inspected: true },
  { lang: 'en', width: 1280, script: true, options: { colorScheme: 'dark' } },
  { lang: 'en', width: 360, script: false, options: { colorScheme: 'dark', reducedMotion: 'reduce' } },
  { lang: 'id', width: 1280, script: false },
];

/** With PICTURES=<folder> the walk leaves a picture of every page there. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.PICTURES;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

describeInChromium('The whole way in a browser', function () {
  this.timeout(300_000);
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  for (const { lang, width, script, options = {}, inspected = false } of walks) {
    it(`leads from the service to registration, home signed in, to a second service and out again (${script ? 'with' : 'without'} script, ${width} px, ${lang})`, async () => {
      const { app } = world;
      const citizen = somebody();
      const visitor = await world.visitor({
        viewport: { width, height: width === 360 ? 740 : 800 },
        javaScriptEnabled: script,
        locale: lang === 'id' ? 'id-ID' : 'en-GB',
        ...options,
      });
      const { page } = visitor;
      const steps = stepsIn(page, lang);
      let count = 0;
      const look = async (name: string): Promise<void> => {
        count += 1;
        // A heading may stand before the stylesheet that decides how wide things are.
        await page.waitForLoadState();
        await picture(
          page,
          `${lang}-${width}-${script ? 'script' : 'plain'}-${String(count).padStart(2, '0')}-${name}`,
        );
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
          `${name} scrolls sideways`,
        ).to.equal(0);
        if (page.url().startsWith(app.url))
          expect(await page.locator('html').getAttribute('lang'), name).to.equal(lang);
        if (inspected) await inspect(page, name);
      };

      await page.goto(`${world.karirhub}?lang=${lang}`);
      await look('service');
      await steps.toSignIn();
      expect(await page.getByRole('main').textContent()).to.include('Karirhub (contoh)');
      await look('sign-in');

      await steps.toRegistration();
      await look('identity');
      await steps.proveIdentity(citizen);
      await look('contact');

      await steps.fillContact(citizen);
      if (script) await tellsThePasswordRules(page, steps, citizen.password);
      await look('contact-filled');
      await steps.giveContact(citizen);
      await look('code');
      await steps.enterCode(await app.codeFor(citizen.phone));
      await look('finished');

      await steps.goOn('Karirhub (contoh)');
      await steps.isHome(citizen.name);
      expect(new URL(page.url()).search, 'neither code nor state stay in the address').to.equal('');
      await look('home');

      await expectSingleSignOn(world, visitor, lang, citizen.name);
      await look('second-service');

      await steps.askToSignOut();
      await look('sign-out');
      await steps.press('oidc.sign-out.submit');
      await steps.isSignedOutHome();
      await look('signed-out');

      await steps.toSignIn();
      await expectSafeCookies(visitor);
      expect(visitor.complaints).to.deep.equal([]);
      await visitor.context.close();
    });
  }
});

/** The list under a new password follows what is typed. */
async function tellsThePasswordRules(page: Page, steps: ReturnType<typeof stepsIn>, password: string): Promise<void> {
  const met = page.locator('[data-rules] .met');
  const field = page.getByLabel(steps.say('interaction.registration.contact.password'), { exact: true });
  await field.fill('');
  expect(await met.count()).to.equal(0);
  await field.pressSequentially(password.slice(0, 3));
  expect(await met.count()).to.equal(2);
  await field.pressSequentially(password.slice(3));
  expect(await met.count()).to.equal(5);
}

/** The second service signs the person in without showing a single page of ours. */
async function expectSingleSignOn(
  world: World,
  { page, requests }: Visitor,
  lang: Locale,
  name: string,
): Promise<void> {
  const steps = stepsIn(page, lang);
  await steps.openService(world.skillhub);
  const before = requests.length;
  await steps.startSignIn();
  await steps.isHome(name);
  expect(requests.slice(before).filter((request) => request.includes('/interaction/'))).to.deep.equal([]);
}

async function expectSafeCookies({ context }: Visitor): Promise<void> {
  const cookies = await context.cookies();
  expect(cookies).not.to.be.empty;
  for (const { name, httpOnly, sameSite } of cookies)
    expect({ name, httpOnly, sameSite }).to.deep.equal({ name, httpOnly: true, sameSite: 'Lax' });
}
