import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Agent, fetch as undiciFetch } from 'undici';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { inSpan } from '../../telemetry/trace.ts';
import { createReadDocument, type OutboundFault, type ReadDocument } from './document.ts';

/** Address space in which somebody's inner network may lie (RFC 6890 and successors). */
const INNER: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];
const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];
const TIMEOUT_MS = 5000;

/** The address may not be called. Names the host, which the operator registered, and nothing it leads to. */
export class OutboundRefused extends Error {
  readonly code = 'OUTBOUND_REFUSED';

  constructor(host: string) {
    super(`${host} lies in private address space that OUTBOUND_ALLOW does not name`);
  }
}

function toList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', prefix] = range.split('/');
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(base, family);
    else list.addSubnet(base, Number(prefix), family);
  }
  return list;
}

const holds = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

const plainHost = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase();

export interface OutboundOptions {
  /** Hosts and CIDR ranges in private address space that may be reached (`outbound.allow`). */
  readonly allow: readonly string[];
  /** Development calls services on the same machine. */
  readonly loopback: boolean;
  /** What names stand for; without it the system is asked. */
  readonly resolve?: typeof lookup;
}

type MayReach = (host: string, address: string) => boolean;

function createMayReach({ allow, loopback }: OutboundOptions): MayReach {
  const isRange = (entry: string): boolean => isIP(entry.split('/')[0] ?? '') !== 0;
  const inner = toList(INNER);
  const allowed = toList([...allow.filter(isRange), ...(loopback ? LOOPBACK : [])]);
  const allowedHosts = new Set(allow.filter((entry) => !isRange(entry)).map((entry) => entry.toLowerCase()));
  return (host, address) => allowedHosts.has(plainHost(host)) || !holds(inner, address) || holds(allowed, address);
}

/**
 * `fetch` for addresses that somebody registered with us: a service's logout endpoint, its keys.
 *
 * The name is resolved once, every address it stands for has to be good, and the connection goes to what was judged, so
 * that a name which answers differently a moment later leads nowhere. Redirects are refused, or handed to a caller who
 * asks for them and whose next call is judged like this one; five seconds are enough.
 *
 * @throws {OutboundRefused} as the `cause` of fetch's TypeError, or directly for an address written as a number.
 */
export function createOutboundFetch(options: OutboundOptions): typeof globalThis.fetch {
  const { resolve = lookup } = options;
  const mayReach = createMayReach(options);

  const agent = new Agent({
    connect: {
      lookup(hostname, options, callback) {
        resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
          const [first] = error === null ? addresses : [];
          if (error !== null) callback(error, []);
          // One inner address among outer ones is no mistake that an honest name makes.
          else if (first === undefined || !addresses.every(({ address }) => mayReach(hostname, address)))
            callback(new OutboundRefused(hostname), []);
          else if (options.all === true) callback(null, addresses);
          else callback(null, first.address, first.family);
        });
      },
    },
  });

  const guarded = async (input: string | URL, init: RequestInit = {}): Promise<unknown> => {
    const host = plainHost(new URL(input).hostname);
    if (isIP(host) !== 0 && !mayReach(host, host)) throw new OutboundRefused(host);
    const signals = [AbortSignal.timeout(TIMEOUT_MS), ...(init.signal == null ? [] : [init.signal])];
    return inSpan('outbound', { 'server.address': host }, () =>
      undiciFetch(input, {
        ...(init as object),
        redirect: init.redirect === 'manual' ? 'manual' : 'error',
        signal: AbortSignal.any(signals),
        dispatcher: agent,
      }),
    );
  };
  return guarded as typeof globalThis.fetch;
}

/**
 * Whether an address may be called, as far as that can be told without calling it: nothing is sent but the question for
 * its name.
 */
export type JudgeAddress = (
  address: string,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<Result<undefined, Extract<OutboundFault, 'address-refused' | 'no-name' | 'timeout'>>>;

function createJudgeAddress(options: OutboundOptions): JudgeAddress {
  const { resolve = lookup } = options;
  const mayReach = createMayReach(options);
  return (address, { signal } = {}) =>
    new Promise((settle) => {
      const host = plainHost(new URL(address).hostname);
      const judge = (addresses: readonly string[]): void => {
        settle(addresses.every((one) => mayReach(host, one)) ? ok(undefined) : refuse('address-refused'));
      };
      if (isIP(host) !== 0) {
        judge([host]);
        return;
      }
      signal?.addEventListener(
        'abort',
        () => {
          settle(refuse('timeout'));
        },
        { once: true },
      );
      resolve(host, { all: true }, (error, addresses: LookupAddress[]) => {
        if (error !== null || addresses.length === 0) settle(refuse('no-name'));
        else judge(addresses.map((one) => one.address));
      });
    });
}

/** What is called at addresses of services, and how. */
export interface Outbound {
  readonly fetch: typeof globalThis.fetch;
  readonly readDocument: ReadDocument;
  readonly judgeAddress: JudgeAddress;
}

export function createOutbound(options: OutboundOptions): Outbound {
  const fetch = createOutboundFetch(options);
  return { fetch, readDocument: createReadDocument(fetch), judgeAddress: createJudgeAddress(options) };
}
