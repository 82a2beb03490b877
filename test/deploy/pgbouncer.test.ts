import { expect } from 'chai';
import { createKnex, prepared } from '../../src/store/knex.ts';
import { ReadsOnly } from '../../src/store/read-only.ts';
import { isDatabaseAway } from '../../src/store/reconnect.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { asAdministrator } from '../support/database.ts';
import { goOn, register, signIn, toRegistration } from '../support/journeys.ts';
import { hasPgbouncer, startPgbouncer, type Pooler } from '../support/pgbouncer.ts';
import { until } from '../support/until.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

const SERVERS = 3;
/** Of one account: who tries the password more than ten times at once is made to wait. */
const PEOPLE = 8;

(hasPgbouncer() ? describe : describe.skip)('Behind PgBouncer in transaction mode, as the guide has it', function () {
  this.timeout(120_000);
  let pooler: Pooler;
  let direct: string;
  let app: TestApp;
  let service: RelyingParty;

  before(async () => {
    app = await startTestApp(
      // How busy this machine is, is none of the test's business.
      {
        database: {
          get directUrl() {
            return direct;
          },
        },
        overload: { lagMs: 30_000 },
        password: { deadlineMs: 30_000 },
      },
      {
        async lineTo(databaseUrl) {
          direct = databaseUrl;
          pooler = await startPgbouncer(databaseUrl, { servers: SERVERS });
          return pooler.url;
        },
      },
    );
    service = await createRelyingParty(app);
  });
  after(async () => {
    await app.close();
    await pooler.close();
  });

  it('people register and sign in, many at once on a few connections', async () => {
    const citizen = somebody();
    const browser = new Browser();
    const { page } = await visit(browser, service);
    expect(
      isHome(await goOn(browser, await register(app, browser, await toRegistration(browser, page), citizen)), service),
    ).to.equal(true);

    const homes = await Promise.all(
      Array.from({ length: PEOPLE }, async () => {
        const one = new Browser();
        const begun = await visit(one, service);
        const home = await signIn(one, begun.page, citizen.nik, citizen.password);
        expect(isHome(home, service), `${home.status} ${home.text.slice(0, 300)}`).to.equal(true);
        return (await service.receive(home, begun.request)).claims.sub;
      }),
    );
    expect(new Set(homes).size).to.equal(1);
    expect(homes).to.have.length(PEOPLE);
    expect(await pooler.servers()).to.be.within(1, SERVERS);
  });

  it('statements keep to a limit that PgBouncer has set, and names of statements to themselves', async () => {
    const [one, other] = [1, 2].map(() =>
      createKnex({ url: pooler.url, poolMax: 1, statementTimeoutMs: 5000, pooled: true }),
    );
    try {
      const asked = await Promise.all(
        [one!, other!].flatMap((knex) =>
          Array.from({ length: 5 }, () =>
            prepared<{ statement_timeout: string }>(knex, 'test-shown', 'show statement_timeout', []),
          ),
        ),
      );
      expect(asked.flat().map(({ statement_timeout }) => statement_timeout)).to.deep.equal(
        Array<string>(10).fill('15s'),
      );
    } finally {
      await Promise.all([one!.destroy(), other!.destroy()]);
    }
  });

  it('a server that only reads gets no connection from it, and is used again, with its limits, as soon as it writes', async () => {
    const name = new URL(direct).pathname.slice(1);
    const knex = createKnex({ url: pooler.url, poolMax: 1, statementTimeoutMs: 0, pooled: true, silenceMs: 300 });
    const readiness = async (): Promise<number> => (await fetch(`${app.url}/readyz`)).status;
    try {
      await asAdministrator((administrator) =>
        administrator.query(`alter database ${name} set default_transaction_read_only = on`),
      );
      await pooler.reconnect();
      const refused: unknown = await knex.raw('select 1').catch((error: unknown) => error);
      // PgBouncer has none to give. A connection that our own look at it has to refuse would stay, without limits, when
      // the server writes again.
      expect(refused).not.to.be.instanceOf(ReadsOnly);
      expect(isDatabaseAway(refused), String(refused)).to.equal(true);
      expect(await pooler.servers()).to.equal(0);

      await asAdministrator((administrator) =>
        administrator.query(`alter database ${name} reset default_transaction_read_only`),
      );
      await until('it is used again', async () => (await readiness()) === 200);
      expect((await knex.raw<{ rows: unknown[] }>('show statement_timeout')).rows).to.deep.equal([
        { statement_timeout: '15s' },
      ]);
    } finally {
      await knex.destroy();
    }
  });

  it('a stop switch is heard at once: the one connection that listens goes past the pooler', () => {
    expect(app.container.changes.mark('clients')).not.to.equal(undefined);
  });
});
