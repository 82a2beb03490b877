import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The server of a service that publishes its keys, well or badly. */
export interface KeyServer {
  /** Where the keys are. */
  readonly uri: string;
  /** Every path that was asked for. */
  readonly asked: readonly string[];
  publishes(document: unknown, headers?: Readonly<Record<string, string>>): void;
  answers(how: (request: IncomingMessage, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function startKeyServer(): Promise<KeyServer> {
  const asked: string[] = [];
  let how: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    response.writeHead(404).end();
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    how(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    asked,
    publishes(document, headers = {}) {
      const text = typeof document === 'string' ? document : JSON.stringify(document);
      how = (_request, response) =>
        response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(text);
    },
    answers(wanted) {
      how = wanted;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
