import { expect } from 'chai';
import { loadConfig } from '../../src/config.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import type { MessageStore } from '../../src/store/messages.ts';
import { PHONE, useBench } from './bench.ts';
import { courierConfig } from './parts.ts';

describe('Courier: processes and databases that go away', () => {
  const bench = useBench();

  describe('when a process dies', () => {
    const claimAndDie = (): ReturnType<MessageStore['claim']> =>
      bench.messages.claim({
        channel: 'sms',
        now: bench.deps.clock.now(),
        leaseSeconds: 60,
        leaseOwner: systemRandom.uuid(),
        limit: 10,
      });

    it('leaves a code lying for less time than the citizen waits for another, and for more than a hand-over takes', () => {
      const { courier, otp, sms } = loadConfig({});
      expect(courier.leaseSeconds).to.be.at.most(otp.resendSeconds[0]! / 2);
      expect(courier.leaseSeconds * 1000).to.be.at.least(2 * sms.http.timeoutMs);
    });

    it('before it takes the message: the next one sends it', async () => {
      const id = await bench.post();
      await bench.another().flush();
      expect(bench.references()).to.deep.equal([id]);
    });

    it('before the hand-over: the next one sends it when the lease is over, not before', async () => {
      const id = await bench.post();
      await claimAndDie();
      await bench.courier.flush();
      await bench.passLeases(59);
      await bench.courier.flush();
      expect(bench.references()).to.deep.equal([]);
      await bench.passLeases(1);
      await bench.courier.flush();
      expect(bench.references()).to.deep.equal([id]);
      expect(await bench.row(id)).to.deep.include({ state: 'sent', attempts: 2 });
    });

    it('between hand-over and record: the next one hands over once more, with the same reference', async () => {
      const id = await bench.post();
      const [claimed] = await claimAndDie();
      const { to, text: words } = claimed!.open().reveal();
      await bench.deps.sms.send({ to, text: words, ref: claimed!.id, ttlSeconds: 300 });
      await bench.passLeases(60);
      await bench.courier.flush();
      await bench.courier.flush();
      expect(bench.references()).to.deep.equal([id, id]);
    });

    it('after the record: nobody sends it again', async () => {
      await bench.post();
      await bench.courier.flush();
      bench.deps.clock.advance(7200);
      await bench.another().flush();
      expect(bench.references()).to.have.length(1);
    });

    it('lets nobody record who has lost the lease', async () => {
      const id = await bench.post();
      const [late] = await claimAndDie();
      await bench.passLeases(60);
      await bench.courier.flush();
      expect(
        await bench.messages.settle(late!, { state: 'failed', error: 'SMS_UNAVAILABLE' }, bench.deps.clock.now()),
      ).to.equal(false);
      expect(await bench.messages.stateOf(id)).to.equal('sent');
    });

    it('counts no lease that a clock of the database which was ahead has made: the message is taken at once', async () => {
      const id = await bench.post();
      await claimAndDie();
      await bench.passLeases(-86_400);
      await bench.courier.flush();
      expect(await bench.messages.stateOf(id)).to.equal('sent');
    });

    it('gives the same messages again to a claim whose answer was lost on the way', async () => {
      const id = await bench.post();
      const claim = {
        channel: 'sms',
        now: bench.deps.clock.now(),
        leaseSeconds: 60,
        leaseOwner: systemRandom.uuid(),
        limit: 10,
      } as const;
      await bench.messages.claim(claim);
      expect((await bench.messages.claim(claim)).map((each) => each.id)).to.deep.equal([id]);
    });
  });

  it('never sends a message twice with two workers on one queue', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => bench.post()));
    const config = courierConfig({ batch: 7 });
    await Promise.all([bench.another({ config }).flush(), bench.another({ config }).flush()]);
    expect(bench.references().sort()).to.deep.equal(ids.sort());
  });

  it('says once that the database is away and once that it is back, and goes on', async () => {
    let away = true;
    let looks = 0;
    const claim: MessageStore['claim'] = (by) => {
      looks += 1;
      if (looks > 20) away = false;
      return away ? Promise.reject(new Error(`select ${PHONE}`)) : bench.messages.claim(by);
    };
    bench.courier = bench.another({
      store: { messages: { ...bench.messages, claim } },
      config: courierConfig({ pollMs: 10 }),
    });
    const id = await bench.post();
    bench.courier.start();
    await bench.deps.log.until('message.sent');
    await bench.deps.log.until('courier.recovered');
    expect(bench.deps.log.events().filter((event) => String(event).startsWith('courier.'))).to.deep.equal([
      'courier.unavailable',
      'courier.recovered',
    ]);
    expect(JSON.stringify(bench.deps.log.lines)).not.to.include(PHONE);
    expect(bench.references()).to.deep.equal([id]);
  });

  it('records what it has sent although the database is away for a moment then', async () => {
    let failures = 2;
    const settle: MessageStore['settle'] = (...settlement) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('connection lost')) : bench.messages.settle(...settlement);
    };
    const id = await bench.post();
    await bench.another({ store: { messages: { ...bench.messages, settle } } }).flush();
    expect(await bench.messages.stateOf(id)).to.equal('sent');
    expect(bench.references()).to.deep.equal([id]);
  });
});
