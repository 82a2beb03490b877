import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certificate } from '../certificate.ts';

/** TLS 1.2 with these alone (BCP 195), or 1.3. */
const CIPHERS =
  'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384';

/** Ends TLS in front of the sign-on, as a proxy does in production, and passes on what comes. */
export async function startTls(
  { cert, key }: Certificate,
  { host, port }: { host: string; port: number },
  target: number,
): Promise<{ close(): Promise<void> }> {
  const open = new Set<Socket>();
  const server = createServer({ cert, key, ciphers: CIPHERS }, (outer) => {
    const inner = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  // Somebody who does not like the certificate, or speaks something else.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.listen(port, host);
  await once(server, 'listening');
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
