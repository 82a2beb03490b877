import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Config } from './config.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** Who answers requests. Koa's answers are promises, of which Node takes no notice. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

type Bounds = Pick<Config['http'], 'headersTimeoutMs' | 'requestTimeoutMs' | 'idleTimeoutMs' | 'keepAliveMs' | 'maxConnections'>;

const CHECK_MS = 5000;
const IDLE_CHECK_MS = 50;

/** What is said to somebody with whom there is no HTTP yet. */
const ANSWERS: Readonly<Record<string, { readonly status: string; readonly reason: 'timeout' | 'too-large' }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', reason: 'timeout' },
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', reason: 'too-large' },
};

/**
 * An HTTP server that nobody holds up by being slow or many: heads and bodies have to arrive in time, a connection on which nothing moves is
 * closed, and beyond a number of connections further ones are closed at once.
 */
export function createHttpServer(handle: Handler, { headersTimeoutMs, requestTimeoutMs, idleTimeoutMs, keepAliveMs, maxConnections }: Bounds, metrics: Pick<Metrics, 'connectionRefused'>): Server {
  const server = createServer({ connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeoutMs), headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveMs }, handle);
  server.timeout = idleTimeoutMs;
  server.maxConnections = maxConnections;
  server.on('drop', () => { metrics.connectionRefused('too-many'); });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const { status, reason } = ANSWERS[error.code ?? ''] ?? { status: '400 Bad Request', reason: 'malformed' };
    // Whoever hung up is no attack, and hears nothing any more.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    metrics.connectionRefused(reason);
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => { socket.destroy(); });
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

/**
 * Does the work right after the system was asked for news and there was none. A connection that waits to be accepted, and a request on one that is kept
 * alive, are lost when a socket is closed over them: the proxy sees a reset, and must not send a form a second time.
 */
function whenStill(server: Server, withinMs: number, work: () => void): void {
  let stirred = false;
  const stir = (): void => { stirred = true; };
  server.on('connection', stir).on('request', stir);
  const until = performance.now() + withinMs;
  let since = performance.now();
  const look = (): void => {
    const now = performance.now();
    if ((stirred || now - since > STILL_TURN_MS) && now < until) {
      [stirred, since] = [false, now];
      setImmediate(look);
      return;
    }
    server.off('connection', stir).off('request', stir);
    work();
  };
  setImmediate(look);
}

/**
 * Ends keep-alive connections and takes no others, as soon as nothing comes in; waits for answers under way, so long at most.
 * @returns how many it then cut off.
 */
export async function drain(server: Server, seconds: number): Promise<number> {
  const withinMs = Math.min(STILL_WITHIN_MS, seconds * 250);
  let idle: NodeJS.Timeout | undefined;
  let cutOff = 0;
  const closed = new Promise<void>((resolve) => {
    whenStill(server, withinMs, () => {
      // Apart from the other, which is then a matter of microseconds.
      server.closeIdleConnections();
      whenStill(server, withinMs, () => {
        server.close(() => {
          resolve();
        });
        // Others fall idle when their last answer is out; kept alive, they would hold up the stop.
        idle = setInterval(() => {
          whenStill(server, IDLE_CHECK_MS, () => { server.closeIdleConnections(); });
        }, IDLE_CHECK_MS);
      });
    });
  });
  const force = setTimeout(() => {
    server.getConnections((_error, count) => {
      cutOff = count;
      server.closeAllConnections();
    });
  }, seconds * 1000);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
  return cutOff;
}
