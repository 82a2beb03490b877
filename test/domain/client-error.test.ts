import { expect } from 'chai';
import {
  addressOf,
  byKind,
  faultOf,
  HELP_CODES_KEPT,
  isFaultOfService,
  menders,
  requestKinds,
  type ClientError,
} from '../../src/domain/client-error.ts';
import { parseHelpCode, toHelpCode } from '../../src/domain/help-code.ts';
import { sentences } from '../../src/web/i18n.ts';

const at = (hour: number): Date => new Date(`2026-11-26T${String(hour).padStart(2, '0')}:00:00Z`);
const error = (change: Partial<ClientError> = {}): ClientError => ({
  clientId: 'uji',
  kind: 'grant',
  error: 'invalid_grant',
  fault: 'code-reused',
  count: 1,
  firstAt: at(1),
  lastAt: at(1),
  helpCodes: ['AAAA-AA'],
  address: undefined,
  ...change,
});

describe('An error of a service', () => {
  const cases: readonly [string, string, string][] = [
    ['invalid_redirect_uri', '', 'redirect-uri'],
    ['invalid_request', 'Authorization Server policy requires PKCE to be used for this request', 'pkce'],
    ['invalid_request', "missing required parameter 'redirect_uri'", 'redirect-uri'],
    ['invalid_request', 'post_logout_redirect_uri not registered', 'post-logout'],
    ['invalid_request', 'something new', 'request'],
    ['invalid_client', 'client authentication failed; invalid secret provided', 'credentials'],
    ['invalid_grant', 'grant request is invalid; authorization code already consumed', 'code-reused'],
    ['invalid_grant', 'grant request is invalid; refresh token already used', 'refresh-reused'],
    ['invalid_grant', 'grant request is invalid; authorization code redirect_uri mismatch', 'redirect-differs'],
    ['invalid_grant', 'grant request is invalid; code_verifier does not match code_challenge', 'verifier'],
    ['invalid_grant', 'grant request is invalid; authorization code not found', 'code-expired'],
    ['invalid_grant', '', 'grant'],
    ['invalid_scope', '', 'scope'],
    ['something_new', '', 'other'],
  ];
  for (const [word, words, fault] of cases)
    it(`is called ${fault}: ${word} ${words}`, () => {
      expect(faultOf(word, words)).to.equal(fault);
    });

  it('has what it means and its remedy in both languages, whatever it is', () => {
    const keys = [
      ...Object.keys(menders).flatMap((fault) => [`fault.${fault}.means`, `fault.${fault}.mend`]),
      ...Object.values(menders).map((mender) => `mender.${mender}`),
      ...requestKinds.map((kind) => `kind.${kind}`),
    ];
    for (const key of keys)
      for (const locale of ['id', 'en'] as const)
        expect(sentences[locale].has(`admin.clients.errors.${key}`), `${locale} ${key}`).to.equal(true);
  });

  it('is none where the conversation goes on, or where it is ours to mend', () => {
    for (const word of [
      'authorization_pending',
      'slow_down',
      'use_dpop_nonce',
      'server_error',
      'temporarily_unavailable',
    ])
      expect(isFaultOfService(word), word).to.equal(false);
    expect(isFaultOfService('invalid_grant')).to.equal(true);
  });

  it('keeps host and path of an address, and nothing that could be of a person', () => {
    expect(addressOf('https://budi:rahasia@rp.test:8443/cb?code=abc&nik=9901010101900001#token')).to.equal(
      'https://rp.test:8443/cb',
    );
    expect(addressOf('id.contoh.aplikasi:/kembali?x=1')).to.equal('id.contoh.aplikasi:///kembali');
    expect(addressOf(`https://rp.test/${'x'.repeat(5000)}`)).to.have.length(200);
    for (const nothing of [undefined, 42, '', 'bukan alamat', ['https://rp.test/']])
      expect(addressOf(nothing)).to.equal(undefined);
  });

  it('is counted once for each kind over several days, the newest first', () => {
    const kinds = byKind([
      error({ count: 2, lastAt: at(3), helpCodes: ['CCCC-CC'] }),
      error({ fault: 'grant', lastAt: at(5) }),
      error({
        count: 5,
        firstAt: at(0),
        lastAt: at(2),
        helpCodes: Array.from({ length: HELP_CODES_KEPT }, () => 'BBBB-BB'),
        address: 'https://rp.test/',
      }),
    ]);
    expect(kinds.map(({ fault }) => fault)).to.deep.equal(['grant', 'code-reused']);
    expect(kinds[1]).to.deep.include({ count: 7, firstAt: at(0), lastAt: at(3), address: 'https://rp.test/' });
    expect(kinds[1]?.helpCodes).to.have.length(HELP_CODES_KEPT).and.include('CCCC-CC');
  });
});

describe('A help code', () => {
  it('is understood however somebody wrote it down', () => {
    for (const text of ['K7Q2-M9', 'k7q2m9', ' k7q2 - m9 ', 'K 7 Q 2 M 9'])
      expect(parseHelpCode(text), text).to.equal('K7Q2-M9');
    for (const text of ['', 'K7Q2', 'K7Q2-M9X', 'K7Q2-M0', "K7Q2-M'", 'ＫＫＫＫＫＫ'])
      expect(parseHelpCode(text), text).to.equal(undefined);
    const code = toHelpCode(Uint8Array.of(0, 29, 30, 255, 7, 8));
    expect(parseHelpCode(code)).to.equal(code);
  });
});
