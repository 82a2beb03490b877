import { expect } from 'chai';
import { fields } from '../../src/admin/clients/metadata-fields.ts';
import { watchedIn, watches } from '../../src/domain/client-watch.ts';
import { sentences } from '../../src/web/i18n.ts';

const purpose = { purpose: { id: 'Uji', en: 'Trial' }, legal_basis: 'consent' } as const;
const usual = {
  client_id: 'uji',
  client_name: 'Uji',
  redirect_uris: ['https://rp.test/cb', 'https://rp.test/lain'],
  scope: 'openid profile email',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_basic',
  first_party: false,
  data_use: { profile: purpose, email: purpose },
};
const watched = (members: object): unknown => Object.fromEntries(watchedIn({ metadata: { ...usual, ...members } }));

describe('A new application', () => {
  it('draws no attention by what most registrations have', () => {
    expect(
      watched({
        contacts: ['tim@rp.test'],
        id_token_signed_response_alg: 'ES256',
        backchannel_logout_uri: 'https://rp.test/bc',
        pkce_waived_because: undefined,
        may_introspect: [],
      }),
    ).to.deep.equal({});
  });

  const cases: readonly [string, object, object][] = [
    [
      'the NIK, and access that lasts',
      { scope: 'openid nik offline_access', data_use: { nik: purpose } },
      { scope: ['nik', 'offline'] },
    ],
    ['data of which it does not say what they are for', { scope: 'openid email phone' }, { scope: ['no-purpose'] }],
    ['data of which it says nothing at all', { data_use: undefined }, { scope: ['no-purpose'] }],
    ['waived PKCE', { pkce_waived_because: 'a library from before 2015' }, { pkce_waived_because: ['pkce'] }],
    ['data without asking', { first_party: true }, { first_party: ['first-party'] }],
    [
      'addresses of several hosts',
      { redirect_uris: ['https://rp.test/cb', 'https://other.test/cb'] },
      { redirect_uris: ['hosts'] },
    ],
    [
      'another port, which another program may hold',
      { redirect_uris: ['https://rp.test/cb', 'https://rp.test:8443/cb'] },
      { redirect_uris: ['hosts'] },
    ],
    [
      'an address that no certificate vouches for',
      { redirect_uris: ['http://127.0.0.1/cb'] },
      { redirect_uris: ['not-https'] },
    ],
    ['a scheme of an app', { redirect_uris: ['id.go.contoh:/cb'] }, { redirect_uris: ['not-https'] }],
    ['a service without a secret', { token_endpoint_auth_method: 'none' }, { token_endpoint_auth_method: ['public'] }],
    [
      'a machine with rights of the console',
      { grant_types: ['client_credentials'], scope: 'admin:audit:read', operated_by: 'x' },
      { grant_types: ['machine'], scope: ['admin'], operated_by: ['operated'] },
    ],
    [
      'codes for other devices',
      { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] },
      { grant_types: ['device'] },
    ],
    [
      'tokens of others',
      { may_introspect: ['https://api.test/'], resources: { 'https://api.test/': [] } },
      { may_introspect: ['introspection'], resources: ['apis'] },
    ],
    ['the former interface', { bridge: { until: '2027-01-01' } }, { bridge: ['bridge'] }],
    ['what nobody has heard of', { teleport: true }, { teleport: ['uncommon'] }],
    ['what nobody has heard of and says no', { teleport: false }, { teleport: ['uncommon'] }],
  ];
  for (const [what, members, expected] of cases) {
    it(`is looked at for ${what}`, () => {
      expect(watched(members)).to.deep.equal(expected);
    });
  }

  it('shows the gravest first', () => {
    expect([
      ...watchedIn({
        metadata: { ...usual, bridge: { until: '2027-01-01' }, first_party: true, scope: 'openid nik' },
      }).keys(),
    ]).to.deep.equal(['scope', 'first_party', 'bridge']);
  });

  it('is read by rules for each member that a registration has, and each reason has its words', () => {
    const elsewhere = ['client_secret', 'allow_nik', 'type', 'logo_uri', 'sector_identifier_uri'];
    const unread = Object.keys(fields).filter(
      (name) =>
        !elsewhere.includes(name) &&
        watchedIn({ metadata: { ...usual, [name]: 'x' } })
          .get(name)
          ?.includes('uncommon'),
    );
    expect(unread).to.deep.equal([]);
    for (const locale of ['id', 'en'] as const)
      expect(watches.filter((watch) => !sentences[locale].has(`admin.clients.watch.${watch}`))).to.deep.equal([]);
  });
});
