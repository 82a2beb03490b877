import { atFinished } from '../interaction/recovery/steps.ts';
import { expect } from 'chai';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { exchange, obtainCode } from '../oidc/exchange.ts';
import { addAccount } from '../support/accounts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { createDatabaseLine, type DatabaseLine } from '../support/database-line.ts';
import { becomeCitizen, signIn } from '../support/journeys.ts';
import { startLogoutReceiver, withStatus, type LogoutReceiver } from '../support/logout-receiver.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';
import { until } from '../support/until.ts';

/** The samples of the text format: `name{labels}` and the value. */
type Figures = ReadonlyMap<string, number>;

const read = (text: string): Figures =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );

describe('Metrics', () => {
  let app: TestApp;
  let line: DatabaseLine;
  let address: string;
  let receiver: LogoutReceiver;
  const registered = somebody();

  before(async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    app = await startTestApp(
      { metrics: { port } },
      {
        lineTo: async (url) => {
          line = await createDatabaseLine(url);
          return line.url;
        },
      },
    );
    receiver = await startLogoutReceiver();
    // It looks for logout notices that are due once a second, and may be at it before the service answers otherwise.
    await app.container.scheduler.stop();
  });
  after(async () => {
    await app.close();
    await Promise.all([line.close(), receiver.close()]);
  });

  const ask = async (): Promise<{ figures: Figures; text: string }> => {
    const answer = await fetch(`${address}/metrics`);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    return { figures: read(text), text };
  };
  /** What one of them rose by meanwhile. */
  const risen = async (name: string, work: () => Promise<unknown>): Promise<number> => {
    const before = (await ask()).figures.get(name) ?? 0;
    await work();
    return ((await ask()).figures.get(name) ?? 0) - before;
  };

  it('are served beside health and readiness on an address of their own, and not on the public one', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await fetch(`${address}${path}`)).status, path).to.equal(200);
    expect((await fetch(`${address}/`)).status).to.equal(404);
    expect((await fetch(`${app.url}/metrics`)).status).to.equal(404);
  });

  it('tell of registrations step by step: the registry, the codes by operator of the number, the account', async () => {
    await becomeCitizen(app, new Browser(), registered);
    const { figures } = await ask();
    expect(figures.get('sso_events_total{event="registration.identity.verified",reason=""}')).to.equal(1);
    expect(figures.get('sso_events_total{event="registration.completed",reason=""}')).to.equal(1);
    expect(figures.get('sso_registry_call_seconds_count{outcome="verified"}')).to.equal(1);
    const codes = [...figures].filter(([name, value]) => name.startsWith('sso_codes_total') && value > 0);
    const [, operator = ''] = /operator="([^"]+)"/.exec(codes.map(([name]) => name).join()) ?? [];
    expect(Object.fromEntries(codes)).to.deep.equal(
      Object.fromEntries(
        ['asked', 'sent', 'entered'].map((stage) => [
          `sso_codes_total{operator="${operator}",purpose="activation-code",stage="${stage}"}`,
          1,
        ]),
      ),
    );
    expect(figures.get('sso_messages_total{channel="sms",purpose="activation-code",outcome="sent"}')).to.equal(1);
  });

  it('tell of codes of recovery as well, apart from those of registrations', async () => {
    await atFinished(app, registered.nik, registered.phone, 'Kopi-Hitam7!');
    const codes = [...(await ask()).figures].filter(
      ([name, value]) => name.startsWith('sso_codes_total') && name.includes('recovery-code') && value > 0,
    );
    expect(codes.map(([name, value]) => [/stage="(\w+)"/.exec(name)?.[1], value])).to.have.deep.members(
      ['asked', 'sent', 'entered'].map((stage) => [stage, 1]),
    );
    expect(codes.every(([name]) => !name.includes('unknown'))).to.equal(true);
  });

  it('tell what gateways report of codes, by the operator of the number, and how long they took', async () => {
    const metrics = createMetrics();
    const log = metrics.watch(createLog({ level: 'silent' }));
    const about = { messageId: 'x', channel: 'sms', purpose: 'activation-code', operator: 'xl' };
    log.info({ event: 'message.delivered', ...about, state: 'delivered', waitedMs: 3400 });
    log.warn({ event: 'message.undelivered', ...about, state: 'rejected', waitedMs: 900 });
    log.info({ event: 'message.delivered', ...about, purpose: 'recovery-code', state: 'delivered', waitedMs: 60_000 });
    log.debug({ event: 'receipt.refused', reason: 'signature' });
    const figures = read(await metrics.text());
    expect(figures.get('sso_codes_total{operator="xl",purpose="activation-code",stage="delivered"}')).to.equal(1);
    expect(figures.get('sso_codes_total{operator="xl",purpose="recovery-code",stage="delivered"}')).to.equal(1);
    expect(figures.get('sso_codes_total{operator="xl",purpose="activation-code",stage="undelivered"}')).to.equal(1);
    expect(figures.get('sso_messages_total{channel="sms",purpose="recovery-code",outcome="delivered"}')).to.equal(1);
    expect(figures.get('sso_events_total{event="message.undelivered",reason="rejected"}')).to.equal(1);
    expect(figures.get('sso_events_total{event="receipt.refused",reason="signature"}')).to.equal(1);
    expect(figures.get('sso_sms_delivery_seconds_count{operator="xl"}')).to.equal(2);
    expect(figures.get('sso_sms_delivery_seconds_bucket{le="5",operator="xl"}')).to.equal(1);
  });

  it('tell of sign-ins that failed by reason, and of tokens by grant and error', async () => {
    const citizen = somebody();
    await addAccount(app, citizen);
    const service = await createRelyingParty(app);
    const browser = new Browser();
    const login = await visit(browser, service);
    expect(
      await risen('sso_events_total{event="sign-in.refused",reason="wrong"}', () =>
        signIn(browser, login.page, citizen.nik, 'Salah-Sekali9!'),
      ),
    ).to.equal(1);
    app.clock.advance({ minutes: 5 });
    const { code, request } = await obtainCode(service, citizen);
    const take = (): Promise<unknown> => exchange(app, service, { code, code_verifier: request.verifier });
    expect(await risen('sso_protocol_total{kind="grant.authorization-code",outcome="ok"}', take)).to.equal(1);
    expect(await risen('sso_protocol_total{kind="grant.authorization-code",outcome="invalid_grant"}', take)).to.equal(
      1,
    );
  });

  it('tell of logout notices: how many wait, since when, and what became of those that were sent', async () => {
    receiver.answer = withStatus(500);
    const citizen = somebody();
    await addAccount(app, citizen);
    const service = await createRelyingParty(app, { further: { backchannel_logout_uri: receiver.uri } });
    const browser = new Browser();
    const { page, request } = await visit(browser, service);
    const { idToken } = await service.receive(await signIn(browser, page, citizen.nik, citizen.password), request);
    await browser.submit(await browser.open(await service.signOutUrl(idToken)), 'xsrf');
    await app.container.logouts.drain();
    const waiting = await ask();
    expect(waiting.figures.get('sso_queue_waiting{queue="logout"}')).to.equal(1);
    expect(waiting.figures.get('sso_events_total{event="logout.delayed",reason="sign-out"}')).to.equal(1);
    app.clock.advance({ minutes: 10 });
    expect((await ask()).figures.get('sso_queue_oldest_seconds{queue="logout"}')).to.be.at.least(600);
    receiver.answer = withStatus(200);
    await app.container.logouts.drain();
    const { figures } = await ask();
    expect({
      waiting: figures.get('sso_queue_waiting{queue="logout"}'),
      delayed: figures.get('sso_events_total{event="logout.delayed",reason="sign-out"}'),
      delivered: figures.get('sso_events_total{event="logout.delivered",reason="sign-out"}'),
    }).to.deep.equal({ waiting: 0, delayed: 1, delivered: 1 });
  });

  it('make no series of what strangers type', async () => {
    const before = new Set((await ask()).figures.keys());
    for (let turn = 0; turn < 20; turn += 1) await fetch(`${app.url}/nobody-${turn}/x?${turn}`);
    const { figures } = await ask();
    // What goes on by itself meanwhile, a message that leaves say, may make others.
    const made = [...figures.keys()].filter((name) => !before.has(name));
    expect(made.filter((name) => name.startsWith('sso_http_')).length).to.be.at.most(14);
    expect(made.filter((name) => name.includes('nobody'))).to.deep.equal([]);
    expect(figures.get('sso_http_request_seconds_count{area="other",method="GET",status="404"}')).to.be.at.least(20);
  });

  it('hold nothing of a person', async () => {
    const { text } = await ask();
    for (const datum of [
      registered.nik,
      registered.name,
      registered.email,
      registered.phone,
      registered.phone.slice(1),
    ])
      expect(text).not.to.include(datum);
    expect(text).not.to.match(/"[^"\n]*\d{16}[^"\n]*"/);
  });

  it('are answered while the database is away, and say so', async () => {
    const up = (await ask()).figures;
    expect(up.get('sso_database_up')).to.equal(1);
    expect(up.get('sso_migrations{state="pending"}')).to.equal(0);
    expect(up.get('sso_migrations{state="unknown"}')).to.equal(0);
    expect(up.get('sso_audit_chain_broken')).to.equal(0);
    expect(up.get('sso_password_lane_refused_total')).to.equal(0);
    expect(up.has('sso_clock_ahead_seconds')).to.equal(true);
    expect(up.has('sso_sms_line_bound'), 'where there is no such line').to.equal(false);
    const tried = line.cut();
    const { figures } = await ask();
    expect(figures.get('sso_database_up')).to.equal(0);
    expect(figures.has('sso_queue_waiting{queue="sms"}')).to.equal(false);
    expect(figures.get('sso_password_lane{state="running"}')).to.equal(0);
    expect((await fetch(`${address}/readyz`)).status).to.equal(503);
    await tried;
    line.mend();
  });

  it('are answered while the database says nothing, before Prometheus gives up', async () => {
    line.hush();
    const begun = performance.now();
    const { figures } = await ask();
    expect(performance.now() - begun).to.be.below(5000);
    expect(figures.get('sso_database_up')).to.equal(0);
    expect(figures.has('sso_queue_waiting{queue="sms"}')).to.equal(false);
    expect(figures.has('sso_clock_ahead_seconds')).to.equal(false);
    expect(figures.has('sso_database_connections{state="waiting"}')).to.equal(true);
    line.mend();
    await until('it answers again', async () => (await ask()).figures.get('sso_database_up') === 1);
  });

  it('look once for a figure that hangs, and leave it out or say what that means', async () => {
    const metrics = createMetrics({ readMs: 20 });
    let looks = 0;
    const answers: (() => void)[] = [];
    const hangs = () => {
      looks += 1;
      return new Promise<readonly { value: number }[]>((resolve) =>
        answers.push(() => {
          resolve([{ value: 7 }]);
        }),
      );
    };
    metrics.gauge({ name: 'sso_a', help: 'a' }, hangs);
    metrics.gauge({ name: 'sso_b_up', help: 'b', unanswered: 0 }, () => new Promise(() => undefined));
    metrics.counter({ name: 'sso_c_total', help: 'c' }, () => [{ value: 3 }]);
    for (const text of await Promise.all([metrics.text(), metrics.text()])) {
      expect(read(text).has('sso_a')).to.equal(false);
      expect(read(text).get('sso_b_up')).to.equal(0);
      expect(read(text).get('sso_c_total')).to.equal(3);
    }
    expect(looks).to.equal(1);
    const asked = metrics.text();
    answers[0]?.();
    expect(read(await asked).get('sso_a')).to.equal(7);
    expect(looks).to.equal(1);
  });

  it('say why a recovery request got no further, and nothing that an officer wrote of it', async () => {
    const metrics = createMetrics();
    const log = metrics.watch(createLog({ level: 'silent' }));
    const told = [
      ['recovery.identity.refused', 'reason', 'mismatch'],
      ['recovery.identity.unavailable', 'trouble', 'timeout'],
      ['recovery.identity.limited', 'limit', 'identity.nik'],
      ['recovery.request.code-refused', 'reason', 'wrong'],
      ['recovery.request.code-not-sent', 'reason', 'send-limit'],
      ['recovery.request.limited', 'reason', 'recovery.requests'],
      ['recovery.request.refused', 'reason', 'suspended'],
      ['recovery.request.lapsed', 'reason', 'undecided'],
    ] as const;
    for (const [event, field, word] of told) log.info({ event, [field]: word });
    log.info({ event: 'recovery.request.rejected', reason: 'KTP tidak dibawa' });
    const figures = read(await metrics.text());
    for (const [event, , word] of told)
      expect(figures.get(`sso_events_total{event="${event}",reason="${word}"}`), event).to.equal(1);
    expect(figures.get('sso_events_total{event="recovery.request.rejected",reason=""}')).to.equal(1);
  });

  it('count what happens whatever the level of the log is, and only words of the product as reasons', async () => {
    const metrics = createMetrics();
    const log = metrics.watch(createLog({ level: 'silent' }));
    log.info({ event: 'account.suspended', reason: 'Laporan dari keluarga' });
    log.info({ event: 'sign-in.refused', reason: 'password' });
    log.info({ event: 'sign-in.refused', reason: 'Budi lupa sandi' });
    const figures = read(await metrics.text());
    expect(figures.get('sso_events_total{event="account.suspended",reason=""}')).to.equal(1);
    expect(figures.get('sso_events_total{event="sign-in.refused",reason="password"}')).to.equal(1);
    expect(figures.get('sso_events_total{event="sign-in.refused",reason=""}')).to.equal(1);
  });
});
