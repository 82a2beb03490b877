import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import {
  addressMembers,
  addressRules,
  judgeAddress,
  type AddressFault,
} from '../../../src/admin/clients/address-rules.ts';
import { explain } from '../../../src/admin/clients/explain.ts';
import { refuse } from '../../../src/domain/result.ts';
import { sentences } from '../../../src/web/i18n.ts';

describe('What is wrong with an address of a client', () => {
  const metadata = {
    client_id: 'uji',
    client_name: 'Uji',
    redirect_uris: ['https://rp.test/cb'],
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
  };
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = publicKey.export({ format: 'jwk' });
  const bad = [
    [],
    [privateKey.export({ format: 'jwk' })],
    [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    [{ ...key, use: 'both' }],
    [{ ...key, exp: 0.5 }],
    [key, key],
    [
      { ...key, kid: 'a' },
      { ...key, kid: 'a' },
    ],
  ];
  const wrong = [
    ...addressMembers.flatMap((member) =>
      Object.values(addressRules[member].wrong).filter((what) => what !== undefined),
    ),
    ...(['no-name', 'certificate', 'timeout', 'unreachable', 'http-503'] satisfies AddressFault[]).flatMap((fault) =>
      judgeAddress('jwks_uri', refuse(fault), metadata, 'operator:siti').warnings.map(({ what }) => what),
    ),
    ...bad.flatMap((keys) => [...addressRules.jwks_uri.find(keys, metadata)]),
    ...addressRules.jwks_uri.find([{ ...key, use: 'enc' }], {
      ...metadata,
      token_endpoint_auth_method: 'private_key_jwt',
    }),
    ...addressRules.sector_identifier_uri.find([], metadata),
  ];

  for (const what of new Set(wrong)) {
    it(`is told in the language of the console: ${what}`, () => {
      const { key: name } = explain(what);
      expect(name).not.to.equal('admin.clients.problem.other');
      expect(
        [...Object.values(sentences)].every((words) => words.has(name)),
        name,
      ).to.equal(true);
    });
  }

  it('speaks of keys where keys are looked for, and nowhere else', () => {
    const names = Object.values(addressRules.sector_identifier_uri.wrong).map((what) => explain(what ?? '').key);
    expect(names.filter((name) => name.includes('.keys-'))).to.be.empty;
  });
});
