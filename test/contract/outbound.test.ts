import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createOutboundFetch } from '../../src/ports/outbound/outbound.ts';

describe('Calls to addresses that somebody registered', () => {
  let server: Server;
  let port: number;
  let calls = 0;

  before(async () => {
    server = createServer((request, response) => {
      calls += 1;
      if (request.url === '/away') response.writeHead(302, { location: '/' }).end();
      else response.end('here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const outcome = async (address: string, options: { allow?: readonly string[]; loopback?: boolean }): Promise<string> => {
    const fetch = createOutboundFetch({ allow: options.allow ?? [], loopback: options.loopback ?? false });
    try {
      return await (await fetch(address)).text();
    } catch (error) {
      const { code, cause } = error as { code?: string; cause?: { code?: string; message?: string } };
      return code ?? cause?.code ?? cause?.message ?? String(error);
    }
  };

  for (const [what, host] of [['an inner address', '127.0.0.1'], ['a name for one', 'localhost'], ['one written as a whole number', '2130706433'], ['one in IPv6 clothes', '[::ffff:127.0.0.1]']] as const) {
    it(`refuses ${what} before anything is sent`, async () => {
      const before = calls;
      expect(await outcome(`http://${host}:${port}/`, {})).to.equal('OUTBOUND_REFUSED');
      expect(calls).to.equal(before);
    });
  }

  for (const address of ['10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '[fd00::1]', '[fe80::1]', '[::1]', '0.0.0.0', '100.64.0.1']) {
    it(`refuses ${address}`, async () => {
      expect(await outcome(`http://${address}/`, {})).to.equal('OUTBOUND_REFUSED');
    });
  }

  it('reaches what the operator allows: a range, a name, loopback while developing', async () => {
    expect(await outcome(`http://127.0.0.1:${port}/`, { allow: ['127.0.0.0/8'] })).to.equal('here');
    expect(await outcome(`http://localhost:${port}/`, { allow: ['localhost'] })).to.equal('here');
    expect(await outcome(`http://127.0.0.1:${port}/`, { loopback: true })).to.equal('here');
  });

  it('follows no redirect', async () => {
    expect(await outcome(`http://127.0.0.1:${port}/away`, { loopback: true })).to.match(/redirect/i);
  });
});
