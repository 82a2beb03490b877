import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

/** The line to a database server, which a test can cut. */
export interface DatabaseLine {
  readonly url: string;
  /** Ends every connection and takes no further one. Resolves when somebody has tried in vain. */
  cut(): Promise<void>;
  mend(): void;
  close(): Promise<void>;
}

export async function createDatabaseLine(databaseUrl: string): Promise<DatabaseLine> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  let triedInVain = (): void => undefined;

  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((caller) => {
    if (isCut) {
      caller.destroy();
      triedInVain();
      return;
    }
    const database = keep(connect(Number(target.port), target.hostname));
    keep(caller).pipe(database).pipe(caller);
    caller.on('close', () => database.destroy());
    database.on('close', () => caller.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as { port: number }).port);
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut() {
      isCut = true;
      hangUp();
      return new Promise((resolve) => {
        triedInVain = resolve;
      });
    },
    mend() {
      isCut = false;
    },
    async close() {
      server.close();
      hangUp();
      await once(server, 'close');
    },
  };
}
