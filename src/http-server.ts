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

/** Ends keep-alive connections at once and waits for answers under way, so long at most. */
export async function drain(server: Server, seconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  // Others fall idle when their last answer is out; kept alive, they would hold up the stop.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_CHECK_MS);
  const force = setTimeout(() => {
    server.closeAllConnections();
  }, seconds * 1000);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}
