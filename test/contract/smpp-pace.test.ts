import { mock } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { DeliveryError } from '../../src/ports/delivery.ts';
import { createSmppGateway } from '../../src/ports/sms/smpp/gateway.ts';
import { createPace, type Pace, type PaceLimits } from '../../src/ports/sms/smpp/pace.ts';
import type { SmsGateway, TextMessage } from '../../src/ports/sms/sms.ts';
import { recordingLog } from '../messages/parts.ts';
import { smppSettings, startCentre, type TestCentre } from '../messages/smpp-centre.ts';
import { until } from '../support/until.ts';

const message: TextMessage = {
  to: '+6281234567890',
  text: 'SIAPkerja: kode 123456.',
  ref: 'b6f1b1f0-0000-4000-8000-000000000001',
  ttlSeconds: 300,
};
const THROTTLED = 0x58;
const QUEUE_FULL = 0x14;
const never = new AbortController().signal;

describe('The pace of submissions over SMPP', () => {
  describe('by itself', () => {
    const limits: PaceLimits = { pauseMs: 1000, longestPauseMs: 4000, gapMs: 100, longestGapMs: 400 };
    beforeEach(() => {
      mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    });
    afterEach(() => {
      mock.timers.reset();
    });

    const settled = async (ms: number): Promise<void> => {
      mock.timers.tick(ms);
      await turnOfLoop();
    };
    /** How long it is until so many have had their turn, looked at by steps of 10 ms. */
    async function msFor(turns: readonly Promise<void>[]): Promise<number> {
      let done = 0;
      for (const turn of turns)
        void turn.then(() => {
          done += 1;
        });
      await settled(0);
      for (let ms = 0; ; ms += 10) {
        if (done === turns.length) return ms;
        await settled(10);
      }
    }
    const take = (pace: Pace, count: number): Promise<void>[] => Array.from({ length: count }, () => pace.turn(never));

    const paceOf = (): Pace => createPace(limits, () => Date.now());

    it('is as fast as they come, until the centre has enough', async () => {
      const pace = paceOf();
      expect(await msFor(take(pace, 500))).to.equal(0);
      expect(pace.throttled()).to.equal(true);
      expect(pace.isPaused()).to.equal(true);
      expect(await msFor(take(pace, 1))).to.be.within(1000, 1210);
      expect(pace.isPaused()).to.equal(false);
    });

    it('takes the rest of a burst for the same news', () => {
      const pace = paceOf();
      expect([1, 2, 3].map(() => pace.throttled())).to.deep.equal([true, false, false]);
      expect(pace.count()).to.equal(3);
    });

    it('pauses for longer each time, up to a bound, and briefly again once something was accepted', async () => {
      const pace = paceOf();
      for (const least of [1000, 2000, 4000, 4000]) {
        pace.throttled();
        expect(await msFor(take(pace, 1))).to.be.within(least, least * 1.2 + 10);
      }
      pace.accepted();
      pace.throttled();
      expect(await msFor(take(pace, 1))).to.be.within(1000, 1210);
    });

    it('goes on with a gap between any two, wider each time up to a bound, which closes as they are accepted', async () => {
      const pace = paceOf();
      for (const gap of [100, 200, 400, 400]) {
        pace.throttled();
        await msFor(take(pace, 1));
        expect(await msFor(take(pace, 5)), `gap of ${gap}`).to.be.within(5 * gap - 10, 5 * gap + 10);
      }
      for (let accepted = 0; accepted < 34; accepted += 1) pace.accepted();
      await msFor(take(pace, 1));
      expect(await msFor(take(pace, 5))).to.be.within(950, 1050);
      for (let accepted = 0; accepted < 400; accepted += 1) pace.accepted();
      await msFor(take(pace, 1));
      expect(await msFor(take(pace, 500))).to.be.at.most(10);
    });

    it('learns nothing from answers to what was submitted before the pause', async () => {
      const pace = paceOf();
      pace.throttled();
      for (let accepted = 0; accepted < 1000; accepted += 1) pace.accepted();
      await msFor(take(pace, 1));
      expect(await msFor(take(pace, 5))).to.be.within(490, 510);
    });

    it('lets go of who cannot wait', async () => {
      const pace = paceOf();
      pace.throttled();
      const hurry = new AbortController();
      const failed = pace.turn(hurry.signal).catch((error: unknown) => error);
      hurry.abort();
      expect(await failed)
        .to.be.instanceOf(DeliveryError)
        .and.include({ permanent: false, message: 'SMS_UNAVAILABLE: throttled before' });
    });

    it('keeps no moment for who has let go: the next has its turn after one gap, however many did not wait for theirs', async () => {
      const pace = paceOf();
      for (let times = 0; times < 4; times += 1) {
        pace.throttled();
        await msFor(take(pace, 1));
      }
      const hurry = new AbortController();
      const failed = Array.from({ length: 50 }, () =>
        pace.turn(hurry.signal).then(
          () => 'went',
          () => 'let go',
        ),
      );
      await settled(1000);
      hurry.abort();
      expect((await Promise.all(failed)).filter((end) => end === 'let go')).to.have.length.within(46, 49);
      expect(await msFor(take(pace, 1))).to.be.at.most(410);
    });

    it('lets nobody wait who has let go before, and takes no turn for them', async () => {
      const pace = paceOf();
      pace.throttled();
      await msFor(take(pace, 1));
      await settled(100);
      const error: unknown = await pace.turn(AbortSignal.abort()).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(DeliveryError);
      expect(await msFor(take(pace, 1))).to.equal(0);
    });

    it('has them go in the order in which they came', async () => {
      const pace = paceOf();
      pace.throttled();
      const went: number[] = [];
      const hurry = new AbortController();
      const turns = [0, 1, 2, 3].map((which) =>
        pace.turn(which === 1 ? hurry.signal : never).then(
          () => {
            went.push(which);
          },
          () => undefined,
        ),
      );
      hurry.abort();
      await msFor(turns);
      expect(went).to.deep.equal([0, 2, 3]);
    });
  });

  describe('by a clock that is set back', () => {
    afterEach(() => {
      mock.timers.reset();
    });

    it('stands still for nobody', async () => {
      mock.timers.enable({ apis: ['Date'], now: Date.now() });
      const pace = createPace();
      await pace.turn(never);
      mock.timers.setTime(Date.now() - 3_600_000);
      let went = false;
      void pace.turn(never).then(() => {
        went = true;
      });
      await turnOfLoop();
      expect(went).to.equal(true);
    });
  });

  describe('at a centre', () => {
    let centre: TestCentre;
    let sms: SmsGateway;
    let log: ReturnType<typeof recordingLog>;
    beforeEach(async () => {
      centre = await startCentre();
      log = recordingLog();
    });
    afterEach(async () => {
      await centre.close();
      await sms.close();
    });
    const open = (limits: Partial<PaceLimits>): void => {
      sms = createSmppGateway(smppSettings(centre.url), log, {
        pace: createPace({ pauseMs: 20, longestPauseMs: 100, gapMs: 2, longestGapMs: 20, ...limits }),
      });
    };

    for (const status of [THROTTLED, QUEUE_FULL]) {
      it(`holds every message back after 0x${status.toString(16)}, says so once, and then sends them`, async () => {
        open({ pauseMs: 300 });
        const answers: ((status: number) => void)[] = [];
        centre.onSubmit = ({ refuse }) => {
          answers.push(refuse);
        };
        const first = [sms.send(message), sms.send(message)].map((sending) => sending.catch((error: unknown) => error));
        await until('both are submitted', () => answers.length === 2);
        expect(sms.isPaused?.()).to.equal(false);
        for (const refuse of answers) refuse(status);
        for (const error of await Promise.all(first))
          expect(error).to.be.instanceOf(DeliveryError).and.include({ permanent: false });
        expect([
          sms.isPaused?.(),
          sms.throttled?.(),
          log.events().filter((event) => event === 'sms.line.throttled').length,
        ]).to.deep.equal([true, 2, 1]);

        centre.onSubmit = ({ accept }) => {
          accept();
        };
        const pausedAt = performance.now();
        await Promise.all([sms.send(message), sms.send(message), sms.send(message)]);
        expect(performance.now() - pausedAt).to.be.at.least(250);
        expect(centre.submitted).to.have.length(5);
        expect(sms.isPaused?.()).to.equal(false);
      });
    }

    it('refuses few where it allows few: all are sent, and it is not asked over and over', async () => {
      open({});
      const [most, every] = [5, 50];
      let [allowed, from] = [most, 0];
      centre.onSubmit = ({ accept, refuse }) => {
        if (performance.now() - from > every) [allowed, from] = [most, performance.now()];
        allowed -= 1;
        if (allowed >= 0) accept();
        else refuse(THROTTLED);
      };
      const insistently = async (): Promise<void> => {
        while (
          await sms.send(message).then(
            () => false,
            () => true,
          )
        )
          await turnOfLoop();
      };
      await Promise.all(Array.from({ length: 100 }, insistently));
      expect(sms.throttled?.()).to.be.within(1, 60);
    });

    it('sends as before once a centre that had enough for a while takes what it is given, however many wait who cannot wait long', async () => {
      // The proportions of production: a gap of a tenth of what anybody waits, ten at once, and more that want to.
      const pace = createPace({ pauseMs: 20, longestPauseMs: 60, gapMs: 40, longestGapMs: 40 });
      sms = createSmppGateway(smppSettings(centre.url, { timeoutMs: 400 }), log, { pace });
      let refusals = 0;
      centre.onSubmit = ({ accept, refuse }) => {
        // As slow as centres are.
        if ((refusals += 1) > 20) setTimeout(accept, 60);
        else refuse(THROTTLED);
      };
      let sent = 0;
      const insistently = async (): Promise<void> => {
        while (sent < 100) {
          if (
            await sms.send(message).then(
              () => true,
              () => false,
            )
          )
            sent += 1;
          await turnOfLoop();
        }
      };
      await Promise.all(Array.from({ length: 40 }, insistently));
    });

    it('hears the answer to what went late: its time begins when it is submitted', async () => {
      const pace = createPace({ pauseMs: 700, longestPauseMs: 700, gapMs: 1, longestGapMs: 1 });
      let waiting: AbortSignal | undefined;
      sms = createSmppGateway(smppSettings(centre.url, { timeoutMs: 1500 }), log, {
        pace: { ...pace, turn: (signal) => pace.turn((waiting = signal)) },
      });
      centre.onSubmit = ({ accept }) => {
        waiting?.addEventListener('abort', () => {
          accept('a1');
        });
      };
      pace.throttled();
      expect((await sms.send(message)).providerId).to.equal('a1');
    });

    it('keeps the gap too when the line is bound again: no turn is used up while there is none', async () => {
      const { port } = new URL(centre.url);
      await centre.close();
      const gapMs = 100;
      const pace = createPace({ pauseMs: 1, longestPauseMs: 1, gapMs, longestGapMs: gapMs });
      let boundAt = Infinity;
      const telling = {
        ...log,
        info: (...told: Parameters<typeof log.info>) => {
          if (told[0].event === 'sms.line.bound') boundAt = performance.now();
          log.info(...told);
        },
      };
      sms = createSmppGateway(smppSettings(centre.url), telling, { pace, waitsMs: [6 * gapMs] });
      pace.throttled();
      sms.listen?.(() => Promise.resolve());
      await until('the line has been tried', () => log.events().includes('sms.line.lost'));
      const sending = Array.from({ length: 5 }, () => sms.send(message));
      centre = await startCentre({ port: Number(port) });
      let lastAt = 0;
      centre.onSubmit = ({ accept }) => {
        lastAt = performance.now();
        accept();
      };
      await Promise.all(sending);
      // Each that is accepted leaves the gap a little smaller.
      expect(lastAt - boundAt).to.be.at.least(4 * gapMs * 0.9);
    });
  });
});
