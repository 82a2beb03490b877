import { expect } from 'chai';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { createTrustedNetworks, networkOf } from '../../src/web/sender.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';

describe('Who sends a request', () => {
  const networks: readonly (readonly [string, string])[] = [
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ];
  for (const [address, network] of networks) {
    it(`counts ${address} with ${network}`, () => {
      expect(networkOf(address)).to.equal(network);
    });
  }

  it('knows trusted networks in either family, and an IPv4 address in IPv6 clothes', () => {
    const isTrusted = createTrustedNetworks(['10.0.0.0/8', '203.0.113.7', '2001:db8::/32']);
    for (const address of ['10.1.2.3', '::ffff:10.9.9.9', '203.0.113.7', '2001:db8:ffff::1'])
      expect(isTrusted(address), address).to.equal(true);
    for (const address of ['11.0.0.1', '203.0.113.8', '2001:db9::1', '', 'unknown', '::'])
      expect(isTrusted(address), address).to.equal(false);
    expect(createTrustedNetworks([])('127.0.0.1')).to.equal(false);
  });

  it('takes no trusted network that was mistyped: one slash too many would trust everybody', () => {
    for (const mistake of [
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0/8',
      '10.0.0.0/8/8',
      '10.0.0.0/x',
      '2001:db8::/129',
      'kantor.contoh.test',
      '10.0.0.0/8;11.0.0.0/8',
    ]) {
      expect(() => loadConfig({ LIMITS_TRUSTED_NETWORKS: `203.0.113.0/24,${mistake}` }), mistake).to.throw(
        ConfigError,
        'LIMITS_TRUSTED_NETWORKS',
      );
    }
    expect(
      loadConfig({ LIMITS_TRUSTED_NETWORKS: '10.0.0.0/8, 2001:db8::/32 ,203.0.113.7' }).limits.trustedNetworks,
    ).to.have.length(3);
  });

  describe('by its device mark', () => {
    let app: TestApp;
    before(async () => {
      app = await startTestApp();
    });
    after(() => app.close());

    it('stays the same from page to page, and is another in each browser', async () => {
      const [one, other] = [new Browser(), new Browser()];
      await one.open(`${app.url}/help`);
      await other.open(`${app.url}/help`);
      const mark = one.cookie('device');
      expect(mark)
        .to.match(/^[\w-]{22}$/)
        .and.not.equal(other.cookie('device'));
      const again = await one.open(`${app.url}/terms`);
      expect(again.headers.getSetCookie()).to.deep.equal([]);
      expect(one.cookie('device')).to.equal(mark);
    });

    it('is replaced when it was not signed by us', async () => {
      const own = new Browser();
      await own.open(`${app.url}/help`);
      const [mark, signature] = [own.cookie('device') ?? '', own.cookie('device.sig') ?? ''];
      // The last character says four bits alone: two spellings of it are one signature.
      const altered = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      const forgeries = [
        `device=${'A'.repeat(22)}`,
        `device=${'A'.repeat(22)}; device.sig=${signature}`,
        `device=${mark}`,
        `device=${mark}; device.sig=${altered}`,
        `device=; device.sig=${signature}`,
        `device=%00; device.sig=`,
      ];
      for (const cookie of forgeries) {
        const answer = await new Browser({ headers: { cookie } }).request(`${app.url}/help`);
        expect(
          answer.headers.getSetCookie().some((line) => line.startsWith('device=')),
          cookie,
        ).to.equal(true);
      }
    });

    it('is not set with a file or with a health check', async () => {
      for (const path of ['/app.css', '/healthz', '/readyz', '/favicon.svg'])
        expect((await fetch(`${app.url}${path}`)).headers.getSetCookie(), path).to.deep.equal([]);
    });
  });
});
