import { BlockList, isIP } from 'node:net';
import type { Context, Middleware } from 'koa';
import type { Config } from '../config.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Sender } from '../domain/sender.ts';
import type { Random } from '../ports/random/random.ts';
import { cookieName } from './cookies.ts';

const DEVICE = /^[\w-]{22}$/;

export interface SenderState {
  device: string;
  /** Worked out for whoever asks. */
  sender: () => Sender;
}

/** IPv4 in IPv6 clothes is IPv4. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Thousands share an IPv4 address of a mobile carrier; one household has a whole IPv6 /64. */
export function networkOf(address: string): string {
  const ip = plain(address);
  if (isIP(ip) !== 6) return ip;
  const [head = '', tail = ''] = ip.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = ip.includes('::')
    ? [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
    : left;
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':')}::/64`;
}

export function createTrustedNetworks(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', prefix] = range.split('/');
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(base, family);
    else list.addSubnet(base, Number(prefix), family);
  }
  return (address) => {
    const ip = plain(address);
    return isIP(ip) !== 0 && list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
  };
}

/**
 * Gives each browser a random mark of its own (`ctx.state.device`) and says to the limits who sends (`senderOf`).
 * The mark is no identity: it only tells one browser from another.
 */
export function identifySender({
  config,
  keyedHash,
  random,
}: {
  config: Config;
  keyedHash: KeyedHash;
  random: Random;
}): Middleware {
  const secure = config.http.issuer.startsWith('https://');
  const name = cookieName('device', secure);
  const isTrusted = createTrustedNetworks(config.limits.trustedNetworks);

  const senderFrom = (device: string, address: string): Sender => ({
    device: keyedHash.hash('device', device).toString('base64url'),
    network: isTrusted(address) ? undefined : keyedHash.hash('network', networkOf(address)).toString('base64url'),
  });

  return (ctx, next) => {
    const given = ctx.cookies.get(name, { signed: true });
    const device = given !== undefined && DEVICE.test(given) ? given : random.bytes(16).toString('base64url');
    if (device !== given) {
      ctx.cookies.set(name, device, {
        httpOnly: true,
        sameSite: 'lax',
        secure,
        signed: true,
        overwrite: true,
        path: '/',
        maxAge: config.lifetimes.deviceSeconds * 1000,
      });
    }
    const state = ctx.state as SenderState;
    state.device = device;
    // Most pages count nothing.
    let sender: Sender | undefined;
    state.sender = () => (sender ??= senderFrom(device, ctx.ip));
    return next();
  };
}

export const senderOf = (ctx: Context): Sender => (ctx.state as SenderState).sender();
