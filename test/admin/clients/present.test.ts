import { calculateJwkThumbprint } from 'jose';
import { expect } from 'chai';
import { showChange, showNew, showValues } from '../../../src/admin/clients/present.ts';

const rsa = { kty: 'RSA', kid: 'a', use: 'sig', e: 'AQAB', n: `${'u'.repeat(300)}Q` };
const ec = {
  kty: 'EC',
  crv: 'P-256',
  kid: 'a',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};
const okp = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

describe('What a reviewer sees of a change', () => {
  const change = (name: string, before: unknown, after: unknown) =>
    showChange({ name, before, after, widens: true }).values.map(
      ({ mark, text, host = '', after: rest = '' }) => `${String(mark)} ${text}${host}${rest}`,
    );
  const keys = (...all: readonly object[]): object => ({ keys: all });

  for (const key of [rsa, ec, okp]) {
    it(`is the whole thumbprint of a key of kind ${key.kty}, and all it says besides`, async () => {
      expect(change('jwks', undefined, keys({ ...key, alg: 'X' }))[0])
        .to.include(`SHA-256 ${await calculateJwkThumbprint(key)}`)
        .and.include(' alg=X');
    });
  }

  const lookalikes: [string, object, object][] = [
    ['another modulus with the same beginning and the same name', rsa, { ...rsa, n: `${'u'.repeat(300)}A` }],
    ['another exponent', rsa, { ...rsa, e: 'Aw' }],
    ['the mirrored point of a curve', ec, { ...ec, y: `A${ec.y.slice(1)}` }],
    ['another use of the same key', ec, { ...ec, use: 'enc' }],
    ['a name that differs at its far end', { ...ec, kid: `${'k'.repeat(60)}1` }, { ...ec, kid: `${'k'.repeat(60)}2` }],
  ];
  for (const [what, before, after] of lookalikes) {
    it(`tells ${what} from what was there`, () => {
      const [was, is] = change('jwks', keys(before), keys(after));
      expect(was).to.match(/^removed /);
      expect(is).to.match(/^added /);
      expect(was?.slice('removed '.length)).not.to.equal(is?.slice('added '.length));
    });
  }

  it('tells an address from one that a browser takes for the same', () => {
    expect(
      change('redirect_uris', ['https://rp.test/cb'], ['https://rp.test/a/../cb', 'https://rp.test:443/cb']),
    ).to.deep.equal([
      'removed https://rp.test/cb',
      'added https://rp.test/cb (https://rp.test/a/../cb)',
      'added https://rp.test/cb (https://rp.test:443/cb)',
    ]);
    expect(
      change('redirect_uris', ['https://rp.test/cb'], ['https://rp.test/cb', 'https://rр.test/cb']),
      'a letter of another script',
    ).to.deep.equal(['kept https://rp.test/cb', 'added https://xn--r-5tb.test/cb (https://rр.test/cb)']);
  });

  it('reads an address without a path once, and letter by letter', () => {
    expect(
      change('redirect_uris', undefined, ['https://rp.test', 'https://rp.test/', 'https://RP.test']),
    ).to.deep.equal(['added https://rp.test', 'added https://rp.test/', 'added https://rp.test/ (https://RP.test)']);
  });

  it('of a new application is every member, unmarked, what is looked at closely first', () => {
    const shown = showNew({
      metadata: {
        client_id: 'uji',
        client_name: 'Uji',
        redirect_uris: ['https://rp.test/cb'],
        scope: 'openid nik',
        contacts: ['tim@rp.test'],
      },
    });
    expect(shown.map(({ name, watch }) => [name, watch.map(({ key }) => key)])).to.deep.equal([
      ['scope', ['admin.clients.watch.nik', 'admin.clients.watch.no-purpose']],
      ['client_id', []],
      ['client_name', []],
      ['redirect_uris', []],
      ['contacts', []],
    ]);
    expect(
      shown.flatMap(({ values }) => values.map(({ mark }) => mark)).filter((mark) => mark !== undefined),
    ).to.deep.equal([]);
  });

  it('names the data of a purpose in words', () => {
    const [shown] = showValues('data_use', {
      nik: { purpose: { id: 'mencocokkan lamaran', en: 'matching applications' }, legal_basis: 'public-task' },
    });
    expect(shown).to.deep.equal({
      about: { key: 'sharing.scope.nik' },
      text: 'mencocokkan lamaran / matching applications',
      words: { key: 'admin.clients.basis.public-task' },
    });
  });
});
