import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { ProtocolState, ProtocolWrite, Renewed } from '../../src/store/protocol-state.ts';
import type { RedisConnection } from '../../src/store/redis/connection.ts';
import { createRedisProtocolState } from '../../src/store/redis/protocol-state.ts';
import { redisBenches, type RedisBench } from '../support/redis-bench.ts';

const benches = redisBenches();
after(() => benches.close());

/** What stands in a session: a letter for each who has written there. */
const BEGUN = Buffer.from('a---');
const both = (one: Buffer, other: Buffer): Buffer =>
  Buffer.from(Array.from('abcd', (letter) => (one.includes(letter) || other.includes(letter) ? letter : '-')).join(''));
const [WITH_B, WITH_C, WITH_C_D] = [Buffer.from('ab--'), Buffer.from('a-c-'), Buffer.from('a-cd')];

const stateOn = (redis: RedisConnection): ProtocolState => createRedisProtocolState({ redis, longestSeconds: 3600 });

for (const [name, start] of benches.all) {
  describe(`A session that gets another id, whatever happens in the midst of it, on ${name}`, () => {
    let bench: RedisBench;
    let others: ProtocolState;
    before(async () => {
      bench = await start();
      others = stateOn(bench.elsewhere);
    });

    class Session {
      readonly former = randomBytes(32);
      readonly id = randomBytes(32);
      readonly uid = randomBytes(32);
      row = (payload: Buffer, id: Buffer): ProtocolWrite => ({
        model: 'Session',
        id,
        payload,
        grantId: undefined,
        uid: this.uid,
        userCode: undefined,
        holder: undefined,
        ttlSeconds: 60,
      });
      /** Another request writes under the former id, or another, in the place of what it has read. */
      write = (payload: Buffer, read: Buffer, id = this.former): Promise<Renewed> =>
        others.renew(this.row(payload, id), this.former, read);
      end = (): Promise<void> => others.end('Session', this.former, this.uid);
      /** What is found under the former id, under the new one and by the uid. */
      found = async (): Promise<(string | undefined)[]> =>
        (
          await Promise.all([
            others.find('Session', this.former),
            others.find('Session', this.id),
            others.findByUid('Session', this.uid),
          ])
        ).map((row) => row?.payload.toString());

      /** Adds `b` and moves it, as the protocol does: with whatever another has written meanwhile. */
      async move(state: ProtocolState): Promise<boolean> {
        let [mine, read, at]: readonly [Buffer, Buffer, Buffer] = [WITH_B, BEGUN, this.former];
        for (;;) {
          const renewed = await state.renew(this.row(mine, this.id), at, read);
          if (renewed === true) return true;
          const theirs = renewed === false ? (await others.find('Session', at))?.payload : renewed.overtook;
          if (theirs === undefined) return false;
          [mine, read, at] = renewed === false ? [both(mine, theirs), theirs, at] : [both(mine, theirs), mine, this.id];
        }
      }
    }

    interface Move {
      readonly session: Session;
      /** Undefined where who moved it died. */
      readonly counts: boolean | undefined;
    }

    /**
     * Moves a session, with something that happens right before each command is sent. @returns undefined where fewer
     * are sent than `last`.
     */
    async function moved(
      happens: (session: Session, count: number) => Promise<unknown>,
      last: number,
      dies = false,
    ): Promise<Move | undefined> {
      const session = new Session();
      await others.upsert(session.row(BEGUN, session.former));
      let sent = 0;
      const after = async <T>(send: () => Promise<T>): Promise<T> => {
        const count = sent++;
        await happens(session, count);
        if (dies && count >= last) throw new Error('nobody is there any more to send it');
        return send();
      };
      const { redis } = bench;
      const state = stateOn({
        ...redis,
        call: (...args) => after(() => redis.call(...args)),
        run: (...args) => after(() => redis.run(...args)),
      });
      const counts = await session
        .move(state)
        .catch((error: unknown) => (dies ? undefined : Promise.reject(error as Error)));
      return sent > last ? { session, counts } : undefined;
    }
    /** Does so for the first command, the second, and so on up to the last. */
    async function atEach(
      happens: (session: Session, count: number, at: number) => Promise<unknown>,
      then: (move: Move, at: number) => Promise<void>,
      dies = false,
    ): Promise<void> {
      let at = 0;
      for (
        let move;
        (move = await moved((session, count) => happens(session, count, at), at, dies)) !== undefined;
        at += 1
      )
        await then(move, at);
      expect(at, 'it came to that').to.be.greaterThan(0);
    }
    /** On a cluster, once its former row was looked at. */
    const LOOKED = 2;

    it('ends by a sign-out', async () => {
      for (const meanwhile of [
        () => Promise.resolve(),
        (session: Session, count: number) => (count === LOOKED ? session.write(WITH_C, BEGUN) : Promise.resolve()),
      ]) {
        await atEach(
          async (session, count, at) => {
            await meanwhile(session, count);
            if (count === at) await session.end();
          },
          async ({ session }, at) => {
            expect(await session.found(), `${at}`).to.deep.equal([undefined, undefined, undefined]);
          },
        );
      }
    });

    it('has what another has written under the former id, where that was told that it counts', async () => {
      let told: Renewed | undefined;
      await atEach(
        async (session, count, at) => {
          if (count === at) told = await session.write(WITH_C, BEGUN);
        },
        async ({ session, counts }, at) => {
          const [former, now, byUid] = await session.found();
          expect([counts, former, now], `${at}`).to.deep.equal([true, undefined, byUid]);
          expect(byUid, `${at}`).to.be.oneOf(told === true ? ['abc-'] : ['ab--', 'abc-']);
        },
      );
    });

    // Elsewhere it is one step, in the midst of which nobody comes.
    if (name.includes('Cluster')) {
      it('has it too where a third comes with the former id when it has just moved, and that one finds it gone', async () => {
        for (const [asAnother, has] of [
          [true, 'abc-'],
          [false, 'abcd'],
        ] as const) {
          const answers: Renewed[] = [];
          const move = await moved(async (session, count) => {
            if (count === LOOKED) answers.push(await session.write(WITH_C, BEGUN));
            if (count !== LOOKED + 1) return;
            answers.push(
              await session.write(WITH_C_D, WITH_C, asAnother ? randomBytes(32) : session.former),
              await session.write(WITH_C_D, WITH_C),
            );
            expect((await session.found())[0]).to.equal(undefined);
          }, LOOKED + 1);
          expect([answers, move?.counts]).to.deep.equal([[true, false, false], true]);
          expect(await move?.session.found()).to.deep.equal([undefined, has, has]);
        }
      });
    }

    it('ends by a sign-out where who moved it died, and where nobody signs out the former id is good or gone', async () => {
      for (const signsOut of [true, false]) {
        await atEach(
          (session, count) => (count === LOOKED ? session.write(WITH_C, BEGUN) : Promise.resolve()),
          async ({ session }, at) => {
            const [before] = await session.found();
            if (signsOut) await session.end();
            else if (await session.write(WITH_C_D, Buffer.from(before ?? '')))
              expect((await session.found())[2], `${at}`).to.equal('a-cd');
            else expect((await session.found())[0], `${at}`).to.equal(undefined);
            // Of the new id nobody has heard.
            const [former, , byUid] = await session.found();
            if (signsOut) expect([former, byUid], `${at}`).to.deep.equal([undefined, undefined]);
          },
          true,
        );
      }
    });
  });
}
