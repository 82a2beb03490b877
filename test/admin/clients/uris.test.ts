import { expect } from 'chai';
import { findRedirectUriProblem, findWebUriProblem } from '../../../src/admin/clients/uris.ts';
import type { ClientType } from '../../../src/domain/client.ts';

describe('Client applications: addresses', () => {
  const good: [ClientType, string][] = [
    ['web', 'https://rp.test/cb'],
    ['web', 'https://rp.test:8443/cb?from=sso'],
    ['web', 'http://localhost:3001/callback'],
    ['web', 'http://127.0.0.1/cb'],
    ['spa', 'http://[::1]:8080/'],
    ['native', 'https://app.layanan.test/masuk'],
    ['native', 'http://127.0.0.1/cb'],
    ['native', 'com.example.app:/callback'],
    ['native', 'id.go.contoh.app://callback'],
  ];
  for (const [type, uri] of good)
    it(`takes ${uri} for ${type}`, () => expect(findRedirectUriProblem(uri, type)).to.be.undefined);

  const bad: [ClientType, string, RegExp][] = [
    ['web', 'http://rp.test/cb', /must be https/],
    ['web', 'http://localhost.rp.test/cb', /must be https/],
    ['web', 'https://*.rp.test/cb', /wildcard/],
    ['web', 'https://rp.test/*', /wildcard/],
    ['web', 'https://rp.test/cb#', /fragment/],
    ['web', 'https://rp.test/cb#part', /fragment/],
    ['web', 'https://user:secret@rp.test/cb', /user name/],
    ['web', '/callback', /complete address/],
    ['web', 'rp.test/cb', /complete address/],
    ['web', 'https:rp.test/cb', /complete address/],
    ['web', 'https:\\\\rp.test\\cb', /complete address/],
    ['web', ' https://rp.test/cb', /complete address/],
    ['web', 'https://rp.test/a\tb', /complete address/],
    ['web', '', /characters/],
    ['web', `https://rp.test/${'a'.repeat(2048)}`, /characters/],
    ['web', 'javascript:alert(1)', /must be https/],
    ['web', 'com.example.app:/callback', /must be https/],
    ['spa', 'ftp://rp.test/', /must be https/],
    ['native', 'http://rp.test/cb', /must be https, http on/],
    ['native', 'https://localhost/cb', /must be http where/],
    ['native', 'myapp:/callback', /dot/],
    ['native', 'javascript:alert(1)', /dot/],
  ];
  for (const [type, uri, problem] of bad)
    it(`refuses ${JSON.stringify(uri.slice(0, 40))} for ${type}`, () =>
      expect(findRedirectUriProblem(uri, type)).to.match(problem));

  it('takes https, and http on the machine itself, for pages and end points of the service', () => {
    expect(findWebUriProblem('https://rp.test/logout')).to.be.undefined;
    expect(findWebUriProblem('http://localhost:3001/backchannel-logout')).to.be.undefined;
    expect(findWebUriProblem('http://10.0.0.1/logout')).to.match(/must be https/);
    expect(findWebUriProblem('file:///etc/passwd')).to.match(/must be https/);
  });
});
