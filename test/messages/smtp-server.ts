import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  readonly to: readonly string[];
  readonly raw: string;
}

export interface TestMailServer {
  readonly url: string;
  readonly received: ReceivedMail[];
  close(): Promise<void>;
}

const refuse = (code: number, words: string): Error => Object.assign(new Error(words), { responseCode: code });

/**
 * A real SMTP server on loopback. The domain of the recipient chooses its answer: `@ditolak.test` 550 (quoting the
 * address, as servers do), `@sibuk.test` 451, `@diam.test` none, `@penuh.test` 552 after the content.
 */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<TestMailServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo({ address }, _session, done) {
      if (address.endsWith('@diam.test')) return;
      if (address.endsWith('@ditolak.test')) done(refuse(550, `no mailbox ${address} here`));
      else if (address.endsWith('@sibuk.test')) done(refuse(451, `try ${address} later`));
      else done();
    },
    onData(stream, session, done) {
      const to = session.envelope.rcptTo.map(({ address }) => address);
      void text(stream).then((raw) => {
        if (to.some((address) => address.endsWith('@penuh.test'))) {
          done(refuse(552, 'mailbox full'));
          return;
        }
        received.push({ to, raw });
        done();
      });
    },
    ...options,
  });
  // Clients that hang up in the middle are part of the tests.
  server.on('error', () => undefined);
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    url: `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
