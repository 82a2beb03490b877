import { once } from 'node:events';
import { expect } from 'chai';
import { addSeconds } from '../../src/ports/clock/clock.ts';
import { DeliveryError } from '../../src/ports/delivery.ts';
import { createMessageStore } from '../../src/store/messages.ts';
import { CODE, EMAIL, letter, PHONE, sealer, text, useBench } from './bench.ts';
import { courierConfig, recordingSms } from './parts.ts';
import { accept } from './sms-gateway.ts';

describe('Courier', () => {
  const bench = useBench();

  describe('sending', () => {
    it('hands a text message over when it is woken, long before it would look by itself', async () => {
      bench.courier.start();
      const id = await bench.post();
      bench.courier.wake();
      await bench.deps.log.until('message.sent');
      expect(await bench.messages.stateOf(id)).to.equal('sent');
      expect(JSON.parse(bench.gateway.requests[0]!.body)).to.deep.equal({
        to: '6281234567890',
        text: text().content.reveal().text,
        ref: id,
      });
    });

    it('finds a message by itself that nobody woke it for', async () => {
      bench.courier = bench.another({ config: courierConfig({ pollMs: 10 }) });
      bench.courier.start();
      await bench.post();
      await bench.deps.log.until('message.sent');
    });

    it('hands mail over', async () => {
      const id = await bench.post(letter());
      await bench.courier.flush();
      expect(bench.mailServer.received.at(-1)).to.deep.include({ to: [EMAIL] });
      expect(bench.mailServer.received.at(-1)!.raw).to.include(`<${id}@kemnaker.test>`);
      expect(await bench.row(id)).to.deep.include({ state: 'sent', provider_id: `<${id}@kemnaker.test>` });
    });

    it('sends all that is due, however many', async () => {
      const ids = await Promise.all(Array.from({ length: 45 }, () => bench.post()));
      await bench.another({ config: courierConfig({ batch: 20 }) }).flush();
      expect(bench.references().sort()).to.deep.equal(ids.sort());
    });

    it('tells the gateway how long delivery makes sense', async () => {
      const sms = recordingSms();
      await bench.post(text({ expiresAt: addSeconds(bench.deps.clock.now(), 300) }));
      bench.deps.clock.advance(20);
      await bench.another({ sms }).flush();
      expect(sms.sent[0]).to.deep.include({ ttlSeconds: 280, code: CODE, to: PHONE });
    });

    it('sends nothing where it only pretends to, and keeps no words of it', async () => {
      await bench.courier.pretend({ messages: bench.messages }, text());
      await bench.courier.flush();
      expect(bench.references()).to.deep.equal([]);
      const rows = await bench.database.knex<Record<string, unknown>>('messages');
      expect(rows).to.have.length(1);
      expect(rows[0]).to.deep.include({ state: 'expired', sealed: null, attempts: 0 });
      expect(await bench.messages.purge(addSeconds(bench.deps.clock.now(), 1), 10)).to.equal(1);
    });

    it('sends a message if, and only if, its change is committed', async () => {
      let committed = '';
      await bench.database.knex.transaction(async (trx) => {
        committed = await bench.courier.post({ messages: createMessageStore(trx, { sealer }) }, text());
        await bench.another().flush();
        expect(bench.references()).to.deep.equal([]);
      });
      const undone = bench.database.knex.transaction(async (trx) => {
        await bench.courier.post({ messages: createMessageStore(trx, { sealer }) }, text());
        throw new Error('changed its mind');
      });
      expect(await undone.catch((error: unknown) => String(error))).to.include('changed its mind');
      await bench.courier.flush();
      expect(bench.references()).to.deep.equal([committed]);
    });

    it('holds up no code while the mail server hangs', async () => {
      bench.courier = bench.another({ config: courierConfig({ batch: 1 }) });
      await bench.post(letter('budi@diam.test'));
      await bench.post();
      bench.courier.start();
      const { fields } = await bench.deps.log.until('message.sent');
      expect(fields.channel).to.equal('sms');
    });

    it('holds up no other code while the gateway hangs for one', async () => {
      let first = true;
      bench.gateway.answer = (request, response) => {
        if (!first) accept(request, response);
        first = false;
      };
      bench.courier.start();
      await bench.post();
      bench.courier.wake();
      while (bench.gateway.requests.length === 0) await new Promise(setImmediate);
      const id = await bench.post();
      bench.courier.wake();
      expect((await bench.deps.log.until('message.sent')).fields.messageId).to.equal(id);
    });
  });

  describe('stopping', () => {
    it('lets what is under way end and begins nothing more', async () => {
      let finish = (): void => undefined;
      bench.gateway.answer = (request, response) => {
        finish = () => {
          accept(request, response);
        };
      };
      const id = await bench.post();
      bench.courier.start();
      while (bench.gateway.requests.length === 0) await new Promise(setImmediate);
      const stopped = bench.courier.stop(60_000);
      const later = await bench.post();
      bench.courier.wake();
      finish();
      await stopped;
      expect([await bench.messages.stateOf(id), await bench.messages.stateOf(later)]).to.deep.equal(['sent', 'queued']);
    });

    it('hangs up on a gateway that does not answer in time, and leaves the message to the next start', async () => {
      const closed = new Promise((resolve) => {
        bench.gateway.answer = (_, response) => {
          resolve(once(response, 'close'));
        };
      });
      const id = await bench.post();
      bench.courier.start();
      while (bench.gateway.requests.length === 0) await new Promise(setImmediate);
      await bench.courier.stop(10);
      await closed;
      expect(await bench.messages.stateOf(id)).to.equal('queued');
    });
  });

  it('forgets messages that were done with long ago, and no others', async () => {
    const [done, waiting] = [await bench.post(), await bench.post(letter('budi@sibuk.test'))];
    await bench.courier.flush();
    bench.deps.clock.advance(86_400);
    expect(await bench.messages.purge(bench.deps.clock.now(), 10)).to.equal(1);
    expect([await bench.messages.stateOf(done), await bench.messages.stateOf(waiting)]).to.deep.equal([
      undefined,
      'queued',
    ]);
  });

  it('throws when asked to send now and the database is away', async () => {
    const claim = (): Promise<never> => Promise.reject(new DeliveryError('SMS_UNAVAILABLE', { permanent: false }));
    const failure: unknown = await bench
      .another({ store: { messages: { ...bench.messages, claim } } })
      .flush()
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
  });
});
