import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import type { Config } from './config.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** Who answers requests. Koa's answers are promises, of which Node takes no notice. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

type Bounds = Pick<
  Config['http'],
  'headersTimeoutMs' | 'requestTimeoutMs' | 'idleTimeoutMs' | 'keepAliveMs' | 'maxConnections'
>;

const CHECK_MS = 5000;

/** What is said to somebody with whom there is no HTTP yet. */
const ANSWERS: Readonly<Record<string, { readonly status: string; readonly reason: 'timeout' | 'too-large' }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', reason: 'timeout' },
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', reason: 'too-large' },
};

/**
 * An HTTP server that nobody holds up by being slow or many: heads and bodies have to arrive in time, a connection on
 * which nothing moves is closed, and beyond a number of connections further ones are closed at once.
 */
export function createHttpServer(
  handle: Handler,
  { headersTimeoutMs, requestTimeoutMs, idleTimeoutMs, keepAliveMs, maxConnections }: Bounds,
  metrics: Pick<Metrics, 'connectionRefused'>,
): Server {
  const server = createServer(
    {
      connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeoutMs),
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
    },
    handle,
  );
  server.timeout = idleTimeoutMs;
  server.maxConnections = maxConnections;
  server.on('drop', () => {
    metrics.connectionRefused('too-many');
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const { status, reason } = ANSWERS[error.code ?? ''] ?? { status: '400 Bad Request', reason: 'malformed' };
    // Whoever hung up is no attack, and hears nothing any more.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    metrics.connectionRefused(reason);
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => {
      socket.destroy();
    });
  });
  return server;
}

/** @returns the port, which the system chooses where 0 was asked for. */
export function listen(server: Server, { host, port }: Pick<Config['http'], 'host' | 'port'>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Longest wait for a still moment: under a storm there is none, and the stop must go on. */
const STILL_WITHIN_MS = 3000;
/** A turn of the event loop that takes longer has done something, and who knows what has come meanwhile. */
const STILL_TURN_MS = 0.5;
/** So long nothing was asked: whoever keeps connections here has nothing to send on them at the moment. */
const QUIET_MS = 100;
const QUIET_CHECK_MS = 25;

/**
 * Does the work right after the system was asked for news and there was none. A connection that waits to be accepted,
 * and a request on one that is kept alive, are lost when a socket is closed over them: the proxy sees a reset, and must
 * not send a form a second time.
 */
function whenStill(
  server: Server,
  events: readonly ('connection' | 'request')[],
  withinMs: number,
  work: () => void,
): void {
  let stirred = false;
  const stir = (): void => {
    stirred = true;
  };
  for (const event of events) server.on(event, stir);
  const until = performance.now() + withinMs;
  let since = performance.now();
  const look = (): void => {
    const now = performance.now();
    if ((stirred || now - since > STILL_TURN_MS) && now < until) {
      [stirred, since] = [false, now];
      setImmediate(look);
      return;
    }
    for (const event of events) server.off(event, stir);
    work();
  };
  setImmediate(look);
}

/** Takes no other connection; the ones that are kept stay, which `Server.close` of HTTP would end at once. */
function stopListening(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    whenStill(server, ['connection'], withinMs, () => {
      NetServer.prototype.close.call(server);
      resolve();
    });
  });
}

/** Closes what is kept alive whenever nobody asks anything, and after a while all the same. @returns what ends that. */
function closeWhenQuiet(server: Server, quietMs: number, withinMs: number): () => void {
  let asked = performance.now();
  const until = asked + withinMs;
  server.on('request', () => {
    asked = performance.now();
  });
  const looking = setInterval(() => {
    const now = performance.now();
    if (now - asked < quietMs && now < until) return;
    whenStill(server, ['request'], QUIET_CHECK_MS, () => {
      server.closeIdleConnections();
    });
  }, QUIET_CHECK_MS);
  return () => {
    clearInterval(looking);
  };
}

/**
 * Takes no further connections, answers on those that are there with the word that it was the last answer, waits for
 * answers under way, so long at most.
 *
 * In this order no request is lost at a proxy that keeps connections: as long as somebody listens it uses those it has
 * and opens few, so that none waits to be accepted when the listener closes; whom it finds gone, it asks the next; and
 * a connection ends with an answer, behind which no request can be under way. Those that nobody uses end when nobody
 * asks anything.
 *
 * @param waits  how long nobody must have asked anything, and how long such a moment is waited for.
 * @returns how many it then cut off.
 */
export async function drain(
  server: Server,
  seconds: number,
  { quietMs = QUIET_MS, withinMs = Math.min(STILL_WITHIN_MS, seconds * 250) } = {},
): Promise<number> {
  const until = performance.now() + seconds * 1000;
  let cutOff = 0;
  const closed = new Promise((resolve) => server.once('close', resolve));
  await stopListening(server, withinMs);
  const force = setTimeout(
    () => {
      server.getConnections((_error, count) => {
        cutOff = count;
        server.closeAllConnections();
      });
    },
    Math.max(0, until - performance.now()),
  );
  server.prependListener('request', (_request, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
  const stopLooking = closeWhenQuiet(server, quietMs, withinMs);
  await closed;
  stopLooking();
  clearTimeout(force);
  return cutOff;
}
