import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { hasRedis, startRedis, type RedisServer } from '../support/redis.ts';
import { goOn, register } from '../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../support/relying-party.ts';
import { tripsOf, type Trips } from '../support/trips.ts';
import { exchange, obtainCode, postAs, userinfo } from './exchange.ts';

/** How often a request may ask PostgreSQL and Redis: `npm run bench` says what each costs. */
interface Budget {
  readonly postgres: number;
  readonly redis: number;
}

(hasRedis() ? describe : describe.skip)('Trips to the stores', () => {
  let server: RedisServer;
  let app: TestApp;
  let service: RelyingParty;
  const citizen = somebody();

  before(async () => {
    server = await startRedis();
    app = await startTestApp({ redis: { url: server.url, timeoutMs: 5000 } });
    service = await createRelyingParty(app, {
      scope: 'openid profile',
      further: { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    });
    await addAccount(app, citizen);
    // What runs by itself would count as well.
    await app.container.scheduler.stop();
    await app.container.jobs.stop();
    // The first request reads what instances hold: clients, keys.
    await signIn();
  });
  after(async () => {
    await app.close();
    await server.close();
  });

  async function signIn(
    browser = new Browser(),
  ): Promise<{ browser: Browser; tokens: Readonly<Record<string, unknown>> }> {
    const { code, request } = await obtainCode(service, citizen, browser);
    const { status, body } = await exchange(app, service, { code, code_verifier: request.verifier });
    expect(status, JSON.stringify(body)).to.equal(200);
    return { browser, tokens: body };
  }

  async function within(budget: Budget, work: () => Promise<unknown>): Promise<void> {
    const { postgres, redis }: Trips = await tripsOf(work);
    // Instances look for changes and messages by themselves, read the keys anew every two seconds, and hold clients: a
    // secret that is used for the first time lets them go once.
    const ours = postgres.filter(
      (statement) =>
        !/change_marks|from "clients"|from "signing_keys"|update "client_secrets"|messages-claim|message-settle|outbox/.test(
          statement,
        ),
    );
    const words = `${JSON.stringify(ours)} ${JSON.stringify(redis)}`;
    expect(ours.length, words).to.be.at.most(budget.postgres);
    expect(redis.length, words).to.be.at.most(budget.redis);
  }

  it('are few for a first sign-in with its tokens', async () => {
    await within({ postgres: 3, redis: 14 }, () => signIn());
  });

  it('are few for a registration with its tokens, what the courier asks apart', async () => {
    const newcomer = somebody();
    // What waits of the NIK from a former system is asked beside who has it, in the same packet.
    await within({ postgres: 48, redis: 28 }, async () => {
      const browser = new Browser();
      const { page, request } = await visit(browser, service, { prompt: 'create' });
      await service.receive(await goOn(browser, await register(app, browser, page, newcomer)), request);
    });
  });

  it('are few for single sign-on with its tokens', async () => {
    const { browser } = await signIn();
    await within({ postgres: 1, redis: 4 }, () => signIn(browser));
    // Its grant is there, and what the person agreed to was looked at for it.
    await within({ postgres: 0, redis: 4 }, () => signIn(browser));
  });

  it('are one to PostgreSQL and two to Redis for a refresh', async () => {
    const { tokens } = await signIn();
    await within({ postgres: 1, redis: 2 }, async () => {
      expect(
        (
          await postAs(
            app,
            '/token',
            { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) },
            service,
          )
        ).status,
      ).to.equal(200);
    });
  });

  it('are one to PostgreSQL and one to Redis for userinfo: what is shown says also whether it may be', async () => {
    const { tokens } = await signIn();
    await within({ postgres: 1, redis: 1 }, async () => {
      expect((await userinfo(app, tokens.access_token)).status).to.equal(200);
    });
  });

  it('are one to PostgreSQL and one to Redis for introspection, of whatever kind the token is', async () => {
    const { tokens } = await signIn();
    await within({ postgres: 1, redis: 1 }, async () => {
      expect(
        (await postAs(app, '/token/introspection', { token: String(tokens.access_token) }, service)).body.active,
      ).to.equal(true);
    });
  });
});
