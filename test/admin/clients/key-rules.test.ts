import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { findKeyProblems } from '../../../src/admin/clients/key-rules.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
const good = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'satu', use: 'sig' };
const problems = (...keys: readonly object[]): readonly string[] =>
  [...findKeyProblems(keys as Record<string, unknown>[])].map(({ field, what }) => `${field} ${what}`);

describe('Keys that a service publishes', () => {
  it('are public, told apart and strong enough', () => {
    expect(problems(good)).to.be.empty;
    expect(problems({ ...good, exp: 1_900_000_000 })).to.be.empty;
    expect(problems(good, { ...rsa(2048), kid: 'dua', use: 'enc' })).to.be.empty;
  });

  for (const [name, keys, what] of [
    ['a private key', [ec.privateKey.export({ format: 'jwk' })], /^jwks\.keys\.0 holds a private key/],
    ['a shared secret', [{ kty: 'oct', k: 'cmFoYXNpYQ' }], /^jwks\.keys\.0 holds a private key/],
    ['a weak key', [rsa(1024)], /too weak/],
    ['two keys of one name', [good, good], /^jwks\.keys\.1 has the kid of another one$/],
    ['several keys without names', [good, { ...good, kid: undefined }], /^jwks\.keys\.1 needs a kid/],
    ['an end in milliseconds', [{ ...good, exp: 1_900_000_000_000_000 }], /^jwks\.keys\.0 has an exp that is no time/],
    ['an end in words', [{ ...good, exp: '2027-01-01' }], /no time in whole seconds/],
    ['an end in fractions', [{ ...good, exp: 1.5 }], /no time in whole seconds/],
    ['a use that there is not', [{ ...good, use: 'both' }], /neither sig nor enc/],
  ] as const)
    it(`are refused with ${name}`, () => {
      const [first, ...others] = problems(...keys);
      expect(first).to.match(what);
      expect(others).to.be.empty;
    });
});
