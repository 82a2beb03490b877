import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { describeInChromium } from '../support/chromium.ts';
import { somebody } from '../support/citizens.ts';
import { stepsIn } from './steps.ts';
import { startWorld, type World } from './world.ts';

describeInChromium('Another number and another address on a narrow phone', function () {
  this.timeout(300_000);
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  for (const javaScriptEnabled of [true, false]) {
    it(`${javaScriptEnabled ? 'with' : 'without'} script: from the note on the home page to both of them proved`, async () => {
      const { app } = world;
      const citizen = somebody();
      const id = await addAccount(app, citizen, { phoneVerified: false, emailVerified: false });
      const { page, context, complaints } = await world.visitor({
        viewport: { width: 360, height: 740 },
        javaScriptEnabled,
      });
      const { say, press, isAt } = stepsIn(page);
      const follow = (key: string): Promise<void> => page.getByRole('link', { name: say(key), exact: true }).click();
      const isNarrow = async (): Promise<void> => {
        if (javaScriptEnabled)
          expect(await page.evaluate(() => document.documentElement.scrollWidth), page.url()).to.be.at.most(360);
      };

      await page.goto(`${app.url}/portal/sign-in`);
      await page.getByLabel(say('interaction.login.identifier')).fill(citizen.nik);
      await page.getByLabel(say('interaction.login.password'), { exact: true }).fill(citizen.password);
      await press('interaction.login.submit');
      await page.getByRole('heading', { name: say('portal.home.care.title') }).waitFor();
      await isNarrow();
      await follow('portal.home.care.link');
      await isAt('account.contact.overview.title');
      await isNarrow();

      const { phone, email } = somebody();
      await follow('account.contact.overview.phone.change');
      await isAt('account.contact.number.title');
      await page.getByLabel(say('interaction.registration.phone.label')).fill(phone);
      await press('account.contact.send-code');
      await isAt('account.contact.code.title');
      await isNarrow();
      await page.getByLabel(say('interaction.registration.code.label')).fill(await app.codeFor(phone));
      await press('interaction.registration.code.submit');
      await page.getByText(say('account.contact.changed.phone')).waitFor();

      await follow('account.contact.overview.email.change');
      await isAt('account.contact.address.title');
      await page.getByLabel(say('interaction.registration.contact.email'), { exact: true }).fill(email);
      await press('account.contact.send-link');
      await page.getByText(say('account.contact.changed.link')).waitFor();
      await page.goto(/http\S+token=[\w-]+/.exec((await app.messagesTo(email))[0]!.text)![0]);
      await isAt('account.contact.confirm-email.replace.title');
      await press('account.contact.confirm-email.replace.submit');
      await isAt('account.contact.confirm-email.confirmed.title');
      await follow('account.contact.confirm-email.portal');
      expect(await page.getByRole('heading', { name: say('portal.home.care.title') }).count()).to.equal(0);

      const account = await app.store.accounts.findById(id);
      expect([account?.phone?.reveal(), account?.email?.reveal()]).to.deep.equal([phone.replace('0', '+62'), email]);
      expect(complaints).to.deep.equal([]);
      await context.close();
    });
  }
});
