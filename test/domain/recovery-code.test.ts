import { expect } from 'chai';
import {
  parseRecoveryCode,
  RECOVERY_CODE_BYTES,
  showRecoveryCode,
  toRecoveryCode,
} from '../../src/domain/recovery-code.ts';

describe('Recovery codes', () => {
  const code = toRecoveryCode(Uint8Array.from([7, 19, 2, 20, 50, 41, 61, 27, 24, 11]));

  it('are shown in two halves and read however they were written down', () => {
    expect(showRecoveryCode(code)).to.equal('7K2MJ-9XVRB');
    for (const typed of ['7K2MJ-9XVRB', '7k2mj9xvrb', ' 7K2MJ – 9XVRB\n', '７Ｋ２ＭＪ９ＸＶＲＢ'])
      expect(parseRecoveryCode(typed), typed).to.deep.equal({ ok: true, value: code });
  });

  it('forgive letters that look like digits, for they are never in one', () => {
    expect(parseRecoveryCode('OIL00-00000')).to.deep.equal({ ok: true, value: '0110000000' });
    const all = Array.from({ length: 256 }, (_, byte) =>
      toRecoveryCode(new Uint8Array(RECOVERY_CODE_BYTES).fill(byte)).charAt(0),
    );
    expect(new Set(all).size, 'letters').to.equal(32);
    for (const letter of 'OILU') expect(all).not.to.include(letter);
  });

  it('are nothing else', () => {
    for (const typed of ['', '7K2MJ-9XVR', '7K2MJ-9XVRBB', '7K2MJ-9XVR!', 'UUUUU-UUUUU'])
      expect(parseRecoveryCode(typed), typed).to.deep.equal({ ok: false, refusal: 'recovery-code-form' });
  });
});
