import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How a service answers a logout token. */
export type Answering = (response: ServerResponse) => void;

export interface LogoutReceiver {
  readonly uri: string;
  /** The tokens received so far, oldest first. */
  readonly tokens: string[];
  answer: Answering;
  /** Resolves with the next token that arrives. */
  next(): Promise<string>;
  close(): Promise<void>;
}

export const withStatus =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answering =>
  (response) => {
    response.writeHead(status, headers).end();
  };

/** The back-channel logout endpoint of a service, on a real port. */
export async function startLogoutReceiver(): Promise<LogoutReceiver> {
  const waiting: ((token: string) => void)[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const token = new URLSearchParams(body).get('logout_token') ?? '';
      receiver.tokens.push(token);
      for (const tell of waiting.splice(0)) tell(token);
      receiver.answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: LogoutReceiver = {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`,
    tokens: [],
    answer: withStatus(200),
    next: () => new Promise((resolve) => waiting.push(resolve)),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}
