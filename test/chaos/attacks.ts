import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What somebody does who wants to keep a server busy; each returns what ends it. */
type End = () => void;

const open = (port: number): Socket => connect(port, '127.0.0.1').on('error', () => undefined);

function hold(sockets: readonly Socket[], work: (socket: Socket) => void = () => undefined, everyMs = 1000): End {
  const beat = setInterval(() => {
    sockets.filter(({ writable }) => writable).forEach(work);
  }, everyMs);
  return () => {
    clearInterval(beat);
    for (const socket of sockets) socket.destroy();
  };
}

const several = (count: number, port: number): Socket[] => Array.from({ length: count }, () => open(port));

/** Connections that never ask for anything. */
export async function holdIdle(port: number, count: number): Promise<End> {
  const sockets: Socket[] = [];
  // Not faster than the queue of the listener is emptied.
  while (sockets.length < count) {
    const some = several(100, port);
    sockets.push(...some);
    await Promise.all(some.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
  }
  return hold(sockets);
}

/** Requests that never come to the end of their headers. */
export function sendHeadersSlowly(port: number, count: number): Promise<End> {
  const sockets = several(count, port);
  for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  return Promise.resolve(hold(sockets, (socket) => socket.write('a')));
}

/** Asks for much and takes none of it. */
export function readSlowly(port: number, count: number): Promise<End> {
  const sockets = several(count, port);
  for (const socket of sockets) {
    socket.pause();
    socket.write('GET /app.css HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(50));
  }
  return Promise.resolve(hold(sockets));
}

/** Opens connections, sends half a request and throws them away, as fast as it can. */
export function flood(port: number, atOnce: number): Promise<End> {
  let on = true;
  const again = (): void => {
    if (!on) return;
    const socket = open(port);
    socket.once('connect', () => {
      socket.write('GET / HTTP/1.1\r\n');
      setImmediate(() => socket.resetAndDestroy());
    });
    socket.once('close', () => setTimeout(again, 10));
  };
  for (let index = 0; index < atOnce; index += 1) again();
  return Promise.resolve(() => {
    on = false;
  });
}
