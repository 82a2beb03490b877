import { expect } from 'chai';
import pg from 'pg';
import { createKnex } from '../../src/store/knex.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { register, signIn, toRegistration } from '../support/journeys.ts';
import { createLine, type Line } from '../support/line.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';
import {
  hasSystemPostgres,
  startSystemPostgres,
  type Standby,
  type SystemPostgres,
} from '../support/system-postgres.ts';
import { until } from '../support/until.ts';

(hasSystemPostgres() ? describe : describe.skip)('When another PostgreSQL takes over', function () {
  this.timeout(120_000);
  const citizen = somebody();
  let former: SystemPostgres;
  let standby: Standby;
  let line: Line;
  let app: TestApp;
  let service: RelyingParty;
  /** Where the address of the database leads, for whoever connects from now on. */
  let target: URL;

  const readiness = async (): Promise<number> => (await fetch(`${app.url}/readyz`)).status;
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );
  const connectionsAt = async (url: URL): Promise<number> => {
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    const { rows } = await client
      .query<{ many: number }>(
        "select count(*)::int as many from pg_stat_activity where datname = 'sso' and application_name like 'siapkerja-sso%'",
      )
      .finally(() => client.end());
    return rows[0]?.many ?? 0;
  };

  before(async () => {
    former = await startSystemPostgres();
    target = new URL(await former.make('sso'));
    line = await createLine(() => ({ host: target.hostname, port: Number(target.port) }));
    const address = new URL(target);
    address.port = String(line.port);
    app = await startTestApp({}, { lineTo: () => Promise.resolve(address.href) });
    service = await createRelyingParty(app);
    await addAccount(app, citizen);
    standby = await former.follow();
    await standby.caughtUp();
  });
  after(async () => {
    await app.close();
    await line.close();
    await standby.close();
    await former.close();
  });

  it('one that is closed to writing is let go of, by connections that were there before, and no instance is ready', async () => {
    expect(await readiness()).to.equal(200);
    await until('changes are heard', () => app.container.changes.mark('clients') !== undefined);
    await former.closeToWriting(true);
    await until('no instance is ready', async () => (await readiness()) === 503);
    expect(await failure(app.container.knex.raw('select 1'))).to.include({ code: 'DATABASE_READS_ONLY' });
    await until('what is held in memory is certain no more', () => app.container.changes.mark('clients') === undefined);

    await former.closeToWriting(false);
    await until('all goes on', async () => (await readiness()) === 200);
    const { page, request } = await visit(new Browser(), service);
    expect(isHome(page, service)).to.equal(false);
    expect(request.state).not.to.equal('');
  });

  it('a standby is no place to read from: what it says may be out of date', async () => {
    await former.closeToWriting(true);
    target = new URL(standby.urlOf('sso'));
    await until('no instance is ready', async () => (await readiness()) === 503);
    expect(await failure(app.container.knex('accounts').select('id'))).to.include({ code: 'DATABASE_READS_ONLY' });
    const answer = await fetch(`${app.url}/me`, { headers: { authorization: 'Bearer none' } });
    expect(answer.status).to.equal(503);
    expect(answer.headers.get('retry-after')).to.match(/^\d+$/);
    const reports = createKnex({ url: standby.urlOf('sso'), poolMax: 1, statementTimeoutMs: 5000, readsOnly: true });
    const read = await Promise.resolve(reports('accounts').select('id'));
    await reports.destroy();
    expect(read, 'reports may').to.have.length(1);
  });

  it('once promoted it is served from at once: nobody at the former one, changes heard, jobs done, people in', async () => {
    await standby.promote();
    await until('an instance is ready', async () => (await readiness()) === 200);
    await until('changes are heard again', () => app.container.changes.mark('clients') !== undefined);
    expect(await app.container.jobs.runNow('purge')).to.equal(true);

    const browser = new Browser();
    const { page } = await visit(browser, service);
    expect(isHome(await signIn(browser, page, citizen.nik, citizen.password), service)).to.equal(true);
    const another = new Browser();
    const begun = await visit(another, service);
    expect((await register(app, another, await toRegistration(another, begun.page), somebody())).status).to.equal(200);
    await until('nobody is at the former one', async () => (await connectionsAt(new URL(former.urlOf('sso')))) === 0);
  });
});
