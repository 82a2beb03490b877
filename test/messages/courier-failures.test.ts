import { expect } from 'chai';
import { addSeconds } from '../../src/ports/clock/clock.ts';
import { createHttpGateway } from '../../src/ports/sms/http-gateway.ts';
import { settings } from '../../src/settings.ts';
import { letter, PHONE, text, useBench } from './bench.ts';
import { courierConfig, recordingSms } from './parts.ts';
import { accept, type TestGateway } from './sms-gateway.ts';

describe('Courier: messages that cannot be handed over', () => {
  const bench = useBench();

  describe('when the gateway fails', () => {
    const status =
      (code: number) =>
      (_: unknown, response: { writeHead(code: number): { end(): unknown } }): void => {
        response.writeHead(code).end();
      };

    it('tries again after growing waits', async () => {
      bench.gateway.answer = status(503);
      bench.courier = bench.another({ config: courierConfig({ retrySeconds: [2, 5, 15] }) });
      const id = await bench.post();
      const tries: number[] = [];
      for (let second = 0; second <= 30; second += 1) {
        const before = bench.gateway.requests.length;
        await bench.courier.flush();
        if (bench.gateway.requests.length > before) tries.push(second);
        bench.deps.clock.advance(1);
      }
      expect(tries).to.deep.equal([0, 2, 7, 22]);
      expect(new Set(bench.references())).to.deep.equal(new Set([id]));
    });

    it('gives up after the last wait, for everybody to see', async () => {
      bench.gateway.answer = status(503);
      bench.courier = bench.another({ config: courierConfig({ retrySeconds: [2] }) });
      const id = await bench.post();
      await bench.courier.flush();
      expect(await bench.messages.stateOf(id)).to.equal('queued');
      bench.deps.clock.advance(2);
      await bench.courier.flush();
      expect(await bench.messages.stateOf(id)).to.equal('failed');
      expect(await bench.row(id)).to.deep.include({
        last_error: 'SMS_UNAVAILABLE',
        attempts: 2,
        sealed: null,
        finished_at: bench.deps.clock.now(),
      });
      expect(bench.deps.log.lines.at(-1)).to.deep.equal({
        level: 'error',
        fields: {
          event: 'message.failed',
          messageId: id,
          channel: 'sms',
          operator: 'telkomsel',
          purpose: 'activation-code',
          attempts: 2,
          reason: 'SMS_UNAVAILABLE: status 503',
        },
      });
    });

    it('sends it after all when the gateway is back', async () => {
      bench.gateway.answer = status(503);
      const id = await bench.post();
      await bench.courier.flush();
      bench.gateway.answer = accept;
      bench.deps.clock.advance(2);
      await bench.courier.flush();
      expect(await bench.row(id)).to.deep.include({ state: 'sent', provider_id: 'gw-1', attempts: 2 });
    });

    it('leaves messages in the queue while it takes nothing for a moment, at the cost of no try', async () => {
      let isPaused = true;
      const sms = Object.assign(recordingSms(), { isPaused: () => isPaused });
      bench.courier = bench.another({ sms });
      const id = await bench.post();
      await bench.courier.flush();
      expect(await bench.row(id)).to.deep.include({ state: 'queued', attempts: 0 });
      isPaused = false;
      await bench.courier.flush();
      expect(await bench.row(id)).to.deep.include({ state: 'sent', attempts: 1 });
    });

    it('leaves messages to other processes while the gateway takes nothing from this one, and then fails them here', async () => {
      const sms = Object.assign(recordingSms(), {
        isShutOut: () => true,
        behave: () => Promise.reject(new Error('shut out')),
      });
      bench.courier = bench.another({ sms });
      const id = await bench.post();
      await bench.courier.flush();
      expect(await bench.row(id)).to.deep.include({ state: 'queued', attempts: 0 });
      bench.deps.clock.advance(21);
      await bench.courier.flush();
      expect(await bench.row(id)).to.deep.include({ state: 'queued', attempts: 1, last_error: 'UNEXPECTED' });
    });

    it('gives up at once what the gateway refuses for good', async () => {
      bench.gateway.answer = status(400);
      const id = await bench.post();
      await bench.courier.flush();
      expect(await bench.row(id)).to.deep.include({ state: 'failed', last_error: 'SMS_REJECTED', attempts: 1 });
    });

    for (const [what, answer] of [
      ['redirects', (_: unknown, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
      ['answers broken JSON', (_: unknown, response) => response.end('<html>')],
      ['cuts the connection', (_: unknown, response) => response.destroy()],
    ] satisfies [string, TestGateway['answer']][]) {
      it(`tries again when it ${what}`, async () => {
        bench.gateway.answer = answer;
        const id = await bench.post();
        await bench.courier.flush();
        expect(await bench.row(id)).to.deep.include({
          state: 'queued',
          last_error: 'SMS_UNAVAILABLE',
          leased_until: null,
          next_attempt_at: addSeconds(bench.deps.clock.now(), 2),
        });
      });
    }

    it('hangs up well before the lease ends, and tries again', async () => {
      bench.gateway.answer = () => undefined;
      bench.courier = bench.another({ config: courierConfig({ leaseSeconds: 1 }) });
      const id = await bench.post();
      await bench.courier.flush();
      expect(await bench.row(id)).to.deep.include({ state: 'queued', last_error: 'SMS_UNANSWERED' });
    });

    it('hands over once more what was taken and not answered, and counts it; then no more, however long the code is good', async () => {
      bench.gateway.answer = () => undefined;
      let counted = 0;
      const { headers, body, idPath } = settings.sms.http;
      const sms = createHttpGateway({
        url: bench.gateway.url,
        method: 'POST',
        headers: headers.fallback,
        body: body.fallback,
        idPath: idPath.fallback,
        okPath: 'success',
        timeoutMs: 50,
      });
      bench.courier = bench.another({ sms, countAgain: () => Promise.resolve((counted += 1)) });
      const id = await bench.post(text({ expiresAt: addSeconds(bench.deps.clock.now(), 300) }));
      await bench.courier.flush();
      // Refused in between: that alone sends nothing, and makes nobody forget what was not answered.
      bench.gateway.answer = status(503);
      bench.deps.clock.advance(2);
      await bench.courier.flush();
      expect(await bench.row(id)).to.deep.include({ state: 'queued', last_error: 'SMS_UNANSWERED', attempts: 2 });
      bench.gateway.answer = () => undefined;
      for (let second = 0; second < 300; second += 5) {
        bench.deps.clock.advance(5);
        await bench.courier.flush();
      }
      expect(await bench.row(id)).to.deep.include({ state: 'failed', last_error: 'SMS_UNANSWERED', attempts: 3 });
      expect(bench.references(), 'of which one was refused').to.deep.equal([id, id, id]);
      expect(counted, 'only what may have been sent').to.equal(1);
      await sms.close();
    });

    it('tries again after an error that nobody planned for', async () => {
      const sms = recordingSms();
      sms.behave = () => Promise.reject(new TypeError(`cannot read ${PHONE}`));
      const id = await bench.post();
      await bench.another({ sms }).flush();
      expect(await bench.row(id)).to.deep.include({ state: 'queued', last_error: 'UNEXPECTED' });
      expect(JSON.stringify(bench.deps.log.lines)).to.include('TypeError').and.not.include(PHONE);
    });

    it('lets a message that it cannot open hold up no other', async () => {
      const [good, bad] = [await bench.post(), await bench.post()];
      await bench.database
        .knex('messages')
        .where({ id: bad })
        .update({ sealed: (await bench.row(good)).sealed as Buffer });
      await bench.courier.flush();
      expect([await bench.messages.stateOf(good), await bench.messages.stateOf(bad)]).to.deep.equal(['sent', 'queued']);
      expect(bench.references()).to.deep.equal([good]);
    });
  });

  describe('with a message that expires', () => {
    it('does not send a code that nobody can use any more', async () => {
      const id = await bench.post(text({ expiresAt: addSeconds(bench.deps.clock.now(), 300) }));
      bench.deps.clock.advance(300);
      await bench.courier.flush();
      expect(bench.references()).to.deep.equal([]);
      expect(await bench.row(id)).to.deep.include({ state: 'expired', sealed: null, last_error: null });
    });

    it('gives up as soon as no further try can come in time', async () => {
      bench.gateway.answer = (_, response) => response.writeHead(503).end();
      bench.courier = bench.another({ config: courierConfig({ retrySeconds: [2, 600] }) });
      const id = await bench.post(text({ expiresAt: addSeconds(bench.deps.clock.now(), 30) }));
      await bench.courier.flush();
      bench.deps.clock.advance(2);
      await bench.courier.flush();
      expect(await bench.messages.stateOf(id)).to.equal('failed');
    });
  });

  describe('and personal data', () => {
    const PERSONAL = /81234567890|482913|budi|kanari|rahasia/i;
    /**
     * Sealed words as bytes, not as the hexadecimal digits in which some code can always be found; no random id,
     * likewise.
     */
    const dump = async (): Promise<string> => {
      const { rows } = await bench.database.knex.raw<{ rows: { line: string }[] }>(
        "select (to_jsonb(m) - 'id' - 'sealed' - 'lease_owner')::text || encode(coalesce(sealed, ''), 'escape') as line from messages m",
      );
      return rows.map(({ line }) => line).join('\n');
    };

    it('keeps nothing of them in clear while a message waits', async () => {
      await bench.post();
      await bench.post(letter());
      expect(await dump())
        .to.match(/queued/)
        .and.not.match(PERSONAL);
    });

    it('wipes recipient and words once a message is done with', async () => {
      const ids = [await bench.post(), await bench.post(letter()), await bench.post(letter('budi@ditolak.test'))];
      await bench.courier.flush();
      expect(await Promise.all(ids.map((id) => bench.messages.stateOf(id)))).to.deep.equal(['sent', 'sent', 'failed']);
      expect((await bench.database.knex('messages').whereNotNull('sealed')).length).to.equal(0);
      expect(await dump()).not.to.match(PERSONAL);
    });

    it('logs nothing of them, whatever the server says', async () => {
      bench.gateway.answer = ({ body }, response) => response.writeHead(400).end(body);
      await bench.post();
      await bench.post(letter('budi@ditolak.test'));
      await bench.post(letter('budi@sibuk.test'));
      await bench.courier.flush();
      expect(bench.deps.log.lines).to.have.length(3);
      expect(JSON.stringify(bench.deps.log.lines)).not.to.match(PERSONAL);
    });
  });
});
