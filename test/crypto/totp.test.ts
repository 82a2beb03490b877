import { expect } from 'chai';
import { createTotp } from '../../src/crypto/totp.ts';
import type { OtpCode } from '../../src/domain/otp.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { systemRandom } from '../../src/ports/random/random.ts';

const totp = createTotp({ random: systemRandom });
/** `12345678901234567890`, the secret of RFC 6238, appendix B. */
const secret = sensitive('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
const at = (seconds: number): Date => new Date(seconds * 1000);

describe('Codes of an authenticator app', () => {
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ] as const) {
    it(`are those of RFC 6238 at ${seconds} s`, () => {
      expect(totp.stepOf(secret, code as OtpCode, at(seconds))).to.equal(Math.floor(seconds / 30));
    });
  }

  it('count half a minute early and late, and no longer', () => {
    const [code, step] = ['005924' as OtpCode, 41_152_263];
    for (const drift of [-30, 0, 30])
      expect(totp.stepOf(secret, code, at(step * 30 + 15 + drift)), String(drift)).to.equal(step);
    for (const drift of [-60, 60])
      expect(totp.stepOf(secret, code, at(step * 30 + 15 + drift)), String(drift)).to.equal(undefined);
  });

  it('come from a secret of 160 bits that is new each time and does not print', () => {
    const secrets = [totp.newSecret(), totp.newSecret()];
    expect(secrets[0]?.reveal())
      .to.match(/^[A-Z2-7]{32}$/)
      .and.not.equal(secrets[1]?.reveal());
    expect(JSON.stringify(secrets)).to.include('redacted');
  });

  it('are described to the app as it expects them', () => {
    const uri = new URL(totp.uri(secret, 'b***@contoh.test'));
    expect([uri.protocol, uri.host]).to.deep.equal(['otpauth:', 'totp']);
    expect(decodeURIComponent(uri.pathname)).to.equal('/SIAPkerja:b***@contoh.test');
    expect(Object.fromEntries(uri.searchParams)).to.deep.equal({
      issuer: 'SIAPkerja',
      secret: secret.reveal(),
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});
