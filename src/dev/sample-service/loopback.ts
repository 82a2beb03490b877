import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });

/**
 * `localhost` is one of two addresses, whichever the browser tries first; a machine may lack the second.
 *
 * @param handlerFor  makes the handler once the port is known, before the first request can arrive.
 */
export async function listenOnLoopback(
  port: number,
  handlerFor: (port: number) => RequestListener,
): Promise<Listening> {
  const v4 = createServer();
  const taken = await listen(v4, port, '127.0.0.1');
  const handler = handlerFor(taken);
  v4.on('request', handler);
  const v6 = createServer(handler);
  try {
    await listen(v6, taken, '::1');
    return {
      port: taken,
      close: async () => {
        await Promise.all([close(v4), close(v6)]);
      },
    };
  } catch (error) {
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return { port: taken, close: () => close(v4) };
    await close(v4);
    throw error;
  }
}
