import type { lookup, LookupAddress } from 'node:dns';
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

  const outcome = async (
    address: string,
    options: { allow?: readonly string[]; loopback?: boolean; resolve?: typeof lookup },
  ): Promise<string> => {
    const fetch = createOutboundFetch({ ...options, allow: options.allow ?? [], loopback: options.loopback ?? false });
    try {
      return await (await fetch(address)).text();
    } catch (error) {
      const { code, cause } = error as { code?: string; cause?: { code?: string; message?: string } };
      return code ?? cause?.code ?? cause?.message ?? String(error);
    }
  };

  for (const [what, host] of [
    ['an inner address', '127.0.0.1'],
    ['a name for one', 'localhost'],
    ['one written as a whole number', '2130706433'],
    ['one in IPv6 clothes', '[::ffff:127.0.0.1]'],
  ] as const) {
    it(`refuses ${what} before anything is sent`, async () => {
      const before = calls;
      expect(await outcome(`http://${host}:${port}/`, {})).to.equal('OUTBOUND_REFUSED');
      expect(calls).to.equal(before);
    });
  }

  for (const address of [
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '[fd00::1]',
    '[fe80::1]',
    '[::1]',
    '[::7f00:1]',
    '[64:ff9b::a00:1]',
    '[64:ff9b:1::a00:1]',
    '0.0.0.0',
    '100.64.0.1',
  ]) {
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

  describe('by a name whose answers somebody else chooses', () => {
    const OUTER = '203.0.113.7';
    /** A name server that gives these answers one after the other, and the last one from then on. */
    function nameServer(...answers: readonly (readonly string[])[]): {
      readonly resolve: typeof lookup;
      readonly asked: () => number;
    } {
      let turn = 0;
      const resolve = (
        _name: string,
        _options: object,
        done: (error: null, addresses: LookupAddress[]) => void,
      ): void => {
        const answer = answers[Math.min(turn, answers.length - 1)] ?? [];
        turn += 1;
        done(
          null,
          answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
      };
      return { resolve: resolve as unknown as typeof lookup, asked: () => turn };
    }
    const get = (resolve: typeof lookup, allow: readonly string[] = []): Promise<string> =>
      outcome(`http://layanan.test:${port}/`, { resolve, allow });

    it('connects to the very address that was judged: the name is not asked again', async () => {
      const names = nameServer(['127.0.0.1'], ['127.0.0.2']);
      expect(await get(names.resolve, ['127.0.0.1/32'])).to.equal('here');
      expect(names.asked()).to.equal(1);
      // Where it answers by the inner address later, that call is refused in its turn.
      expect(await get(names.resolve, ['127.0.0.1/32'])).to.equal('OUTBOUND_REFUSED');
      expect(names.asked()).to.equal(2);
    });

    for (const [what, answer] of [
      ['the outer one first', [OUTER, '127.0.0.1']],
      ['the inner one first', ['127.0.0.1', OUTER]],
      ['the inner one in IPv6', [OUTER, '::1']],
    ] as const) {
      it(`refuses one that stands for outer and inner addresses at once, ${what}, and calls neither`, async () => {
        const before = calls;
        expect(await get(nameServer(answer).resolve)).to.equal('OUTBOUND_REFUSED');
        expect(calls).to.equal(before);
      });
    }

    it('refuses one that stands for nothing', async () => {
      expect(await get(nameServer([]).resolve)).to.equal('OUTBOUND_REFUSED');
    });
  });
});
