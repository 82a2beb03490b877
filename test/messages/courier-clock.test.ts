import { expect } from 'chai';
import { guardClock } from '../../src/jobs/clock-watch.ts';
import { addSeconds } from '../../src/ports/clock/clock.ts';
import { until } from '../support/until.ts';
import { text, useBench } from './bench.ts';
import { handClock, recordingSms } from './parts.ts';

const HOUR = 3600;

describe('Courier: clocks that are wrong', () => {
  const bench = useBench();

  it('takes and expires nothing while nobody knows what time it is: the codes of all leave by an instance whose clock is right', async () => {
    bench.gateway.answer = (_, response) => {
      response.writeHead(503).end();
    };
    const expiresAt = addSeconds(bench.deps.clock.now(), 300);
    const ids = await Promise.all(Array.from({ length: 3 }, () => bench.post(text({ expiresAt }))));
    await bench.courier.flush();
    const clock = handClock();
    const { isUncertain } = guardClock({
      watch: () => Promise.resolve('apart'),
      askAheadMs: () => Promise.resolve(HOUR * 1000),
      clock,
      undecidedMs: 60_000,
      onWrong: () => undefined,
    });
    const jumped = bench.another({ clock, isTimeUncertain: isUncertain });
    clock.advance(HOUR);
    await jumped.flush();
    for (const id of ids) expect(await bench.row(id)).to.deep.include({ state: 'queued', attempts: 1 });
    bench.gateway.answer = (_, response) => {
      response.end('{"success":true}');
    };
    bench.deps.clock.advance(2);
    await bench.courier.flush();
    for (const id of ids) expect(await bench.row(id)).to.deep.include({ state: 'sent', attempts: 2 });
  });

  it('hands over once, though another instance is half a minute ahead and the gateway takes its time', async () => {
    let answer = (): void => undefined;
    const sms = recordingSms();
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    sms.behave = () => answered;
    const [slow, ahead] = [handClock(), handClock()];
    ahead.advance(29);
    const id = await bench.post();
    const first = bench.another({ sms, clock: slow }).flush();
    await until('it is with the gateway', () => sms.sent.length > 0);
    for (const clock of [slow, ahead]) clock.advance(5);
    let hasLooked = false;
    const second = bench
      .another({ sms, clock: ahead })
      .flush()
      .finally(() => {
        hasLooked = true;
      });
    await until('the other has found nothing, or handed over as well', () => hasLooked || sms.sent.length > 1);
    answer();
    await Promise.all([first, second]);
    expect(sms.sent.map(({ ref }) => ref)).to.deep.equal([id]);
  });

  it('gives up nothing whose hand-over failed while the clock jumped: who finds the lease over tries again', async () => {
    const clock = handClock();
    let isTimeUncertain = false;
    const sms = recordingSms();
    sms.behave = () => {
      clock.advance(HOUR);
      isTimeUncertain = true;
      return Promise.reject(new Error('away'));
    };
    const jumped = bench.another({ clock, sms, isTimeUncertain: () => isTimeUncertain });
    const id = await bench.post(text({ expiresAt: addSeconds(clock.now(), 300) }));
    await jumped.flush();
    expect(await bench.row(id)).to.deep.include({ state: 'sending', attempts: 1 });
    await bench.passLeases(30);
    await bench.courier.flush();
    expect(await bench.messages.stateOf(id)).to.equal('sent');
  });
});
