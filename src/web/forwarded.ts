import { isIP } from 'node:net';
import type { Middleware } from 'koa';

/**
 * The path and query alone. A request line may carry a whole address, which counts more than `Host` and must be taken
 * (RFC 9112, 3.2.2); and two slashes at the front of a path name a host as soon as the path stands in a link.
 */
const ownAddress = (url: string): string => url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/^[/\\]*/, '/');

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

  /** What the farthest of our own proxies says, or whoever stands in for it where there are fewer. */
  const claimedBy = (said: string): string => {
    const hops = said.split(',');
    return (hops[hops.length - Math.min(trustProxy, hops.length)] ?? '').trim();
  };

  return (ctx, next) => {
    const { headers, socket } = ctx.req;
    const peer = socket.remoteAddress ?? '';
    const claimed = trustProxy === 0 ? peer : claimedBy(String(headers['x-forwarded-for'] ?? ''));
    const address = isIP(claimed) === 0 ? peer : claimed;
    headers.host = host;
    headers['x-forwarded-proto'] = scheme;
    headers['x-forwarded-for'] = address;
    delete headers['x-forwarded-host'];
    delete headers[':authority'];
    ctx.url = ownAddress(ctx.url);
    ctx.originalUrl = ctx.url;
    ctx.request.originalUrl = ctx.url;
    return next();
  };
}
