import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** Something that happens to an instance while one particular request is under way. */
export interface Ambush {
  /** Of "POST /interaction/…/login". */
  readonly on: RegExp;
  /** Right after the request was handed over, or when its answer is ready: the answer gets lost then. */
  readonly when: 'handed-over' | 'answered';
  readonly spring: (port: number) => Promise<void>;
}

export interface Proxy {
  readonly url: string;
  /** Lays an ambush for the next request that fits; resolves when it has sprung. */
  ambush(ambush: Ambush): Promise<void>;
  close(): Promise<void>;
}

/** As proxies commonly have it: a backend that failed is left out for a while, as long as there is another. */
const FAILED_MS = 2000;
const CONNECT_MS = 1000;
const ANSWER_MS = 30_000;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** The request did not get as far as the backend. */
class NotReached extends Error {}

/**
 * A small reverse proxy: each request goes to the next instance, whoever sends it. One that cannot be handed over, or a
 * reading one without an answer, is tried at the next; a form whose answer is lost gets 502 or 504, since nobody but
 * the sender may send it again.
 */
export async function startProxy(port: number, backends: readonly number[]): Promise<Proxy> {
  const failedUntil = new Map<number, number>();
  const ambushes = new Set<Ambush & { readonly sprung: () => void }>();
  let turn = 0;

  function order(): number[] {
    turn += 1;
    const all = backends.map((_, index) => backends[(turn + index) % backends.length] ?? 0);
    const now = Date.now();
    const isWell = (backend: number): boolean => (failedUntil.get(backend) ?? 0) <= now;
    return [...all.filter(isWell), ...all.filter((backend) => !isWell(backend))];
  }

  function pass(backend: number, incoming: IncomingMessage, body: Buffer, handedOver: () => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        host: '127.0.0.1',
        port: backend,
        method: incoming.method,
        path: incoming.url,
        agent: false,
        headers: { ...incoming.headers, connection: 'close', 'x-forwarded-for': '127.0.0.1' },
      });
      let reached = false;
      const late = setTimeout(() => outgoing.destroy(new Error('no answer in time')), ANSWER_MS);
      const noConnection = setTimeout(() => outgoing.destroy(new NotReached()), CONNECT_MS);
      outgoing.once('socket', (socket) =>
        socket.once('connect', () => {
          reached = true;
          clearTimeout(noConnection);
        }),
      );
      outgoing.once('response', (response) => {
        buffer(response).then((content) => {
          resolve({ status: response.statusCode ?? 502, headers: response.headers, body: content });
        }, reject);
      });
      outgoing.once('error', (error) => {
        reject(reached ? error : new NotReached());
      });
      outgoing.once('close', () => {
        clearTimeout(late);
        clearTimeout(noConnection);
      });
      outgoing.end(body, handedOver);
    });
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const words = `${incoming.method ?? ''} ${new URL(incoming.url ?? '/', 'http://proxy').pathname}`;
    let status = 502;
    for (const backend of order()) {
      const lurking = [...ambushes].find(({ on }) => on.test(words));
      if (lurking !== undefined) ambushes.delete(lurking);
      const spring = async (when: Ambush['when']): Promise<void> => {
        if (lurking?.when !== when) return;
        await lurking.spring(backend);
        lurking.sprung();
        if (when === 'answered') throw new Error('the answer got lost');
      };
      try {
        const answer = await pass(backend, incoming, body, () => void spring('handed-over'));
        await spring('answered');
        failedUntil.delete(backend);
        const { connection: _connection, ...headers } = answer.headers;
        outgoing.writeHead(answer.status, headers).end(answer.body);
        return;
      } catch (error) {
        failedUntil.set(backend, Date.now() + FAILED_MS);
        status = error instanceof Error && error.message === 'no answer in time' ? 504 : 502;
        if (!(error instanceof NotReached) && incoming.method !== 'GET') break;
      }
    }
    outgoing.writeHead(status, { 'retry-after': '1' }).end();
  }

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  // Nobody here waits longer between two requests: none meets a connection that is just being closed.
  server.keepAliveTimeout = 600_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${port}`,
    ambush: (ambush) =>
      new Promise((sprung) => {
        ambushes.add({ ...ambush, sprung });
      }),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
