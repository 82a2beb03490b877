import { expect } from 'chai';
import {
  parseClientMetadata,
  type FieldProblem,
  type ParsedClient,
  type ParseOptions,
} from '../../../src/admin/clients/forms.ts';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const use = {
  purpose: { id: 'Mencocokkan pelamar dengan lowongan.', en: 'Matching applicants with jobs.' },
  legal_basis: 'public-task',
};
const web = { client_name: 'Uji', redirect_uris: ['https://rp.test/cb'] };

function accepted(document: unknown, options?: ParseOptions): ParsedClient {
  const parsed = parseClientMetadata(document, options);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
  return parsed.value;
}

function refused(document: unknown, options?: ParseOptions): readonly FieldProblem[] {
  const parsed = parseClientMetadata(document, options);
  if (parsed.ok) throw new Error('it was accepted');
  return parsed.refusal;
}

describe('Client applications: metadata', () => {
  it('writes the defaults of a web client out', () => {
    expect(accepted(web).metadata).to.deep.include({
      application_type: 'web',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'ES256',
      scope: 'openid profile email phone',
      first_party: false,
    });
    expect(
      accepted(web, { firstParty: true }).metadata.first_party,
      'of the house by the hand that registers it',
    ).to.equal(true);
    expect(
      accepted({ ...web, first_party: false }, { firstParty: true }).metadata.first_party,
      'unless it says otherwise',
    ).to.equal(false);
  });

  it('gives public clients no secret, and machines no pages', () => {
    expect(accepted(web, { type: 'spa' }).metadata).to.include({
      application_type: 'web',
      token_endpoint_auth_method: 'none',
    });
    expect(accepted(web, { type: 'native' }).metadata).to.include({
      application_type: 'native',
      token_endpoint_auth_method: 'none',
    });
    expect(accepted({ client_name: 'Anjungan', grant_types: [DEVICE] }).metadata).to.deep.include({
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'none',
    });
    const machine = accepted({ client_name: 'Mesin' }, { type: 'machine' }).metadata;
    expect(machine).to.deep.include({
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect(machine).not.to.have.any.keys('scope', 'first_party');
  });

  const derived: [string, object, string][] = [
    ['nothing said', {}, 'web'],
    ['no authentication', { token_endpoint_auth_method: 'none' }, 'spa'],
    ['a native application', { application_type: 'native', redirect_uris: ['com.example.app:/cb'] }, 'native'],
    ['the device grant alone', { grant_types: [DEVICE], redirect_uris: [] }, 'native'],
    ['client credentials alone', { grant_types: ['client_credentials'], redirect_uris: [] }, 'machine'],
    ['client credentials beside the code', { grant_types: ['authorization_code', 'client_credentials'] }, 'web'],
    ['a type of our own', { type: 'spa' }, 'spa'],
  ];
  for (const [what, members, type] of derived)
    it(`takes ${what} for ${type}`, () => expect(accepted({ ...web, ...members }).type).to.equal(type));

  const bad: [string, object, ParseOptions, string][] = [
    ['no name', { client_name: undefined }, {}, 'client_name'],
    [
      'the device grant for a service with a browser',
      { grant_types: ['authorization_code', DEVICE] },
      { type: 'web' },
      'grant_types',
    ],
    ['addresses that nobody is sent to', { grant_types: [DEVICE] }, { type: 'native' }, 'redirect_uris'],
    ['PKCE waived without a reason worth the name', { pkce_waived_because: 'lama' }, {}, 'pkce_waived_because'],
    [
      'PKCE waived for a public client',
      { pkce_waived_because: 'The vendor ended support for the library.' },
      { type: 'spa' },
      'pkce_waived_because',
    ],
    ['FAPI for a public client', { security_profile: 'fapi2' }, { type: 'spa' }, 'security_profile'],
    [
      'FAPI with a secret',
      { security_profile: 'fapi2', token_endpoint_auth_method: 'client_secret_basic' },
      {},
      'token_endpoint_auth_method',
    ],
    [
      'FAPI without pushed requests',
      { security_profile: 'fapi2', jwks_uri: 'https://rp.test/jwks', require_pushed_authorization_requests: false },
      {},
      'require_pushed_authorization_requests',
    ],
    [
      'FAPI with RS256',
      { security_profile: 'fapi2', jwks_uri: 'https://rp.test/jwks', id_token_signed_response_alg: 'RS256' },
      {},
      'id_token_signed_response_alg',
    ],
    [
      'FAPI with PKCE waived',
      {
        security_profile: 'fapi2',
        jwks_uri: 'https://rp.test/jwks',
        pkce_waived_because: 'The vendor ended support for the library.',
      },
      {},
      'pkce_waived_because',
    ],
    [
      'encryption to nobody’s key',
      { id_token_encrypted_response_alg: 'ECDH-ES' },
      {},
      'id_token_encrypted_response_alg',
    ],
    [
      'encryption with RSA1_5',
      { jwks_uri: 'https://rp.test/jwks', id_token_encrypted_response_alg: 'RSA1_5' },
      {},
      'id_token_encrypted_response_alg',
    ],
    ['request objects without a signature', { request_object_signing_alg: 'none' }, {}, 'request_object_signing_alg'],
    [
      'a sector of two hosts',
      { subject_type: 'pairwise', redirect_uris: ['https://a.test/cb', 'https://b.test/cb'] },
      {},
      'sector_identifier_uri',
    ],
    [
      'a sector of every app',
      { subject_type: 'pairwise', redirect_uris: ['http://127.0.0.1/cb'] },
      { type: 'native' },
      'sector_identifier_uri',
    ],
    ['a name of two lines', { client_name: 'a\nb' }, {}, 'client_name'],
    ['no address to come back to', { redirect_uris: [] }, {}, 'redirect_uris'],
    [
      'a bad one among good ones',
      { redirect_uris: ['https://rp.test/cb', 'http://rp.test/cb'] },
      {},
      'redirect_uris.1',
    ],
    [
      'a bad address after signing out',
      { post_logout_redirect_uris: ['https://rp.test/*'] },
      {},
      'post_logout_redirect_uris.0',
    ],
    ['addresses for a machine', {}, { type: 'machine' }, 'redirect_uris'],
    [
      'a machine that signs people in',
      { redirect_uris: [], grant_types: ['authorization_code'] },
      { type: 'machine' },
      'grant_types',
    ],
    ['an unknown grant', { grant_types: ['password'] }, {}, 'grant_types.0'],
    ['the implicit flow', { response_types: ['id_token'] }, {}, 'response_types.0'],
    ['no code flow', { grant_types: ['refresh_token'] }, {}, 'grant_types'],
    [
      'a web client without a secret',
      { token_endpoint_auth_method: 'none' },
      { type: 'web' },
      'token_endpoint_auth_method',
    ],
    [
      'a secret in the browser',
      { token_endpoint_auth_method: 'client_secret_basic' },
      { type: 'spa' },
      'token_endpoint_auth_method',
    ],
    [
      'client credentials in the browser',
      { grant_types: ['authorization_code', 'client_credentials'] },
      { type: 'spa' },
      'grant_types',
    ],
    ['keys promised and not given', { token_endpoint_auth_method: 'private_key_jwt' }, {}, 'jwks'],
    ['an unknown scope', { scope: 'openid everything' }, {}, 'scope'],
    ['a scope without openid', { scope: 'profile' }, {}, 'scope'],
    ['the NIK in passing', { scope: 'openid nik', data_use: { nik: use } }, {}, 'scope'],
    ['the NIK without saying what for', { scope: 'openid nik' }, { allowNik: true }, 'data_use.nik'],
    [
      'a purpose in one language',
      { data_use: { email: { ...use, purpose: { id: use.purpose.id } } } },
      {},
      'data_use.email.purpose.en',
    ],
    [
      'a purpose of a word',
      { data_use: { email: { ...use, purpose: { ...use.purpose, en: 'mail' } } } },
      {},
      'data_use.email.purpose.en',
    ],
    [
      'a purpose of two lines',
      { data_use: { email: { ...use, purpose: { ...use.purpose, en: 'Sending letters\nand more' } } } },
      {},
      'data_use.email.purpose.en',
    ],
    [
      'a legal basis of the service’s own',
      { data_use: { email: { ...use, legal_basis: 'because' } } },
      {},
      'data_use.email.legal_basis',
    ],
    ['the use of what is not asked for', { scope: 'openid', data_use: { email: use } }, {}, 'data_use.email'],
    ['the use of a scope that does not exist', { data_use: { everything: use } }, {}, 'data_use'],
    ['a notice where people are asked', { first_party: false, notice_page: true }, {}, 'notice_page'],
    ['a notice where nobody says whose it is', { notice_page: true }, {}, 'notice_page'],
    ['a machine of the house', { redirect_uris: [], first_party: true }, { type: 'machine' }, 'first_party'],
    ['a secret from outside', { client_secret: 'rahasia' }, {}, 'client_secret'],
    ['the id of the portal', { client_id: 'siapkerja-portal' }, {}, 'client_id'],
    ['an id with a blank', { client_id: 'a b c' }, {}, 'client_id'],
    ['logout told over plain http', { backchannel_logout_uri: 'http://rp.test/logout' }, {}, 'backchannel_logout_uri'],
    ['logout told to nobody', { backchannel_logout_session_required: true }, {}, 'backchannel_logout_session_required'],
    ['a type that contradicts', { type: 'spa' }, { type: 'web' }, 'type'],
    ['an application type that contradicts', { application_type: 'native' }, { type: 'web' }, 'application_type'],
    ['a list where a text belongs', { scope: ['openid'] }, {}, 'scope'],
  ];
  for (const [what, members, options, field] of bad)
    it(`refuses ${what}, and names ${field}`, () =>
      expect(refused({ ...web, ...members }, options).map((problem) => problem.field)).to.include(field));

  for (const document of [null, [], 'text', 7])
    it(`refuses ${JSON.stringify(document)} for a document`, () =>
      expect(refused(document)).to.deep.equal([{ field: 'document', what: 'must be a JSON object' }]));

  it('tells every problem at once', () => {
    expect(
      refused({
        client_name: 'Uji',
        redirect_uris: ['http://rp.test/*', 'https://rp.test/#'],
        scope: 'openid semua',
      }).map(({ field }) => field),
    ).to.deep.equal(['redirect_uris.0', 'redirect_uris.1', 'scope']);
  });

  it('grants the NIK on purpose, by the flag or by the member, which is not kept', () => {
    expect(
      accepted({ ...web, scope: 'openid nik', data_use: { nik: use } }, { allowNik: true }).metadata.scope,
    ).to.equal('openid nik');
    const { metadata, ignored } = accepted({ ...web, scope: 'openid nik', data_use: { nik: use }, allow_nik: true });
    expect(metadata).not.to.have.property('allow_nik');
    expect(ignored).to.be.empty;
  });

  it('leaves out what means nothing here, and says so', () => {
    const { metadata, ignored } = accepted({ ...web, redirect_uri: 'https://rp.test/slip', client_id_issued_at: 1 });
    expect(ignored).to.deep.equal(['redirect_uri']);
    expect(metadata).not.to.have.any.keys('redirect_uri', 'client_id_issued_at');
  });
});
