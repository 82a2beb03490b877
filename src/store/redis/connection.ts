import { existsSync, readFileSync } from 'node:fs';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { inSpan, isTraced } from '../../telemetry/trace.ts';
import { createDeadline } from './deadline.ts';
import { isOfReplica, RedisAway, toError } from './refusals.ts';
import { cork } from '../packet.ts';

export interface RedisSettings {
  readonly url: string | undefined;
  readonly cluster: readonly string[];
  readonly sentinels: readonly string[];
  readonly sentinelName: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly tls: boolean;
  readonly ca: string | undefined;
  readonly prefix: string;
  readonly timeoutMs: number;
}

export type RedisArgument = Buffer | string | number;

/** One script is one round trip. On a cluster its keys must lie in one slot. */
export interface RedisScript {
  readonly name: string;
  readonly lua: string;
}

/** What the stores use of Redis: whatever goes wrong comes out as one kind of error, after a short time. */
export interface RedisConnection {
  readonly isCluster: boolean;
  /** Stands before every key, so that several installations may share a server. */
  readonly prefix: string;
  call(command: string, ...args: readonly RedisArgument[]): Promise<unknown>;
  run(script: RedisScript, keys: readonly RedisArgument[], args: readonly RedisArgument[]): Promise<unknown>;
  ping(): Promise<void>;
  /** How every master is doing. */
  inspect(): Promise<readonly RedisNode[]>;
  /**
   * Some keys that begin so, and where to go on (undefined: that was the end); from the beginning without a place,
   * which any process can go on from.
   */
  scanPage(
    beginning: string,
    from?: string,
  ): Promise<{ readonly keys: readonly Buffer[]; readonly next: string | undefined }>;
  /**
   * Every key that begins so, on every master, in portions; one that is written meanwhile may be missed or come twice.
   */
  scan(beginning: string): AsyncIterable<readonly Buffer[]>;
  /** Commands that were sent or wait to be. */
  pending(): number;
  close(): void;
}

export interface RedisNode {
  readonly version: string;
  readonly usedBytes: number;
  /** 0 is no limit. */
  readonly limitBytes: number;
  /** What Redis does when it is full: anything but `noeviction` forgets sessions and limits. */
  readonly evictionPolicy: string;
  /** Whether each write goes to disk within a second or so. */
  readonly appendsToDisk: boolean;
  /** How many replicas follow it. */
  readonly replicas: number;
  /** Whether it refuses what no replica would get (`min-replicas-to-write`). */
  readonly needsReplicas: boolean;
}

/** Commands that may wait for an answer. Beyond, a Redis that hangs would fill the memory of this process. */
const MOST_PENDING = 5000;
const CONNECT_MS = 2000;
const SCANNED_AT_ONCE = 250;
const SLOWEST_RETRY_MS = 1000;

const hostAndPort = (text: string): { host: string; port: number } => {
  const { hostname, port } = new URL(`redis://${text}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 6379 : Number(port) };
};
const retry = (times: number): number => Math.min(25 * 2 ** times, SLOWEST_RETRY_MS);

function trust(ca: string | undefined): object {
  if (ca === undefined) return {};
  if (ca.includes('-----BEGIN')) return { ca };
  if (!existsSync(ca)) throw new Error(`REDIS_CA: there is no file ${ca}`);
  return { ca: readFileSync(ca) };
}

function toNode(info: string): RedisNode {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return {
    version: field('redis_version'),
    usedBytes: Number(field('used_memory')),
    limitBytes: Number(field('maxmemory')),
    evictionPolicy: field('maxmemory_policy'),
    appendsToDisk: field('aof_enabled') === '1',
    replicas: Number(field('connected_slaves')),
    // Said only where it is set.
    needsReplicas: field('min_slaves_good_slaves') !== '',
  };
}

/** Undefined where nothing is set: PostgreSQL carries everything then. */
function connect(settings: RedisSettings): Redis | Cluster | undefined {
  const { url, cluster, sentinels, sentinelName, username, password, sentinelPassword, ca, timeoutMs } = settings;
  const address = url === undefined ? undefined : new URL(url);
  const tls = settings.tls || address?.protocol === 'rediss:' ? { tls: trust(ca) } : {};
  const common: Omit<RedisOptions, 'replyMapping'> = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...tls,
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    // Who hears nothing for longer than anybody waits looks for another connection.
    socketTimeout: 2 * timeoutMs,
    maxRetriesPerRequest: 3,
    // What was sent may have been done: nobody but the caller can tell whether doing it twice is right.
    autoResendUnfulfilledCommands: false,
    retryStrategy: retry,
    // A former master after a fail-over: look for the new one. The command was not done.
    reconnectOnError: ({ message }) => (isOfReplica(message) ? 2 : false),
  };
  if (address !== undefined) {
    const given = { username: decodeURIComponent(address.username), password: decodeURIComponent(address.password) };
    const db = Number(address.pathname.slice(1) || '0');
    return new Redis({
      ...common,
      ...hostAndPort(address.host),
      ...(given.username === '' ? {} : { username: given.username }),
      ...(given.password === '' ? {} : { password: given.password }),
      db,
    });
  }
  if (cluster.length > 0) {
    return new Cluster(cluster.map(hostAndPort), {
      lazyConnect: true,
      redisOptions: common,
      clusterRetryStrategy: retry,
      maxRedirections: 5,
      slotsRefreshTimeout: timeoutMs,
      // Certificates are made out to names: with TLS the nodes are called as they call themselves.
      ...('tls' in tls
        ? {
            dnsLookup: (host, done) => {
              done(null, host);
            },
          }
        : {}),
    });
  }
  if (sentinels.length > 0 && sentinelName !== undefined) {
    return new Redis({
      ...common,
      sentinels: sentinels.map(hostAndPort),
      name: sentinelName,
      sentinelRetryStrategy: retry,
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
      ...('tls' in tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls.tls } : {}),
    });
  }
  return undefined;
}

/** A command as a span of its request: its name alone, no key and no value. */
const traced = (command: string, work: () => Promise<unknown>): Promise<unknown> =>
  isTraced() ? inSpan(`redis ${command}`, { 'db.system.name': 'redis', 'db.operation.name': command }, work) : work();

type Command = (...args: unknown[]) => Promise<unknown>;

interface Logger {
  warn(details: { readonly reason: string }, message: string): void;
}

/**
 * The connection to Redis: one server, a cluster, or the master that Sentinels name. It is made with the first command
 * and made again whenever it is lost.
 *
 * @returns undefined when no Redis is set.
 */
export function openRedis(settings: RedisSettings, log: Logger): RedisConnection | undefined {
  const client = connect(settings);
  return client === undefined ? undefined : guard(client, settings, log);
}

function guard(client: Redis | Cluster, { prefix, timeoutMs }: RedisSettings, log: Logger): RedisConnection {
  const scripts = new Map<RedisScript, Command>();
  const deadline = createDeadline(timeoutMs);
  let pending = 0;

  client.on('error', (error: unknown) => {
    log.warn({ reason: toError(error).message }, 'the connection to Redis is lost; it is tried again');
  });

  function inTime<T>(work: () => Promise<T>): Promise<T> {
    if (pending >= MOST_PENDING) return Promise.reject(new RedisAway('too many commands wait for an answer'));
    pending += 1;
    // Each node of a cluster has a connection of its own; and before one is ready, the driver keeps commands itself.
    if (!(client instanceof Cluster) && client.status === 'ready') cork(client.stream);
    return new Promise((resolve, reject) => {
      const end = deadline.begin(() => {
        reject(new RedisAway(`no answer within ${timeoutMs} ms`));
      });
      // Counted until Redis has answered or is given up by the driver, not only while somebody waits.
      const done = (): void => {
        pending -= 1;
        end();
      };
      work().then(
        (answer) => {
          done();
          resolve(answer);
        },
        (error: unknown) => {
          done();
          reject(toError(error));
        },
      );
    });
  }

  /** Sent by its hash; whole where the server does not know it, after a restart say. */
  function commandOf(script: RedisScript): Command {
    const known = scripts.get(script);
    if (known !== undefined) return known;
    client.defineCommand(script.name, { lua: script.lua });
    const method = (client as unknown as Record<string, Command>)[`${script.name}Buffer`];
    if (method === undefined) throw new Error(`no command ${script.name}`);
    const command: Command = method.bind(client);
    scripts.set(script, command);
    return command;
  }

  const masters = (): readonly Redis[] => (client instanceof Cluster ? client.nodes('master') : [client]);

  return {
    isCluster: client instanceof Cluster,
    prefix,
    call: (command, ...args) => traced(command, () => inTime(() => client.callBuffer(command, ...args))),
    run: (script, keys, args) =>
      traced(script.name, () => inTime(() => commandOf(script)(keys.length, ...keys, ...args))),
    async ping() {
      // A cluster is asked for a key: it is there when it serves, and a node that answers says nothing of it.
      await inTime<unknown>(() => (client instanceof Cluster ? client.exists(`${prefix}ping`) : client.ping()));
    },
    async inspect() {
      await this.ping();
      return (await inTime(() => Promise.all(masters().map((node) => node.info())))).map(toNode);
    },
    async scanPage(beginning, from) {
      const pattern = `${beginning.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`;
      // The masters of a cluster are known once it is connected.
      if (from === undefined || masters().length === 0) await this.ping();
      const [at = '0', cursor = '0'] = from?.split(' ') ?? [];
      // None where there were more of them when that was noted.
      const node = masters()[Number(at)];
      const [after, keys] =
        node === undefined
          ? ['0', []]
          : await inTime(() => node.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', SCANNED_AT_ONCE));
      const following = Number(at) + 1;
      return {
        keys,
        next:
          after.toString() !== '0'
            ? `${at} ${after.toString()}`
            : following < masters().length
              ? `${following} 0`
              : undefined,
      };
    },
    async *scan(beginning) {
      for (let page = await this.scanPage(beginning); ; page = await this.scanPage(beginning, page.next)) {
        yield page.keys;
        if (page.next === undefined) return;
      }
    },
    pending: () => pending,
    close() {
      client.disconnect();
    },
  };
}
