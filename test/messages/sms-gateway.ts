import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface GatewayRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TestGateway {
  readonly url: string;
  /** Everything that was asked, in the order of arrival. */
  readonly requests: GatewayRequest[];
  /** How the next requests are answered. */
  answer: (request: GatewayRequest, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** Accepts everything, as most gateways do. */
export const accept = (_: GatewayRequest, response: ServerResponse): void => {
  response.setHeader('content-type', 'application/json').end('{"id":"gw-1","data":{"id":77},"success":true}');
};

/** A real SMS gateway over HTTP on loopback, whose answers a test chooses. */
export async function startGateway(): Promise<TestGateway> {
  const requests: GatewayRequest[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const taken = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: await text(request),
    };
    requests.push(taken);
    gateway.answer(taken, response);
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gateway: TestGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: accept,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return gateway;
}
