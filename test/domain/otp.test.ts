import { expect } from 'chai';
import {
  checkCode,
  issueChallenge,
  parseOtpCode,
  reissueChallenge,
  resendAt,
  secondsUntilResend,
  type Attempt,
  type Challenge,
  type CodePolicy,
} from '../../src/domain/otp.ts';

const policy: CodePolicy = { ttlSeconds: 300, triesPerCode: 5, resendSeconds: [60, 120, 300, 900] };
const start = new Date('2026-11-23T03:00:00Z');
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000);

const issued = issueChallenge(
  { purpose: 'activation', recipientHash: 'hash of the number', codeHash: 'hash of the code' },
  start,
  policy,
);
const right: Attempt = { purpose: 'activation', recipientHash: 'hash of the number', matches: true };
const wrong: Attempt = { ...right, matches: false };

const afterWrongTries = (count: number): Challenge =>
  Array.from({ length: count }).reduce<Challenge>(
    (challenge) => checkCode(challenge, wrong, after(1), policy).challenge,
    issued,
  );

describe('One-time code: reading what was typed', () => {
  for (const text of ['012345', ' 012 345 ', '012-345', '０１２３４５', '\u200b012345\u2060', '012\u00a0345']) {
    it(`takes ${JSON.stringify(text)}, leading zero kept`, () => {
      expect(parseOtpCode(text)).to.deep.equal({ ok: true, value: '012345' });
    });
  }

  for (const text of [
    '',
    '12345',
    '1234567',
    '12345a',
    '12.345',
    '+12345',
    '1e5000',
    '١٢٣٤٥٦',
    '12345\0',
    '1'.repeat(100_000),
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      expect(parseOtpCode(text)).to.deep.equal({ ok: false, refusal: 'code-form' });
    });
  }
});

describe('One-time code: checking', () => {
  it('accepts the right code once', () => {
    const first = checkCode(issued, right, after(10), policy);
    expect(first.outcome).to.equal('accepted');
    expect(checkCode(first.challenge, right, after(11), policy)).to.deep.equal({
      outcome: 'used',
      challenge: first.challenge,
      triesLeft: 0,
    });
  });

  it('counts wrong tries down and dies of the last', () => {
    const told = [];
    let challenge = issued;
    for (let i = 0; i < 6; i++) {
      const checked = checkCode(challenge, wrong, after(i), policy);
      told.push([checked.outcome, checked.triesLeft, checked.challenge.tries]);
      challenge = checked.challenge;
    }
    expect(told).to.deep.equal([
      ['wrong', 4, 1],
      ['wrong', 3, 2],
      ['wrong', 2, 3],
      ['wrong', 1, 4],
      ['dead', 0, 5],
      ['dead', 0, 5],
    ]);
  });

  it('accepts the right code at the last try', () => {
    expect(checkCode(afterWrongTries(4), right, after(10), policy).outcome).to.equal('accepted');
  });

  it('refuses the right code of a dead challenge', () => {
    expect(checkCode(afterWrongTries(5), right, after(10), policy).outcome).to.equal('dead');
  });

  it('lives to its last second, and no longer', () => {
    expect(checkCode(issued, right, after(299.999), policy).outcome).to.equal('accepted');
    expect(checkCode(issued, right, after(300), policy)).to.deep.equal({
      outcome: 'expired',
      challenge: issued,
      triesLeft: 0,
    });
    expect(checkCode(issued, wrong, after(300), policy).challenge.tries).to.equal(0);
  });

  it('takes a date that cannot be read for a date that has passed', () => {
    expect(checkCode({ ...issued, expiresAt: 'soon' }, right, start, policy).outcome).to.equal('expired');
  });

  it('takes the code of another purpose or another recipient for a wrong one', () => {
    expect(checkCode(issued, { ...right, purpose: 'recovery' }, after(1), policy)).to.include({
      outcome: 'wrong',
      triesLeft: 4,
    });
    expect(checkCode(issued, { ...right, recipientHash: 'hash of another number' }, after(1), policy)).to.include({
      outcome: 'wrong',
      triesLeft: 4,
    });
  });

  it('leaves the challenge it was given as it was', () => {
    const before = structuredClone(issued);
    checkCode(issued, wrong, after(1), policy);
    checkCode(issued, right, after(1), policy);
    expect(issued).to.deep.equal(before);
  });

  it('survives being stored as JSON', () => {
    expect(JSON.parse(JSON.stringify(issued))).to.deep.equal(issued);
  });
});

describe('One-time code: sending again', () => {
  const waits = [60, 120, 300, 900, 900, 900];

  it('makes the waits longer with every code, the last one repeating', () => {
    let challenge = issued;
    let elapsed = 0;
    for (const wait of waits) {
      expect(resendAt(challenge, policy)).to.deep.equal(after(elapsed + wait));
      const early = reissueChallenge(challenge, 'another hash', after(elapsed + wait - 0.001), policy);
      expect(early).to.deep.equal({ ok: false, refusal: { reason: 'too-soon', resendAt: after(elapsed + wait) } });
      elapsed += wait;
      const again = reissueChallenge(challenge, 'another hash', after(elapsed), policy);
      if (!again.ok) throw new Error('refused too long');
      challenge = again.value;
    }
    expect(challenge.sends).to.equal(waits.length + 1);
  });

  it('tells the seconds left, none once they have passed', () => {
    expect(
      [0, 0.5, 59.001, 60, 500].map((seconds) => secondsUntilResend(issued, after(seconds), policy)),
    ).to.deep.equal([60, 60, 1, 0, 0]);
  });

  it('gives a fresh code with all its tries, in the place of the old one', () => {
    const again = reissueChallenge(afterWrongTries(5), 'another hash', after(60), policy);
    expect(again).to.deep.equal({
      ok: true,
      value: {
        ...issued,
        codeHash: 'another hash',
        issuedAt: after(60).toISOString(),
        expiresAt: after(360).toISOString(),
        tries: 0,
        sends: 2,
      },
    });
  });

  it('makes a dead, an expired and a used code wait alike', () => {
    const used = checkCode(issued, right, after(1), policy).challenge;
    for (const challenge of [afterWrongTries(5), used])
      expect(reissueChallenge(challenge, 'another hash', after(59), policy).ok).to.equal(false);
    expect(reissueChallenge(issued, 'another hash', after(301), { ...policy, resendSeconds: [600] }).ok).to.equal(
      false,
    );
  });

  it('does not carry the use of the old code over to the new one', () => {
    const used = checkCode(issued, right, after(1), policy).challenge;
    const again = reissueChallenge(used, 'another hash', after(60), policy);
    expect(again.ok && again.value.usedAt).to.equal(undefined);
  });
});
