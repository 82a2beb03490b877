/**
 * Loaded before every test file: a call that would leave this machine fails the test, whatever becomes of its error.
 */
import { BlockList, isIP, isIPv4, Socket } from 'node:net';

interface Target {
  readonly host?: string;
  readonly path?: string;
  readonly lookup?: unknown;
}

/** Networks of containers on this machine, where the run has such (`npm run test:image`). */
const containers = new BlockList();
for (const [address = '', prefix] of (process.env.CONTAINER_NETWORKS ?? '')
  .split(' ')
  .filter(Boolean)
  .map((one) => one.split('/')))
  containers.addSubnet(address, Number(prefix));

const isLoopback = (host: string): boolean =>
  (isIPv4(host) && containers.check(host)) ||
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  /^(?:127(?:\.\d+){3}|::1|\[::1\]|::ffff:127(?:\.\d+){3})$/.test(host);

/**
 * The ways in which `connect` may be called: options, path, port and host, or the list that `net.connect` has made of
 * them.
 */
function targetOf(args: readonly unknown[]): Target {
  const [first, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  if (typeof first === 'object' && first !== null) return first;
  if (typeof first === 'string' && Number.isNaN(Number(first))) return { path: first };
  return typeof second === 'string' ? { host: second } : {};
}

const escaped: string[] = [];

function refuse(host: string): Error {
  escaped.push(host);
  return new Error(`a test tried to reach ${host}: tests speak to this machine only`);
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its socket below
const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;

Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const { path, host = 'localhost', lookup } = targetOf(args);
  if (path === undefined && !isLoopback(host)) {
    // A name may still be a test's own, told by a look-up of its own; what it leads to is checked then.
    if (isIP(host) !== 0 || lookup === undefined) throw refuse(host);
    this.once('lookup', (error, address) => {
      // A look-up that refuses leads nowhere.
      if ((error as Error | null) === null && !isLoopback(address)) this.destroy(refuse(`${host} (${address})`));
    });
  }
  return connect.apply(this, args);
};

export const mochaHooks = {
  afterEach(): void {
    const seen = escaped.splice(0);
    if (seen.length > 0) throw new Error(`the network was called: ${seen.join(', ')}`);
  },
};
