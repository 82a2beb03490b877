import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

/** How a system outside is doing: well, or one of the ways in which it is not. */
export type Mood = 'well' | 'slow' | 'too-late' | 'garbage' | 'error' | 'gone';

/** A system outside that answers by HTTP and can be told to have a bad day. */
export interface Partner {
  readonly url: string;
  mood: Mood;
  close(): Promise<void>;
}

const SLOW_MS = 4000;
/** Longer than anybody waits: the work is done, and its answer reaches nobody. */
const TOO_LATE_MS = 12_000;

export async function startPartner(
  answer: (request: IncomingMessage, body: string) => Promise<{ status: number; body: string }>,
): Promise<Partner> {
  const partner = { mood: 'well' as Mood };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { mood } = partner;
    const body = await text(request);
    if (mood === 'gone') {
      request.socket.destroy();
      return;
    }
    if (mood === 'error') {
      response.writeHead(500).end('Internal Server Error');
      return;
    }
    if (mood === 'garbage') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome to the network</body>');
      return;
    }
    const { status, body: words } = await answer(request, body);
    if (mood !== 'well') await pause(mood === 'slow' ? SLOW_MS : TOO_LATE_MS, undefined, { ref: false });
    response.writeHead(status, { 'content-type': 'application/json' }).end(words);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(partner, {
    url: `http://127.0.0.1:${String((server.address() as { port: number }).port)}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  });
}

export interface Gateway {
  readonly partner: Partner;
  /** How often each message was handed over, by its reference. */
  readonly received: ReadonlyMap<string, number>;
  /** The newest code that reached this number. */
  codeAt(phone: string): string | undefined;
}

const international = (phone: string): string => phone.replace(/^0/, '62');

/** An SMS gateway: it takes what it is given and knows a message again by its reference. */
export async function startGateway(): Promise<Gateway> {
  const received = new Map<string, number>();
  const codes = new Map<string, string>();
  const partner = await startPartner((_request, body) => {
    const { to, text: words, ref } = JSON.parse(body) as { to: string; text: string; ref: string };
    const times = received.get(ref) ?? 0;
    received.set(ref, times + 1);
    const code = /\b\d{6}\b/.exec(words)?.[0];
    if (times === 0 && code !== undefined) codes.set(to, code);
    return Promise.resolve({ status: 200, body: JSON.stringify({ id: ref }) });
  });
  return { partner, received, codeAt: (phone) => codes.get(international(phone)) };
}
