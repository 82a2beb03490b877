import { expect } from 'chai';
import { fields } from '../../src/admin/clients/metadata-fields.ts';
import { changesBetween, needsCheck, rebase, widens, type ClientDescription } from '../../src/domain/client-change.ts';

const use = { purpose: { id: 'mencocokkan peserta', en: 'matching participants' }, legal_basis: 'consent' };
const keys = [
  { kty: 'EC', kid: 'a' },
  { kty: 'EC', kid: 'b' },
];
const service = (members: object = {}, listing?: ClientDescription['listing']): ClientDescription => ({
  metadata: {
    client_id: 'uji',
    client_name: 'Uji',
    redirect_uris: ['https://rp.test/cb'],
    scope: 'openid profile',
    grant_types: ['authorization_code'],
    ...members,
  },
  listing,
});

describe('A change of a client application', () => {
  const listing = { url: 'https://rp.test/', id: 'Lowongan', en: 'Jobs' };
  const cases: readonly [string, object, object, readonly string[]][] = [
    [
      'another address to return to',
      {},
      { redirect_uris: ['https://rp.test/cb', 'https://evil.test/cb'] },
      ['redirect_uris'],
    ],
    ['an address in the place of another', {}, { redirect_uris: ['https://evil.test/cb'] }, ['redirect_uris']],
    ['an address less', { redirect_uris: ['https://rp.test/cb', 'https://old.test/cb'] }, {}, []],
    [
      'the same addresses in another order',
      { redirect_uris: ['https://a.test/', 'https://b.test/'] },
      { redirect_uris: ['https://b.test/', 'https://a.test/'] },
      [],
    ],
    [
      'an address after signing out',
      {},
      { post_logout_redirect_uris: ['https://evil.test/'] },
      ['post_logout_redirect_uris'],
    ],
    ['none after signing out any more', { post_logout_redirect_uris: ['https://rp.test/'] }, {}, []],
    ['a scope more', {}, { scope: 'openid profile nik' }, ['scope']],
    ['a scope less', { scope: 'openid profile email' }, {}, []],
    ['a grant more', {}, { grant_types: ['authorization_code', 'refresh_token'] }, ['grant_types']],
    ['a grant less', { grant_types: ['authorization_code', 'refresh_token'] }, {}, []],
    ['another name', {}, { client_name: 'SIAPkerja Resmi' }, ['client_name']],
    ['a logo', {}, { logo_uri: 'https://rp.test/logo.png' }, ['logo_uri']],
    ['another stored logo', { logo: 'a.png' }, { logo: 'b.png' }, ['logo']],
    ['no stored logo', { logo: 'a.png' }, {}, []],
    ['another stored logo', { logo: 'a.png' }, { logo: 'b.png' }, ['logo']],
    ['no logo', { logo_uri: 'https://rp.test/logo.png' }, {}, []],
    ['another home page', { client_uri: 'https://rp.test/' }, { client_uri: 'https://evil.test/' }, ['client_uri']],
    ['another place where sign-in starts', {}, { initiate_login_uri: 'https://evil.test/' }, ['initiate_login_uri']],
    ['a new back channel', {}, { backchannel_logout_uri: 'https://rp.test/bc' }, ['backchannel_logout_uri']],
    [
      'no back channel: the service is told of no sign-out',
      { backchannel_logout_uri: 'https://rp.test/bc' },
      {},
      ['backchannel_logout_uri'],
    ],
    ['a key more', { jwks: { keys: keys.slice(0, 1) } }, { jwks: { keys } }, ['jwks']],
    ['a lost key less', { jwks: { keys } }, { jwks: { keys: keys.slice(0, 1) } }, []],
    ['keys from an address', {}, { jwks_uri: 'https://rp.test/jwks' }, ['jwks_uri']],
    [
      'another way to prove itself',
      { token_endpoint_auth_method: 'private_key_jwt' },
      { token_endpoint_auth_method: 'client_secret_post' },
      ['token_endpoint_auth_method'],
    ],
    ['from asking people to telling them', { first_party: false }, { first_party: true }, ['first_party']],
    ['from silence to telling people', {}, { first_party: true }, ['first_party']],
    ['from asking people to saying nothing of it', { first_party: false }, {}, []],
    ['from telling people to asking them', { first_party: true }, { first_party: false }, []],
    ['from telling people to silence', { first_party: true }, {}, []],
    [
      'saying what was so already',
      {},
      { first_party: false, notice_page: false, post_logout_redirect_uris: [], dpop_bound_access_tokens: false },
      [],
    ],
    ['no page that tells people', { notice_page: true }, {}, ['notice_page']],
    ['a page that tells people', {}, { notice_page: true }, []],
    [
      'another purpose',
      { data_use: { profile: use } },
      { data_use: { profile: { ...use, legal_basis: 'contract' } } },
      ['data_use'],
    ],
    ['no purpose, though the data stay', { data_use: { profile: use } }, {}, ['data_use']],
    ['neither purpose nor data', { data_use: { profile: use } }, { scope: 'openid' }, []],
    ['another kind of subject', {}, { subject_type: 'public' }, ['subject_type']],
    [
      'another sector',
      { sector_identifier_uri: 'https://rp.test/a' },
      { sector_identifier_uri: 'https://rp.test/b' },
      ['sector_identifier_uri'],
    ],
    ['PKCE waived', {}, { pkce_waived_because: 'a library from before 2015' }, ['pkce_waived_because']],
    ['PKCE asked for again', { pkce_waived_because: 'a library from before 2015' }, {}, []],
    ['a profile off', { security_profile: 'fapi2' }, {}, ['security_profile']],
    ['a profile on', {}, { security_profile: 'fapi2' }, []],
    [
      'a defence off',
      { require_pushed_authorization_requests: true },
      { require_pushed_authorization_requests: false },
      ['require_pushed_authorization_requests'],
    ],
    [
      'a defence on',
      {},
      {
        require_pushed_authorization_requests: true,
        require_signed_request_object: true,
        dpop_bound_access_tokens: true,
      },
      [],
    ],
    ['a shorter sign-in', { default_max_age: 600 }, { default_max_age: 60 }, []],
    ['a first limit of a sign-in', {}, { default_max_age: 60 }, []],
    ['a longer sign-in', { default_max_age: 60 }, { default_max_age: 600 }, ['default_max_age']],
    ['a sign-in of any age', { default_max_age: 60 }, {}, ['default_max_age']],
    ['an encryption less', { id_token_encrypted_response_alg: 'ECDH-ES' }, {}, ['id_token_encrypted_response_alg']],
    [
      'addresses of the sandbox',
      {},
      { test_redirect_uris: ['http://10.0.0.1/cb'], test_backchannel_logout_uri: 'https://uji.test/bc' },
      [],
    ],
    [
      'an API more',
      { resources: { 'https://api.test/': ['read'] } },
      { resources: { 'https://api.test/': ['read'], 'https://b.test/': [] } },
      ['resources'],
    ],
    [
      'a scope of an API more',
      { resources: { 'https://api.test/': ['read'] } },
      { resources: { 'https://api.test/': ['read', 'write'] } },
      ['resources'],
    ],
    ['an API less', { resources: { 'https://api.test/': ['read'] } }, {}, []],
    ['tokens of others to look into', {}, { may_introspect: ['https://api.test/'] }, ['may_introspect']],
    ['contacts', {}, { contacts: ['tim@rp.test'] }, []],
    ['a member nobody has heard of', {}, { teleport: true }, ['teleport']],
    ['a member nobody has heard of, gone', { teleport: ['a'] }, {}, ['teleport']],
  ];
  for (const [what, before, after, expected] of cases) {
    it(`that brings ${what} ${expected.length === 0 ? 'widens nothing' : 'widens access'}`, () => {
      expect(widens(service(before), service(after))).to.deep.equal(expected);
    });
  }

  /**
   * Each member of a registration: changes that open something, and changes that do not. What is not listed as harmless
   * is looked at.
   */
  const [gone, uri, other] = [undefined, 'https://rp.test/', 'https://other.test/'];
  const anyChange = (one: unknown, another: unknown) => ({
    opens: [
      [gone, one],
      [one, another],
      [one, gone],
    ],
    harmless: [],
  });
  const defence = {
    opens: [
      [true, false],
      [true, gone],
    ],
    harmless: [
      [gone, true],
      [false, true],
      [gone, false],
    ],
  };
  const onlyRemoval = (one: unknown, another: unknown) => ({
    opens: [
      [gone, one],
      [one, another],
    ],
    harmless: [[one, gone]],
  });
  const list = (one: string, another: string) => ({
    opens: [
      [gone, [one]],
      [[one], [another]],
      [[one], [one, another]],
    ],
    harmless: [
      [[one, another], [one]],
      [
        [one, another],
        [another, one],
      ],
      [[one], gone],
    ],
  });
  const free = (one: unknown, another: unknown) => ({
    opens: [],
    harmless: [
      [gone, one],
      [one, another],
      [one, gone],
    ],
  });
  const members: Readonly<
    Record<
      string,
      { readonly opens: readonly (readonly unknown[])[]; readonly harmless: readonly (readonly unknown[])[] }
    >
  > = {
    client_name: anyChange('Satu', 'Dua'),
    application_type: {
      opens: [
        ['web', 'native'],
        ['native', 'web'],
        ['native', gone],
      ],
      harmless: [[gone, 'web']],
    },
    redirect_uris: list(uri, other),
    post_logout_redirect_uris: list(uri, other),
    test_redirect_uris: free([uri], [other]),
    test_post_logout_redirect_uris: free([uri], [other]),
    test_backchannel_logout_uri: free(uri, other),
    grant_types: list('authorization_code', 'refresh_token'),
    response_types: list('code', 'code id_token'),
    token_endpoint_auth_method: {
      opens: [
        ['private_key_jwt', 'client_secret_post'],
        ['private_key_jwt', gone],
        [gone, 'none'],
      ],
      harmless: [[gone, 'client_secret_basic']],
    },
    token_endpoint_auth_signing_alg: anyChange('ES256', 'RS256'),
    scope: {
      opens: [
        [gone, 'openid'],
        ['openid', 'openid nik'],
        ['openid email', 'openid phone'],
      ],
      harmless: [
        ['openid email', 'openid'],
        ['openid email', 'email openid'],
        ['openid', gone],
      ],
    },
    id_token_signed_response_alg: {
      opens: [
        ['ES256', 'RS256'],
        ['RS256', gone],
        [gone, 'EdDSA'],
      ],
      harmless: [[gone, 'ES256']],
    },
    id_token_encrypted_response_alg: anyChange('ECDH-ES', 'RSA-OAEP-256'),
    id_token_encrypted_response_enc: anyChange('A256GCM', 'A128GCM'),
    userinfo_signed_response_alg: anyChange('ES256', 'RS256'),
    userinfo_encrypted_response_alg: anyChange('ECDH-ES', 'RSA-OAEP-256'),
    userinfo_encrypted_response_enc: anyChange('A256GCM', 'A128GCM'),
    introspection_signed_response_alg: anyChange('ES256', 'RS256'),
    introspection_encrypted_response_alg: anyChange('ECDH-ES', 'RSA-OAEP-256'),
    introspection_encrypted_response_enc: anyChange('A256GCM', 'A128GCM'),
    request_object_signing_alg: anyChange('ES256', 'RS256'),
    require_signed_request_object: defence,
    require_pushed_authorization_requests: defence,
    dpop_bound_access_tokens: defence,
    require_auth_time: defence,
    notice_page: defence,
    backchannel_logout_session_required: {
      opens: [
        [true, false],
        [true, gone],
        [gone, true],
      ],
      harmless: [[gone, false]],
    },
    response_modes: {
      opens: [
        [['form_post'], gone],
        [['form_post'], ['query']],
        [['query'], ['query', 'form_post']],
      ],
      harmless: [
        [gone, ['form_post']],
        [['query', 'form_post'], ['form_post']],
      ],
    },
    security_profile: {
      opens: [
        ['fapi2', gone],
        ['fapi2', 'fapi1'],
      ],
      harmless: [[gone, 'fapi2']],
    },
    pkce_waived_because: onlyRemoval('a library from before 2015', 'another reason altogether'),
    jwks: {
      opens: [
        [gone, { keys: [keys[0]] }],
        [{ keys: [keys[0]] }, { keys: [keys[1]] }],
        [{ keys: [keys[0]] }, { keys: [{ ...keys[0], alg: 'PS256' }] }],
        [{ keys: [{ ...keys[0], exp: 5 }] }, { keys: [{ ...keys[0], exp: 6 }] }],
        [{ keys: [{ ...keys[0], exp: 5 }] }, { keys: [keys[0]] }],
        [{ keys: [keys[0]] }, { keys: [{ ...keys[0], exp: 'x' }] }],
        [{ keys: [keys[0]] }, { keys: [{ ...keys[0], exp: 5, alg: 'PS256' }] }],
      ],
      harmless: [
        [{ keys }, { keys: [keys[1]] }],
        [{ keys }, gone],
        [{ keys: [keys[0]] }, { keys: [{ ...keys[0], exp: 6 }] }],
        [{ keys: [{ ...keys[0], exp: 6 }] }, { keys: [{ ...keys[0], exp: 5 }] }],
      ],
    },
    jwks_uri: onlyRemoval(uri, other),
    client_uri: onlyRemoval(uri, other),
    logo: onlyRemoval('a.png', 'b.png'),
    logo_uri: onlyRemoval(uri, other),
    policy_uri: onlyRemoval(uri, other),
    tos_uri: onlyRemoval(uri, other),
    initiate_login_uri: onlyRemoval(uri, other),
    backchannel_logout_uri: anyChange(uri, other),
    contacts: free(['a@rp.test'], ['b@rp.test']),
    default_max_age: {
      opens: [
        [60, 600],
        [60, gone],
      ],
      harmless: [
        [gone, 60],
        [600, 60],
        [600, 0],
      ],
    },
    default_acr_values: anyChange(['urn:a'], ['urn:b']),
    subject_type: anyChange('public', 'pairwise'),
    sector_identifier_uri: anyChange(uri, other),
    data_use: {
      opens: [
        [gone, { profile: use }],
        [{ profile: use }, { profile: { ...use, legal_basis: 'contract' } }],
        [{ profile: use }, gone],
      ],
      harmless: [[{ email: use }, gone]],
    },
    first_party: {
      opens: [
        [gone, true],
        [false, true],
      ],
      harmless: [
        [true, false],
        [true, gone],
        [gone, false],
      ],
    },
    resources: {
      opens: [
        [gone, { [uri]: [] }],
        [{ [uri]: ['a'] }, { [uri]: ['a', 'b'] }],
        [{ [uri]: ['a'] }, { [other]: ['a'] }],
      ],
      harmless: [
        [{ [uri]: ['a', 'b'] }, { [uri]: ['a'] }],
        [{ [uri]: ['a'] }, gone],
      ],
    },
    bridge: onlyRemoval({ until: '2026-12-31' }, { until: '2027-12-31' }),
    may_introspect: list(uri, other),
    operated_by: anyChange('f81d4fae-7dec-4d0a-a765-00a0c91e6bf6', 'f81d4fae-7dec-4d0a-a765-00a0c91e6bf7'),
  };
  for (const [name, { opens, harmless }] of Object.entries(members)) {
    it(`of ${name} is looked at by a second operator where it opens something`, () => {
      for (const [kind, pairs] of [
        ['opens', opens],
        ['harmless', harmless],
      ] as const) {
        for (const [before, after] of pairs)
          expect(
            widens(service({ [name]: before }), service({ [name]: after })),
            `${kind}: ${JSON.stringify(before)} to ${JSON.stringify(after)}`,
          ).to.deep.equal(kind === 'opens' ? [name] : []);
      }
    });
  }
  it('is judged for every member that a registration has', () => {
    // What a document says to whoever reads it, and what nothing is kept of.
    const notKept = ['client_id', 'client_secret', 'allow_nik', 'type'];
    expect(Object.keys(members).sort()).to.deep.equal(
      Object.keys(fields)
        .filter((name) => !notKept.includes(name))
        .sort(),
    );
  });

  it('widens by another place on the portal, and by other words for it', () => {
    expect(widens(service(), service({}, listing))).to.deep.equal(['listing_url', 'listing_id', 'listing_en']);
    expect(
      widens(service({}, listing), service({}, { ...listing, id: 'Kerja', en: 'Work' })),
      'the portal of the ministry says it',
    ).to.deep.equal(['listing_id', 'listing_en']);
    expect(widens(service({}, listing), service({}, { ...listing, url: 'https://evil.test/' }))).to.deep.equal([
      'listing_url',
    ]);
    expect(widens(service({}, listing), service())).to.be.empty;
  });

  it('is all of it where nobody has approved anything yet, and shows what widens first', () => {
    expect(widens(undefined, service())).to.include.members(['redirect_uris', 'scope', 'client_name']);
    expect(
      changesBetween(service(), service({ contacts: ['a@b.test'], scope: 'openid profile email' })).map(
        ({ name, widens: wide }) => [name, wide],
      ),
    ).to.deep.equal([
      ['scope', true],
      ['contacts', false],
    ]);
  });

  it('calls for the integration check where people are sent in another way', () => {
    expect(needsCheck(undefined, service())).to.equal(true);
    expect(needsCheck(undefined, service({ grant_types: ['client_credentials'], redirect_uris: [] }))).to.equal(false);
    expect(needsCheck(service(), service({ redirect_uris: ['https://b.test/'] }))).to.equal(true);
    expect(needsCheck(service({ redirect_uris: ['https://rp.test/cb', 'https://b.test/'] }), service())).to.equal(
      false,
    );
    expect(needsCheck(service(), service({ scope: 'openid nik', client_name: 'Lain' }))).to.equal(false);
  });

  it('moves onto what took effect meanwhile and takes along what it meant, nothing else', () => {
    const base = service({ contacts: ['lama@rp.test'], client_uri: 'https://rp.test/' }, listing);
    const proposed = service({ contacts: ['lama@rp.test'], scope: 'openid email' }, listing);
    const current = service(
      { contacts: ['baru@rp.test'], client_uri: 'https://rp.test/' },
      { ...listing, id: 'Kerja' },
    );
    expect(rebase(base, proposed, current)).to.deep.equal(
      service({ contacts: ['baru@rp.test'], scope: 'openid email' }, { ...listing, id: 'Kerja' }),
    );
  });
});
