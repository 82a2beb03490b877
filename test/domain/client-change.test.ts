import { expect } from 'chai';
import { changesBetween, needsCheck, rebase, widens, type ClientDescription } from '../../src/domain/client-change.ts';

const use = { purpose: { id: 'mencocokkan peserta', en: 'matching participants' }, legal_basis: 'consent' };
const keys = [{ kty: 'EC', kid: 'a' }, { kty: 'EC', kid: 'b' }];
const service = (members: object = {}, listing?: ClientDescription['listing']): ClientDescription => ({
  metadata: { client_id: 'uji', client_name: 'Uji', redirect_uris: ['https://rp.test/cb'], scope: 'openid profile', grant_types: ['authorization_code'], ...members },
  listing,
});

describe('A change of a client application', () => {
  const listing = { url: 'https://rp.test/', id: 'Lowongan', en: 'Jobs' };
  const cases: readonly [string, object, object, readonly string[]][] = [
    ['another address to return to', {}, { redirect_uris: ['https://rp.test/cb', 'https://evil.test/cb'] }, ['redirect_uris']],
    ['an address in the place of another', {}, { redirect_uris: ['https://evil.test/cb'] }, ['redirect_uris']],
    ['an address less', { redirect_uris: ['https://rp.test/cb', 'https://old.test/cb'] }, {}, []],
    ['the same addresses in another order', { redirect_uris: ['https://a.test/', 'https://b.test/'] }, { redirect_uris: ['https://b.test/', 'https://a.test/'] }, []],
    ['an address after signing out', {}, { post_logout_redirect_uris: ['https://evil.test/'] }, ['post_logout_redirect_uris']],
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
    ['no back channel: the service is told of no sign-out', { backchannel_logout_uri: 'https://rp.test/bc' }, {}, ['backchannel_logout_uri']],
    ['a key more', { jwks: { keys: keys.slice(0, 1) } }, { jwks: { keys } }, ['jwks']],
    ['a lost key less', { jwks: { keys } }, { jwks: { keys: keys.slice(0, 1) } }, []],
    ['keys from an address', {}, { jwks_uri: 'https://rp.test/jwks' }, ['jwks_uri']],
    ['another way to prove itself', { token_endpoint_auth_method: 'private_key_jwt' }, { token_endpoint_auth_method: 'client_secret_post' }, ['token_endpoint_auth_method']],
    ['from asking people to telling them', { first_party: false }, { first_party: true }, ['first_party']],
    ['from silence to telling people', {}, { first_party: true }, ['first_party']],
    ['from asking people to saying nothing of it', { first_party: false }, {}, []],
    ['from telling people to asking them', { first_party: true }, { first_party: false }, []],
    ['from telling people to silence', { first_party: true }, {}, []],
    ['saying what was so already', {}, { first_party: false, notice_page: false, post_logout_redirect_uris: [], dpop_bound_access_tokens: false }, []],
    ['no page that tells people', { notice_page: true }, {}, ['notice_page']],
    ['a page that tells people', {}, { notice_page: true }, []],
    ['another purpose', { data_use: { profile: use } }, { data_use: { profile: { ...use, legal_basis: 'contract' } } }, ['data_use']],
    ['no purpose, though the data stay', { data_use: { profile: use } }, {}, ['data_use']],
    ['neither purpose nor data', { data_use: { profile: use } }, { scope: 'openid' }, []],
    ['another kind of subject', {}, { subject_type: 'public' }, ['subject_type']],
    ['another sector', { sector_identifier_uri: 'https://rp.test/a' }, { sector_identifier_uri: 'https://rp.test/b' }, ['sector_identifier_uri']],
    ['PKCE waived', {}, { pkce_waived_because: 'a library from before 2015' }, ['pkce_waived_because']],
    ['PKCE asked for again', { pkce_waived_because: 'a library from before 2015' }, {}, []],
    ['a profile off', { security_profile: 'fapi2' }, {}, ['security_profile']],
    ['a profile on', {}, { security_profile: 'fapi2' }, []],
    ['a defence off', { require_pushed_authorization_requests: true }, { require_pushed_authorization_requests: false }, ['require_pushed_authorization_requests']],
    ['a defence on', {}, { require_pushed_authorization_requests: true, require_signed_request_object: true, dpop_bound_access_tokens: true }, []],
    ['a shorter sign-in', { default_max_age: 600 }, { default_max_age: 60 }, []],
    ['a first limit of a sign-in', {}, { default_max_age: 60 }, []],
    ['a longer sign-in', { default_max_age: 60 }, { default_max_age: 600 }, ['default_max_age']],
    ['a sign-in of any age', { default_max_age: 60 }, {}, ['default_max_age']],
    ['an encryption less', { id_token_encrypted_response_alg: 'ECDH-ES' }, {}, ['id_token_encrypted_response_alg']],
    ['addresses of the sandbox', {}, { test_redirect_uris: ['http://10.0.0.1/cb'], test_backchannel_logout_uri: 'https://uji.test/bc' }, []],
    ['an API more', { resources: { 'https://api.test/': ['read'] } }, { resources: { 'https://api.test/': ['read'], 'https://b.test/': [] } }, ['resources']],
    ['a scope of an API more', { resources: { 'https://api.test/': ['read'] } }, { resources: { 'https://api.test/': ['read', 'write'] } }, ['resources']],
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

  it('widens by another place on the portal, and not by other words for it', () => {
    expect(widens(service(), service({}, listing))).to.deep.equal(['listing_url']);
    expect(widens(service({}, listing), service({}, { ...listing, id: 'Kerja', en: 'Work' }))).to.be.empty;
    expect(widens(service({}, listing), service({}, { ...listing, url: 'https://evil.test/' }))).to.deep.equal(['listing_url']);
    expect(widens(service({}, listing), service())).to.be.empty;
  });

  it('is all of it where nobody has approved anything yet, and shows what widens first', () => {
    expect(widens(undefined, service())).to.include.members(['redirect_uris', 'scope', 'client_name']);
    expect(changesBetween(service(), service({ contacts: ['a@b.test'], scope: 'openid profile email' })).map(({ name, widens: wide }) => [name, wide])).to.deep.equal([
      ['scope', true],
      ['contacts', false],
    ]);
  });

  it('calls for the integration check where people are sent in another way', () => {
    expect(needsCheck(undefined, service())).to.equal(true);
    expect(needsCheck(undefined, service({ grant_types: ['client_credentials'], redirect_uris: [] }))).to.equal(false);
    expect(needsCheck(service(), service({ redirect_uris: ['https://b.test/'] }))).to.equal(true);
    expect(needsCheck(service({ redirect_uris: ['https://rp.test/cb', 'https://b.test/'] }), service())).to.equal(false);
    expect(needsCheck(service(), service({ scope: 'openid nik', client_name: 'Lain' }))).to.equal(false);
  });

  it('moves onto what took effect meanwhile and takes along what it meant, nothing else', () => {
    const base = service({ contacts: ['lama@rp.test'], client_uri: 'https://rp.test/' }, listing);
    const proposed = service({ contacts: ['lama@rp.test'], scope: 'openid email' }, listing);
    const current = service({ contacts: ['baru@rp.test'], client_uri: 'https://rp.test/' }, { ...listing, id: 'Kerja' });
    expect(rebase(base, proposed, current)).to.deep.equal(service({ contacts: ['baru@rp.test'], scope: 'openid email' }, { ...listing, id: 'Kerja' }));
  });
});
