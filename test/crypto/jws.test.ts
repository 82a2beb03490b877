import { generateKeyPairSync, verify } from 'node:crypto';
import { expect } from 'chai';
import { signBytes } from '../../src/crypto/jws.ts';

describe('Signatures of tokens', () => {
  it('by ES256 are two numbers of 32 bytes side by side, also where one of them is short', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    let short = 0;
    // One number in 256 begins with a byte of zeros, which ASN.1 leaves out; every second has one more in front.
    for (let count = 0; count < 2000; count += 1) {
      const data = Buffer.from(`isi ${count}`);
      const signature = signBytes('ES256', privateKey, data);
      expect(signature).to.have.length(64);
      expect(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).to.equal(true);
      if (signature[0] === 0 || signature[32] === 0) short += 1;
    }
    expect(short).to.be.greaterThan(0);
  });

  it('by RS256 and EdDSA are what their algorithms give', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const ed = generateKeyPairSync('ed25519');
    const data = Buffer.from('isi');
    expect(verify('sha256', data, rsa.publicKey, signBytes('RS256', rsa.privateKey, data))).to.equal(true);
    expect(verify(null, data, ed.publicKey, signBytes('EdDSA', ed.privateKey, data))).to.equal(true);
    expect(() => signBytes('HS256', rsa.privateKey, data)).to.throw('nothing here signs by HS256');
  });
});
