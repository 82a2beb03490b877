import { isIP } from 'node:net';
import type { Middleware } from 'koa';

/**
 * Replaces what a proxy, or somebody who pretends to be one, says about the request.
 *
 * Host and scheme are those of the issuer whatever the `Host` header claims, so that no link, redirect or discovery
 * document can be bent. The address of the person is taken from `X-Forwarded-For`, counted from the right over as many
 * proxies as the configuration trusts; without trust it is the peer's.
 */
export function forwarded({ issuer, trustProxy }: { issuer: string; trustProxy: number }): Middleware {
  const { host, protocol } = new URL(issuer);
  const scheme = protocol.slice(0, -1);

  return (ctx, next) => {
    const { headers, socket, url = '/' } = ctx.req;
    // A whole address in the request line counts more than `Host` (RFC 9112, 3.2.2); only forward proxies are sent one.
    if (!url.startsWith('/')) {
      ctx.status = 400;
      return Promise.resolve();
    }
    const hops = [...String(headers['x-forwarded-for'] ?? '').split(','), socket.remoteAddress ?? ''].map((hop) => hop.trim());
    const claimed = hops[hops.length - 1 - Math.min(trustProxy, hops.length - 1)] ?? '';
    const address = isIP(claimed) === 0 ? (socket.remoteAddress ?? '') : claimed;
    headers.host = host;
    headers['x-forwarded-proto'] = scheme;
    headers['x-forwarded-for'] = address;
    delete headers['x-forwarded-host'];
    delete headers[':authority'];
    return next();
  };
}
