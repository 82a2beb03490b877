import { expect } from 'chai';
import { honours, isLeftOpen, nextSecond, signInMoment } from '../../src/domain/session.ts';

const at = (text: string): Date => new Date(`2026-11-23T${text}Z`);
const seconds = (text: string): number => at(text).getTime() / 1000;

describe('Sign-ins that count', () => {
  const ended = { status: 'active', sessionsValidAfter: nextSecond(at('07:30:00.400')) } as const;

  it('are all of an account that never ended its sessions', () => {
    expect(honours({ status: 'active', sessionsValidAfter: undefined }, 0)).to.equal(true);
  });

  it('are none of a suspended account', () => {
    expect(honours({ status: 'suspended', sessionsValidAfter: undefined }, seconds('07:30:00'))).to.equal(false);
  });

  const moments: readonly [string, string, boolean][] = [
    ['of the second before', '07:29:59', false],
    ['of the very second in which sessions were ended', '07:30:00', false],
    ['of the second after', '07:30:01', true],
  ];
  for (const [name, text, counts] of moments) {
    it(`${counts ? 'are' : 'are not'} those ${name}`, () => {
      expect(honours(ended, seconds(text))).to.equal(counts);
    });
  }

  it('are those proved against the account as it is after the end, even within the same second', () => {
    expect(honours(ended, signInMoment(ended, at('07:30:00.900')))).to.equal(true);
  });

  it('are not those proved against the account as it was before', () => {
    expect(honours(ended, signInMoment({ sessionsValidAfter: undefined }, at('07:30:00.900')))).to.equal(false);
  });

  it('are dated by the clock alone otherwise', () => {
    expect(signInMoment({ sessionsValidAfter: undefined }, at('07:30:00.900'))).to.equal(seconds('07:30:00'));
    expect(signInMoment(ended, at('08:00:00.100'))).to.equal(seconds('08:00:00'));
  });

  it('end with a whole second, even where the moment is one', () => {
    expect(nextSecond(at('07:30:00.000'))).to.deep.equal(at('07:30:01.000'));
  });

  it('go on from the last page of a journey for a quarter of an hour', () => {
    expect(isLeftOpen(seconds('07:30:00'), at('07:45:00.900'))).to.equal(false);
    expect(isLeftOpen(seconds('07:30:00'), at('07:45:01.000'))).to.equal(true);
  });
});
