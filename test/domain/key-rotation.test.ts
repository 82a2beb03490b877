import { expect } from 'chai';
import { stepsDue, type KeyLife, type KeyState, type KeyStep, type KeyTimes } from '../../src/domain/key-rotation.ts';

const HOUR = 3600;
const times: KeyTimes = {
  rotationSeconds: 24 * HOUR,
  leadSeconds: 2 * HOUR,
  retiredSeconds: 3 * HOUR,
  hintSeconds: 10 * HOUR,
};
const start = new Date('2026-01-01T00:00:00Z');
const at = (hours: number): Date => new Date(start.getTime() + hours * HOUR * 1000);

const key = (
  kid: string,
  state: KeyState,
  { published = 0, promoted, retired }: { published?: number; promoted?: number; retired?: number } = {},
): KeyLife => ({
  kid,
  algorithm: 'ES256',
  state,
  publishedAt: at(published),
  promotedAt: promoted === undefined ? undefined : at(promoted),
  retiredAt: retired === undefined ? undefined : at(retired),
});
const say = (step: KeyStep): string => (step.step === 'make' ? `make ${step.state}` : `${step.step} ${step.kid}`);
const due = (keys: readonly KeyLife[], hours: number): string[] => stepsDue(keys, ['ES256'], at(hours), times).map(say);

describe('The life of a signing key', () => {
  const current = key('a', 'current', { promoted: 0 });
  const next = key('b', 'next', { published: 20 });

  const cases: readonly [string, readonly KeyLife[], number, readonly string[]][] = [
    ['an empty database gets one that signs and one that waits', [], 0, ['make current', 'make next']],
    ['one is always published ahead', [current], 1, ['make next']],
    ['nothing is due before its time', [current, next], 23.9, []],
    ['the next takes over on time, and another is made', [current, next], 24, ['promote b', 'make next']],
    ['never before it was published for long enough', [current, key('b', 'next', { published: 23 })], 24.9, []],
    ['but right then', [current, key('b', 'next', { published: 23 })], 25, ['promote b', 'make next']],
    ['where nothing signs, the next takes over at once', [next], 20, ['promote b', 'make next']],
    [
      'a retired one stays published while its tokens live',
      [current, next, key('z', 'retired', { retired: 0 })],
      2.9,
      [],
    ],
    ['and leaves after the last of them', [current, next, key('z', 'retired', { retired: 0 })], 3, ['withdraw z']],
    [
      'it is known for as long as an ID token can come back',
      [current, next, key('z', 'withdrawn', { retired: 0 })],
      12.9,
      [],
    ],
    ['and then forgotten', [current, next, key('z', 'withdrawn', { retired: 0 })], 13, ['forget z']],
    [
      'also where nobody looked for long',
      [current, key('b', 'next', { published: 20 }), key('z', 'retired', { retired: 0 })],
      23,
      ['forget z'],
    ],
  ];
  for (const [name, keys, hours, steps] of cases) {
    it(name, () => {
      expect(due(keys, hours)).to.deep.equal(steps);
    });
  }

  it('each algorithm has a sequence of its own', () => {
    expect(
      stepsDue([current, next], ['ES256', 'RS256'], at(1), times).map(({ algorithm, step }) => `${algorithm} ${step}`),
    ).to.deep.equal(['RS256 make', 'RS256 make']);
  });

  it('a clock that was set back promotes and ends nothing', () => {
    expect(
      due(
        [
          key('a', 'current', { promoted: 100 }),
          key('b', 'next', { published: 100 }),
          key('z', 'retired', { retired: 100 }),
        ],
        0,
      ),
    ).to.deep.equal([]);
  });

  /** A small store, as the database would do the steps. */
  class Keys {
    all: KeyLife[] = [];
    #count = 0;

    do(now: Date): void {
      for (const step of stepsDue(this.all, ['ES256'], now, times)) {
        if (step.step === 'make')
          this.all.push({
            kid: String((this.#count += 1)),
            algorithm: 'ES256',
            state: step.state,
            publishedAt: now,
            promotedAt: step.state === 'current' ? now : undefined,
            retiredAt: undefined,
          });
        else if (step.step === 'promote') {
          this.all = this.all.map((one) =>
            one.state === 'current'
              ? { ...one, state: 'retired', retiredAt: now }
              : one.kid === step.kid
                ? { ...one, state: 'current', promotedAt: now }
                : one,
          );
        } else if (step.step === 'forget') this.all = this.all.filter(({ kid }) => kid !== step.kid);
        else this.all = this.all.map((one) => (one.kid === step.kid ? { ...one, state: 'withdrawn' } : one));
      }
    }

    get published(): string[] {
      return this.all.filter(({ state }) => state !== 'withdrawn').map(({ kid }) => kid);
    }

    get signing(): string | undefined {
      return this.all.find(({ state }) => state === 'current')?.kid;
    }
  }

  it('no service meets a key that it does not know, however unluckily it keeps the set; nor misses one that a living token names', () => {
    const [cacheMinutes, tokenMinutes] = [60, 60]; // half of the lead, as the configuration demands, and the longest token
    for (const asks of [0, 1, 17, 59]) {
      const keys = new Keys();
      let cached: string[] = [];
      const seen = new Set<string>();
      const living: { kid: string; until: number }[] = [];
      const missed: number[] = [];
      for (let minute = 0; minute < 3 * 24 * 60; minute += 1) {
        keys.do(at(minute / 60));
        const { published, signing: kid = '' } = keys;
        if ((minute + asks) % cacheMinutes === 0 || minute === 0) cached = published;
        seen.add(kid);
        if (minute % 10 === 0) living.push({ kid, until: minute + tokenMinutes });
        while ((living[0]?.until ?? Infinity) < minute) living.shift();
        if (!cached.includes(kid) || living.some((token) => !published.includes(token.kid))) missed.push(minute);
      }
      expect(missed, `asked at minute ${asks}`).to.deep.equal([]);
      expect(seen.size).to.equal(3);
    }
  });
});
