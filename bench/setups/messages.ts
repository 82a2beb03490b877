import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SmsGateway {
  readonly url: string;
  /** The code sent to this number, as soon as it is there. */
  codeFor(phone: string): Promise<string>;
  close(): Promise<void>;
}

const PATIENCE_MS = 20_000;
const plain = (phone: string): string => phone.replace(/^(?:\+?62|0)/, '');

/** Takes every text message at once, as a gateway would, and remembers the codes. */
export async function startSmsGateway(): Promise<SmsGateway> {
  const sent = new Map<string, string>();
  const waiting = new Map<string, (code: string) => void>();

  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const { to, text } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { to: string; text: string };
      const code = /\b\d{6}\b/.exec(text)?.[0];
      if (code !== undefined) {
        const number = plain(to);
        const taker = waiting.get(number);
        waiting.delete(number);
        if (taker === undefined) sent.set(number, code);
        else taker(code);
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sms`,
    codeFor(phone) {
      const number = plain(phone);
      const code = sent.get(number);
      sent.delete(number);
      if (code !== undefined) return Promise.resolve(code);
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(number);
          reject(new Error('no code was sent'));
        }, PATIENCE_MS);
        waiting.set(number, (found) => {
          clearTimeout(late);
          resolve(found);
        });
      });
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
