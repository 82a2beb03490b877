import { expect } from 'chai';
import { eventMeanings } from '../../src/audit/events.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { becomeCitizen, register, signIn } from '../support/journeys.ts';

const { budi, ratna } = citizens;

describe('The events of a day', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  it('tell what happened and never to whom by name, number, address or code', async () => {
    const browser = new Browser();
    await becomeCitizen(app, browser, budi);
    const code = await app.codeFor(budi.phone);
    const link = (await app.messagesTo(budi.email))
      .map(({ text }) => /https?:\/\/\S+/.exec(text)?.[0])
      .find((found) => found !== undefined);
    await browser.submit(await browser.open(link ?? ''), 'csrf');
    await browser.submit(await browser.open((await browser.open(app.url)).link('Keluar')), 'xsrf');
    const stranger = new Browser();
    await signIn(stranger, await stranger.open(`${app.url}/portal/sign-in`), budi.nik, 'Salah-Sekali9!');
    app.clock.advance({ minutes: 5 });
    await signIn(stranger, await stranger.open(`${app.url}/portal/sign-in`), budi.email, budi.password);
    const second = new Browser();
    await register(app, second, await second.open(`${app.url}/portal/register`), ratna);

    const events = await app.store.audit.list();
    const kinds = new Set(events.map(({ type }) => type));
    expect(kinds).to.include.all.keys(
      'registration.identity.verified',
      'registration.code.sent',
      'registration.completed',
      'contact.email.confirmed',
      'sign-in.refused',
      'sign-in.succeeded',
      'sign-out.completed',
    );
    for (const { type } of events) expect(eventMeanings).to.have.property(type);

    // Without the ids: among their digits a code of six may well stand by chance.
    const text = JSON.stringify(events).replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id');
    const personal = [
      budi.nik,
      budi.name,
      'Budi',
      budi.mother,
      budi.email,
      'budi',
      budi.phone,
      '81234567890',
      budi.password,
      code,
      ratna.nik,
      ratna.mother,
    ];
    for (const datum of personal) expect(text, datum).not.to.include(datum);
    expect(text)
      .not.to.match(/"\d{6}"|\d{16}/)
      .and.not.to.include('@');
  });

  it('are chained within seconds by the server itself', async () => {
    // A turn of the job that is under way keeps everybody else from the chain.
    await app.container.scheduler.stop();
    await chainAll(app.container.audit, app.store);
    expect(await app.container.audit.verify(app.store)).to.equal(undefined);
    const { rows } = await app.database.knex.raw<{ rows: { left: number }[] }>(
      'select (select count(*) from audit_log) - (select count(*) from audit_chain) as left',
    );
    expect(rows[0]?.left).to.equal(0);
  });
});
