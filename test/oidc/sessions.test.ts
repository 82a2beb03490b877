import { expect } from 'chai';
import { isOnlyLater } from '../../src/oidc/state/remembered.ts';

const HOUR = 3600;
const FORTNIGHT = 1_209_600;
const NOW = 1_800_000_000;

describe('Protocol: a session that is used again', () => {
  const session = (exp: number, changes: object = {}) => ({
    kind: 'Session',
    jti: 'j',
    uid: 'u',
    accountId: 'a',
    loginTs: NOW,
    iat: NOW,
    exp,
    authorizations: { karirhub: { sid: 's', grantId: 'g' } },
    ...changes,
  });

  for (const { lives, least, words } of [
    { lives: FORTNIGHT, least: 300, words: 'five minutes' },
    { lives: HOUR, least: 36, words: 'a hundredth of its life, where that is less' },
  ]) {
    it(`is not written for ending later by less than ${words}`, () => {
      const found = session(NOW + lives);
      const later = (seconds: number): boolean =>
        isOnlyLater(found, session(NOW + lives + seconds, { iat: NOW + seconds }), lives);
      expect(later(0)).to.equal(true);
      expect(later(least - 1)).to.equal(true);
      expect(later(least)).to.equal(false);
    });
  }

  it('is written at once where anything else has changed', () => {
    const end = NOW + FORTNIGHT;
    const isSame = (changes: object): boolean => isOnlyLater(session(end), session(end + 1, changes), FORTNIGHT);
    expect(isSame({})).to.equal(true);
    expect(isSame({ loginTs: NOW + 1 }), 'signed in again').to.equal(false);
    expect(isSame({ accountId: 'b' }), 'somebody else').to.equal(false);
    expect(isSame({ transient: true }), 'on a device that is not one’s own').to.equal(false);
    expect(isSame({ acr: 'urn:siapkerja:acr:two-factor' }), 'stepped up').to.equal(false);
    expect(
      isSame({ authorizations: { karirhub: { sid: 's', grantId: 'g' }, skillhub: { sid: 't' } } }),
      'another service, which is to be told of a sign-out',
    ).to.equal(false);
    expect(isSame({ authorizations: undefined }), 'something taken back').to.equal(false);
  });

  it('is written where it is to end much sooner, as when the setting has changed', () => {
    expect(isOnlyLater(session(NOW + FORTNIGHT), session(NOW + HOUR), HOUR)).to.equal(false);
  });

  it('is written where the request has not read it, or one of the two has no end', () => {
    expect(isOnlyLater(undefined, session(NOW + HOUR), HOUR)).to.equal(false);
    expect(isOnlyLater({ ...session(0), exp: undefined }, session(NOW + HOUR), HOUR)).to.equal(false);
    expect(isOnlyLater(session(NOW + HOUR), session(NOW + HOUR)), 'no life is told').to.equal(false);
  });
});
