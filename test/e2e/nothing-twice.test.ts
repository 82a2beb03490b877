import { expect } from 'chai';
import type { Locator, Page } from 'playwright-core';
import { describeInChromium } from '../support/chromium.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { createRelyingParty } from '../support/relying-party.ts';
import { stepsIn, type Steps } from './steps.ts';
import { startWorld, type World } from './world.ts';

describeInChromium('Back, reload, double click and tabs in a browser', function () {
  this.timeout(300_000);
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  const smsTo = async ({ phone }: Citizen): Promise<number> =>
    (await world.app.messagesTo(phone)).filter(({ channel }) => channel === 'sms').length;

  it('lose and repeat nothing at any step', async () => {
    const citizen = somebody();
    const { page, context, complaints } = await world.visitor();
    const steps = stepsIn(page);

    await steps.openService(world.karirhub);
    await steps.toSignIn();
    await page.reload();
    await steps.isAt('interaction.login.title');

    await steps.toRegistration();
    await page.goBack();
    await steps.isAt('interaction.login.title');
    await page.goForward();
    await steps.isAtStep('identity');
    await steps.proveIdentity(citizen);
    await page.reload();
    await steps.isAtStep('contact');
    await page.goBack();
    await steps.isAtStep('contact');

    await steps.giveContact(citizen);
    await page.reload();
    await steps.isAtStep('code');
    await page.goBack();
    await steps.isAtStep('code');
    await page.goForward();
    await steps.isAtStep('code');
    expect(await smsTo(citizen)).to.equal(1);

    await steps.enterCode(await world.app.codeFor(citizen.phone));
    await page.reload();
    await steps.isAt('interaction.registration.finished.title');
    await page.goBack();
    await steps.isAt('interaction.registration.finished.title');
    await steps.goOn('Karirhub (contoh)');
    await steps.isHome(citizen.name);
    await page.reload();
    await steps.isHome(citizen.name);

    await page.goBack();
    await steps.isAt('interaction.ended.finished.title');
    await page
      .getByRole('link', { name: steps.say('interaction.ended.serviceHome', { service: 'Karirhub (contoh)' }) })
      .click();
    await steps.isHome(citizen.name);
    expect(await smsTo(citizen)).to.equal(1);
    expect(complaints).to.deep.equal([]);
    await context.close();
  });

  for (const javaScriptEnabled of [true, false]) {
    it(`take a double click for one, ${javaScriptEnabled ? 'with' : 'without'} script`, async () => {
      const citizen = somebody();
      const { page, context, requests, complaints } = await world.visitor({ javaScriptEnabled });
      const steps = stepsIn(page);
      const button = (key: string, params?: Record<string, string>): Locator =>
        page.getByRole('button', { name: steps.say(key, params), exact: true });
      const posts = (path: string): number =>
        requests.filter((request) => request.startsWith('POST ') && request.endsWith(path)).length;

      await steps.openService(world.karirhub);
      await steps.toSignIn();
      await steps.toRegistration();
      await steps.fillIdentity(citizen);
      await button('common.action.next').dblclick();
      await steps.isAtStep('contact');
      await steps.fillContact(citizen);
      await button('interaction.registration.contact.submit').dblclick();
      await steps.isAtStep('code');
      expect(await smsTo(citizen)).to.equal(1);
      await page
        .getByLabel(steps.say('interaction.registration.code.label'))
        .fill(await world.app.codeFor(citizen.phone));
      await button('interaction.registration.code.submit').dblclick();
      await steps.isAt('interaction.registration.finished.title');
      // Without script the first of two clicks may have ended the sign-in before the second arrives: that page is
      // tested above.
      await button('interaction.registration.finished.go', { service: 'Karirhub (contoh)' }).click({
        clickCount: javaScriptEnabled ? 2 : 1,
      });
      await steps.isHome(citizen.name);

      expect(await smsTo(citizen)).to.equal(1);
      if (javaScriptEnabled)
        expect(['register/identity', 'register/contact', 'register/otp', 'register/finished'].map(posts)).to.deep.equal(
          [1, 1, 1, 1],
        );
      expect(complaints).to.deep.equal([]);
      await context.close();
    });
  }

  it('bring three citizens in three tabs home, each to the service and state they came with', async () => {
    const { context, page: first, complaints } = await world.visitor();
    const [second, third] = [await context.newPage(), await context.newPage()];
    const people = {
      ayu: somebody({ name: 'Ayu Contoh Lestari' }),
      bagus: somebody({ name: 'Bagus Contoh Wijaya' }),
      citra: somebody({ name: 'Citra Contoh Maharani' }),
    };
    const turnTo = async (page: Page): Promise<Steps> => {
      await page.bringToFront();
      return stepsIn(page);
    };

    // The third service lives elsewhere: only its address matters, and what the library makes of the answer.
    const bizhub = await createRelyingParty(world.app, { name: 'Bizhub (contoh)' });
    await context.route(`${bizhub.origin}/**`, (route) =>
      route.fulfill({
        status: 200,
        contentType: 'text/html',
        body: '<!doctype html><title>Bizhub</title><h1>Bizhub</h1>',
      }),
    );
    const request = await bizhub.begin();

    for (const [page, service] of [
      [first, world.karirhub],
      [second, world.skillhub],
    ] as const) {
      const steps = await turnTo(page);
      await steps.openService(service);
      await steps.toSignIn();
    }
    await third.bringToFront();
    await third.goto(request.url);
    for (const page of [first, second, third]) await (await turnTo(page)).toRegistration();
    await (await turnTo(second)).proveIdentity(people.bagus);
    await (await turnTo(first)).proveIdentity(people.ayu);
    await (await turnTo(third)).proveIdentity(people.citra);
    await (await turnTo(first)).giveContact(people.ayu);
    await (await turnTo(third)).giveContact(people.citra);
    await (await turnTo(second)).giveContact(people.bagus);

    const atBizhub = await turnTo(third);
    await atBizhub.enterCode(await world.app.codeFor(people.citra.phone));
    await atBizhub.goOn('Bizhub (contoh)');
    await third.waitForURL(`${bizhub.origin}/cb?**`);
    const home = new URL(third.url());
    expect(home.searchParams.get('state')).to.equal(request.state);
    const { claims } = await bizhub.receive({ url: home }, request);
    expect(claims.name).to.equal(people.citra.name);

    for (const [page, service, { phone, name }] of [
      [second, 'Skillhub (contoh)', people.bagus],
      [first, 'Karirhub (contoh)', people.ayu],
    ] as const) {
      const steps = await turnTo(page);
      await steps.enterCode(await world.app.codeFor(phone));
      await steps.goOn(service);
      await steps.isHome(name);
    }

    expect(complaints.filter((text) => text !== `a request to ${new URL(bizhub.origin).host}`)).to.deep.equal([]);
    await context.close();
  });
});
