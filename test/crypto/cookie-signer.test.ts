import { expect } from 'chai';
import { createCookieSigner } from '../../src/crypto/cookie-signer.ts';
import { sensitive } from '../../src/domain/sensitive.ts';

describe('Signatures of cookies', () => {
  const before = createCookieSigner(sensitive(['yang lama']));
  const now = createCookieSigner(sensitive(['yang baru', 'yang lama']));
  const after = createCookieSigner(sensitive(['yang baru']));

  it('are made by the first key and taken by any, and tell by which', () => {
    expect(now.index('session=abc', now.sign('session=abc'))).to.equal(0);
    expect(now.index('session=abc', before.sign('session=abc'))).to.equal(1);
    expect(after.sign('session=abc')).to.equal(now.sign('session=abc'));
    expect(after.index('session=abc', before.sign('session=abc'))).to.equal(-1);
  });

  it('hold for what was signed alone', () => {
    const signature = now.sign('session=abc');
    expect(now.verify('session=abc', signature)).to.equal(true);
    for (const other of ['session=abd', 'session=ab', 'device=abc', ''])
      expect(now.verify(other, signature), other).to.equal(false);
  });

  it('are refused in any other form: cut, longer, of other characters, none', () => {
    const signature = now.sign('session=abc');
    for (const other of [
      '',
      '=',
      signature.slice(0, -2),
      `${signature}AA`,
      signature.toUpperCase(),
      '%00',
      'é'.repeat(43),
    ])
      expect(now.index('session=abc', other), other).to.equal(-1);
  });

  it('are text that a cookie may carry as it is', () => {
    for (let number = 0; number < 50; number += 1) expect(now.sign(`session=${number}`)).to.match(/^[\w-]{43}$/);
  });

  it('need a key', () => {
    expect(() => createCookieSigner(sensitive([]))).to.throw('nothing to sign cookies with');
  });
});
