import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { at, atCode, comparable, type Way } from '../interaction/registration/steps.ts';
import { report, SECRET, startReportingGateway, type ReportingGateway } from '../messages/report-gateway.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { until } from '../support/until.ts';

const SENT = 'Kode sudah kami kirim. Biasanya sampai dalam 1 menit.';
const DELIVERED = 'Operator melaporkan kode sudah sampai di HP Anda.';
const FAILED = 'Kode tidak dapat dikirim ke nomor ini.';

describe('What the SMS gateway reports', () => {
  let gateway: ReportingGateway;
  let app: TestApp;
  const start = (receipts: object): Promise<TestApp> =>
    startTestApp({
      http: { trustProxy: 1 },
      sms: { driver: 'http', http: { url: gateway.url }, receipts: { secret: SECRET, ...receipts } },
    });

  before(async () => {
    gateway = await startReportingGateway();
    app = await start({ codePath: 'error', perMinute: 100_000 });
    app.clock.stop();
  });
  after(async () => {
    await app.close();
    await gateway.close();
  });

  const waiting = async (
    phone = somebody().phone,
    on = app,
  ): Promise<Way & { readonly id: string; readonly ref: string }> => {
    const way = await atCode(on, somebody({ phone }));
    await on.container.courier.flush();
    return { ...way, ...gateway.sentTo(way.citizen.phone) };
  };
  const reload = (way: Way): Promise<Page> => way.browser.open(way.page.url);
  const word = async (way: Way): Promise<string> => (await way.browser.open(at(way.page, 'otp/delivery'))).html;

  it('is seen on the page of the code, and by the script that asks for one word', async () => {
    const way = await waiting();
    expect((await reload(way)).text).to.include(SENT);
    expect(await word(way)).to.equal('sent');
    const answer = await report(app, { id: way.id, status: 'DELIVRD', msisdn: way.citizen.phone });
    expect([answer.status, await answer.text()]).to.deep.equal([200, 'OK']);
    expect((await reload(way)).text)
      .to.include(DELIVERED)
      .and.not.include(SENT);
    expect(await word(way)).to.equal('delivered');
    expect((await reload(way)).html, 'nothing more comes').not.to.include('data-watch');
  });

  for (const status of ['UNDELIV', 'EXPIRED', 'REJECTD', 'undelivered', 'Failed']) {
    it(`says that a code did not arrive (${status}), and the number can be changed`, async () => {
      const way = await waiting();
      await report(app, { id: way.id, status });
      const page = await reload(way);
      expect(page.text).to.include(FAILED);
      expect(page.html).to.include('delivery--failed').and.include('/register/phone');
      expect(await word(way)).to.equal('failed');
    });
  }

  it('goes no further for words that mean nothing here, and tells whoever runs it the word', async () => {
    const way = await waiting();
    expect((await report(app, { id: way.id, status: 'TERKIRIM' })).status).to.equal(200);
    expect((await reload(way)).text).to.include(SENT);
    expect(app.logLines.some((line) => line.includes('"word":"TERKIRIM"'))).to.equal(true);
  });

  it('comes to the address before as well, while it is replaced, and whoever runs it is told', async () => {
    const changing = await start({ formerSecret: 'feedf00dfeedf00dfeedf00d' });
    try {
      const [one, two] = [await waiting(somebody().phone, changing), await waiting(somebody().phone, changing)];
      const told = (): boolean => changing.logLines.some((line) => line.includes('SMS_RECEIPT_FORMER_SECRET'));
      expect((await report(changing, { id: one.id, status: 'DELIVRD' })).status).to.equal(200);
      expect(told()).to.equal(false);
      expect(
        (await report(changing, { id: two.id, status: 'DELIVRD' }, { secret: 'feedf00dfeedf00dfeedf00d' })).status,
      ).to.equal(200);
      expect([await word(one), await word(two)]).to.deep.equal(['delivered', 'delivered']);
      expect(told()).to.equal(true);
      expect(changing.logLines.join('')).not.to.include('feedf00d');
      expect(
        (await report(changing, { id: two.id, status: 'DELIVRD' }, { secret: 'feedf00dfeedf00dfeedf00e' })).status,
      ).to.equal(404);
    } finally {
      await changing.close();
    }
  });

  it('may hold several messages, in a list', async () => {
    const [one, two] = [await waiting(), await waiting()];
    expect(
      (await report(app, [{ id: one.id, status: 'delivered' }, { id: two.id, status: 'undelivered' }, 'nonsense']))
        .status,
    ).to.equal(200);
    expect([await word(one), await word(two)]).to.deep.equal(['delivered', 'failed']);
  });

  it('has its figures: the stage by operator, and how long it took', async () => {
    const way = await waiting(somebody({ phone: '081317770001' }).phone);
    app.clock.advance({ seconds: 7 });
    await report(app, { id: way.id, status: 'delivered' });
    const lines = app.logLines.filter((line) => line.includes('"message.delivered"'));
    expect(JSON.parse(lines.at(-1)!)).to.deep.include({
      operator: 'telkomsel',
      state: 'delivered',
      waitedMs: 7000,
      purpose: 'activation-code',
    });
  });

  describe('is refused as if there were no such address', () => {
    const nowhere = async (): Promise<Response> =>
      fetch(`${app.url}/receipts-of-nobody`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
    const seen = async (response: Response): Promise<unknown> => {
      const headers = [...response.headers]
        .filter(([name]) => !['date', 'x-request-id', 'set-cookie', 'content-length', 'etag'].includes(name))
        .map(([name, value]) => `${name}: ${value}`);
      return {
        status: response.status,
        headers,
        text: (await response.text())
          .replace(/[2-9A-Z]{4}-[2-9A-Z]{2}/g, 'CODE')
          .replace(/\/receipts[^"?]*/g, '/asked'),
      };
    };
    for (const [what, options] of Object.entries({
      'with another secret': { secret: `${SECRET.slice(0, -1)}x` },
      'with a part of it': { secret: SECRET.slice(0, 12) },
      'with more than it': { secret: `${SECRET}/x` },
      'with none': { secret: '' },
      'by another method': { method: 'PUT' },
    })) {
      it(what, async () => {
        const way = await waiting();
        const refused = await report(app, { id: way.id, status: 'delivered' }, options);
        expect(await seen(refused)).to.deep.equal(await seen(await nowhere()));
        expect(await word(way)).to.equal('sent');
      });
    }

    it('without the signature, or from another network', async () => {
      const signed = await start({
        networks: ['203.0.113.0/24'],
        signatureHeader: 'x-signature',
        signatureKey: 'kunci-contoh',
      });
      try {
        const way = await waiting(undefined, signed);
        const body = JSON.stringify({ id: way.id, status: 'delivered' });
        const sign = (text: string, key = 'kunci-contoh'): string =>
          createHmac('sha256', key).update(text).digest('hex');
        const there = { 'x-forwarded-for': '203.0.113.7' };
        const unknown = await seen(
          await fetch(`${signed.url}/receipts-of-nobody`, {
            method: 'POST',
            body,
            headers: { 'content-type': 'application/json' },
          }),
        );
        for (const headers of [
          { 'x-signature': sign(body) },
          there,
          { ...there, 'x-signature': '' },
          { ...there, 'x-signature': sign(body, 'lain') },
          { ...there, 'x-signature': sign(`${body} `) },
          { 'x-forwarded-for': '203.0.114.7', 'x-signature': sign(body) },
        ]) {
          expect(await seen(await report(signed, body, { headers }))).to.deep.equal(unknown);
        }
        expect(await word(way)).to.equal('sent');
        expect(
          (await report(signed, body, { headers: { ...there, 'x-signature': `sha256=${sign(body).toUpperCase()}` } }))
            .status,
        ).to.equal(200);
        expect(await word(way)).to.equal('delivered');
        expect(
          signed.logLines.filter(
            (line) => line.includes('told once a minute') && line.includes('"reason":"signature"'),
          ),
          'a flood fills no log',
        ).to.have.length(1);
      } finally {
        await signed.close();
      }
    });

    it('where no gateway reports', async () => {
      const without = await startTestApp();
      try {
        expect((await report(without, { id: 'x', status: 'delivered' })).status).to.equal(404);
      } finally {
        await without.close();
      }
    });
  });

  it("marks nobody else's code: forged ids and those of others change nothing that a page shows", async () => {
    const way = await waiting();
    for (const id of [
      'GW99999',
      way.ref,
      `ref:${way.ref}`,
      '%',
      "' or 1=1 --",
      'x'.repeat(500),
      { id: way.id },
      [way.id],
      null,
    ])
      await report(app, { id, status: 'undelivered' });
    expect(await word(way)).to.equal('sent');
  });

  for (const [what, body, status] of [
    ['no JSON', '{"id":', 400],
    ['no receipt', '{"hello":"world"}', 400],
    ['nothing', '', 400],
    ['a bare word', '"DELIVRD"', 400],
    ['more than anybody has to report', `{"id":"x","status":"delivered","x":"${'x'.repeat(70_000)}"}`, 413],
    [
      'more messages than one report holds',
      JSON.stringify(Array.from({ length: 501 }, (_, n) => ({ id: `x${n}`, status: 'delivered' }))),
      413,
    ],
  ] as const) {
    it(`is answered for what it is when the gateway itself sends ${what}`, async () => {
      expect((await report(app, body)).status).to.equal(status);
    });
  }

  it('comes without cookies and goes without any, and leads nowhere', async () => {
    const answer = await report(app, { id: 'x', status: 'delivered' });
    expect(answer.headers.get('set-cookie')).to.equal(null);
    expect(answer.headers.get('referrer-policy')).to.equal('no-referrer');
    expect(answer.headers.get('cache-control')).to.equal('no-store');
  });

  it('stands in no log: neither the secret nor what was reported', async () => {
    const canary = '081319991234';
    const way = await waiting(canary);
    await report(app, { id: way.id, status: 'UNDELIV', error: canary, to: canary, text: 'isi pesan rahasia' });
    await report(app, { id: `${canary}-x`, status: canary });
    await report(app, `${canary} isi pesan rahasia`);
    await report(app, {}, { secret: `${SECRET}x` });
    for (const path of ['/Receipts/', '//receipts/', '/receipts//', '/sso/receipts/', '/RECEIPTS/x/'])
      await fetch(`${app.url}${path}${SECRET}`, { method: 'POST', body: '{}' });
    await report(app, {}, { secret: SECRET, method: 'DELETE' });
    const log = app.logLines.join('');
    expect(log).not.to.include(SECRET).and.not.include('1319991234').and.not.include('isi pesan rahasia');
    expect(log).to.include('"path":"/receipts/:uid"');
  });

  it('fills no log with made-up words', async () => {
    const before = app.logLines.length;
    for (let times = 0; times < 3; times += 1) {
      await report(
        app,
        Array.from({ length: 400 }, (_, n) => ({
          id: `word-${n}`,
          status: `W${'abcdefghij'[times]}${String.fromCharCode(97 + (n % 26))}${String.fromCharCode(97 + Math.floor(n / 26))}`,
        })),
      );
    }
    expect(app.logLines.slice(before).filter((line) => line.includes('"word":"W'))).to.have.length.at.most(101);
    app.clock.advance({ seconds: 61 });
    await report(app, { id: 'x', status: 'TERKIRIMLAGI' });
    expect(
      app.logLines.some((line) => line.includes('"word":"TERKIRIMLAGI"')),
      'a minute later',
    ).to.equal(true);
  });

  it('that breaks off is no fault of ours, and stands in no log either', async () => {
    const before = app.logLines.length;
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(
      `POST /receipts/${SECRET} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id"`,
    );
    await report(app, { id: 'x', status: 'delivered' });
    socket.destroy();
    await until(
      'it is told of',
      () => app.logLines.slice(before).filter((line) => line.includes('/receipts/:uid')).length === 2,
    );
    const lines = app.logLines.slice(before).join('');
    expect(lines)
      .not.to.include(SECRET)
      .and.not.match(/"level":(?:50|60|"error")/);
  });

  it('is kept by few hands at once: a flood waits, and what is too much comes again', async () => {
    const before = await app.database.knex('message_receipts').count('* as n').first();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        report(
          app,
          Array.from({ length: 20 }, (__, m) => ({ id: `flood-${n}-${m}`, status: 'delivered' })),
        ),
      ),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    for (const status of statuses) expect([200, 503]).to.include(status);
    for (const refused of answers.filter(({ status }) => status === 503))
      expect(refused.headers.get('retry-after')).to.match(/^\d+$/);
    const kept = answers.filter(({ status }) => status === 200).length;
    const after = await app.database.knex('message_receipts').count('* as n').first();
    expect(Number(after!.n) - Number(before!.n)).to.equal(kept * 20);
    await until('people are served', async () => (await new Browser().open(`${app.url}/`)).status === 200);
  });

  it('is taken at the pace of a gateway: whoever has the address fills no database', async () => {
    const slow = await start({ perMinute: 10 });
    slow.clock.stop();
    try {
      const some = (count: number): Promise<Response> =>
        report(
          slow,
          Array.from({ length: count }, (_, n) => ({ id: `pace-${n}`, status: 'delivered' })),
        );
      expect((await some(9)).status).to.equal(200);
      const refused = await some(2);
      expect([refused.status, refused.headers.get('retry-after')]).to.deep.equal([503, '10']);
      slow.clock.advance({ seconds: 61 });
      expect((await some(10)).status).to.equal(200);
    } finally {
      await slow.close();
    }
  });

  it('that a number takes no codes, three times a day, ends the sending to it; a code that arrives begins anew', async () => {
    const phone = '081318880001';
    const end = async (status: string): Promise<void> => {
      const { id } = await waiting(phone);
      await report(app, { id, status });
      app.clock.advance({ seconds: 5 });
    };
    for (const status of ['UNDELIV', 'UNDELIV', 'EXPIRED', 'REJECTD', 'REJECTD']) await end(status);
    await app.database.knex('counters').where('key', 'like', 'code.number:%').del();
    await end('delivered');
    // A new day for the limit of codes to one number, and for that alone.
    await app.database.knex('counters').where('key', 'like', 'code.number:%').del();
    for (let times = 0; times < 3; times += 1) await end('UNDELIV');
    const refused = await atCode(app, somebody({ phone })).catch((error: unknown) => String(error));
    expect(refused).to.include('beberapa kali tidak sampai');
    expect((await atCode(app, somebody())).page.status, 'another number').to.equal(200);
    await app.database.knex('counters').del();
  });

  it('is not told on the pages of recovery, whoever the code was for', async () => {
    const way = await waiting();
    const page = await way.browser.open(at(way.page, '').replace(/\/register\/$/, '/recover'));
    const code = await way.browser.follow(
      await way.browser.post(page, 'identifier', { identifier: way.citizen.phone }),
    );
    const before = comparable(await way.browser.open(code.url));
    await report(app, { id: way.id, status: 'delivered' });
    expect(comparable(await way.browser.open(code.url))).to.equal(before);
    expect(before).not.to.include('data-watch');
  });
});
