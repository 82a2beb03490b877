import { expect } from 'chai';
import Koa from 'koa';
import { forwarded } from '../../src/web/forwarded.ts';
import { listen } from '../support/pages.ts';
import { rawGet } from '../support/raw.ts';

interface Seen {
  readonly ip: string;
  readonly href: string;
  readonly host: string;
  readonly path: string;
  readonly secure: boolean;
}

/** What a handler behind the middleware sees of a request as it came over the wire. */
async function see(
  headers: readonly string[],
  { trustProxy = 0, target = '/a?b=c', issuer = 'https://masuk.contoh.test' } = {},
): Promise<Seen> {
  const app = new Koa({ proxy: true });
  app.use(forwarded({ issuer, trustProxy }));
  app.use((ctx) => {
    ctx.body = { ip: ctx.ip, href: ctx.href, host: ctx.host, path: ctx.path, secure: ctx.secure } satisfies Seen;
  });
  const { url, close } = await listen(app);
  try {
    return JSON.parse((await rawGet(url, target, ['Host: localhost', ...headers])).body) as Seen;
  } finally {
    await close();
  }
}

describe('What a proxy says about a request', () => {
  it('never decides under which address we are known', async () => {
    for (const headers of [
      [],
      ['X-Forwarded-Host: evil.test'],
      ['X-Forwarded-Proto: http'],
      ['Forwarded: host=evil.test'],
      ['X-Forwarded-Port: 1'],
    ]) {
      for (const trustProxy of [0, 1, 3]) {
        const seen = await see(headers, { trustProxy });
        expect(seen).to.include({ host: 'masuk.contoh.test', href: 'https://masuk.contoh.test/a?b=c', secure: true });
      }
    }
    expect(await see(['X-Forwarded-Proto: https'], { issuer: 'http://localhost:3000' })).to.include({
      host: 'localhost:3000',
      href: 'http://localhost:3000/a?b=c',
      secure: false,
    });
  });

  const peer = '127.0.0.1';
  const chains: readonly { trust: number; chain: string; ip: string }[] = [
    { trust: 0, chain: '', ip: peer },
    { trust: 0, chain: '203.0.113.1', ip: peer },
    { trust: 1, chain: '203.0.113.1', ip: '203.0.113.1' },
    { trust: 1, chain: '198.51.100.9, 203.0.113.1', ip: '203.0.113.1' },
    { trust: 2, chain: '198.51.100.9, 203.0.113.1', ip: '198.51.100.9' },
    { trust: 2, chain: '192.0.2.66, 198.51.100.9, 203.0.113.1', ip: '198.51.100.9' },
    { trust: 1, chain: '', ip: peer },
    { trust: 3, chain: '203.0.113.1', ip: '203.0.113.1' },
    { trust: 1, chain: '2001:db8::7', ip: '2001:db8::7' },
    { trust: 1, chain: 'unknown', ip: peer },
    { trust: 1, chain: "'; drop table counters --", ip: peer },
    { trust: 1, chain: '203.0.113.1:4711', ip: peer },
    { trust: 1, chain: '10.0.0.1, , ', ip: peer },
    { trust: 1, chain: '999.1.1.1', ip: peer },
  ];
  for (const { trust, chain, ip } of chains) {
    it(`with ${trust} trusted, "${chain}" comes from ${ip}`, async () => {
      expect((await see(chain === '' ? [] : [`X-Forwarded-For: ${chain}`], { trustProxy: trust })).ip).to.equal(ip);
    });
  }

  it('reads a chain that comes in several headers as one', async () => {
    expect((await see(['X-Forwarded-For: 192.0.2.66', 'X-Forwarded-For: 203.0.113.1'], { trustProxy: 1 })).ip).to.equal(
      '203.0.113.1',
    );
  });

  const targets: Readonly<Record<string, string>> = {
    'http://evil.test/x?y=1': '/x?y=1',
    'https://evil.test': '/',
    'http://evil.test?y=1': '/?y=1',
    '//evil.test/x': '/evil.test/x',
    '///evil.test': '/evil.test',
    '/\\evil.test': '/evil.test',
    '/\\/\\evil.test': '/evil.test',
    '/x?next=http://evil.test//': '/x?next=http://evil.test//',
    '/x//y': '/x//y',
  };
  for (const [target, own] of Object.entries(targets)) {
    it(`takes "${target}" for "${own}"`, async () => {
      expect((await see([], { target })).href).to.equal(`https://masuk.contoh.test${own}`);
    });
  }
});
