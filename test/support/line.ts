import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** The line to a server, which can be cut. */
export interface Line {
  readonly port: number;
  /** Ends every connection and takes no further one. Resolves when somebody has tried in vain. */
  cut(): Promise<void>;
  /** Nothing goes through any more, in either direction, and nobody is told: a cable that was pulled. */
  hush(): void;
  /**
   * Passes on what the caller says next with these words in it, waits for the answer, and hangs up instead of bringing
   * it, or says nothing more. Resolves then.
   */
  loseAnswerTo(words: string, how?: 'hangs up' | 'in silence'): Promise<void>;
  mend(): void;
  close(): Promise<void>;
}

/** @param target  where it leads; asked anew for each connection. */
export async function createLine(target: () => { readonly host: string; readonly port: number }): Promise<Line> {
  const sockets = new Set<Socket>();
  let state: 'whole' | 'cut' | 'silent' = 'whole';
  let lossy:
    { readonly words: string; readonly how: 'hangs up' | 'in silence'; readonly resolve: () => void } | undefined;
  let triedInVain = (): void => undefined;

  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((caller) => {
    if (state === 'cut') {
      caller.destroy();
      triedInVain();
      return;
    }
    keep(caller);
    if (state === 'silent') return;
    const { host, port } = target();
    const called = keep(connect(port, host));
    caller.pipe(called).pipe(caller);
    caller.on('data', (said: Buffer) => {
      if (lossy === undefined || !said.includes(lossy.words)) return;
      const { resolve, how } = lossy;
      lossy = undefined;
      called.unpipe(caller);
      called
        .once('data', () => {
          if (how === 'hangs up') caller.destroy();
          resolve();
        })
        .resume();
    });
    caller.on('close', () => called.destroy());
    called.on('close', () => caller.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut';
      hangUp();
      return new Promise((resolve) => {
        triedInVain = resolve;
      });
    },
    hush() {
      state = 'silent';
      for (const socket of sockets) socket.unpipe().pause();
    },
    loseAnswerTo: (words, how = 'hangs up') =>
      new Promise((resolve) => {
        lossy = { words, how, resolve };
      }),
    mend() {
      // What was under way on a silent line is lost: both ends begin anew.
      if (state === 'silent') hangUp();
      state = 'whole';
    },
    async close() {
      server.close();
      hangUp();
      await once(server, 'close');
    },
  };
}
