import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import Koa from 'koa';
import { createHttpServer, drain, listen } from '../src/http-server.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';

const LONG = 60_000;

type Bounds = Parameters<typeof createHttpServer>[1];

/** What comes of a connection: all that was answered until it is closed. */
async function heardOn(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

describe('The HTTP server', () => {
  let stop = (): Promise<unknown> => Promise.resolve();
  afterEach(() => stop());

  /** Serves small answers, a large one at `/large`, and reads the body of whatever has one. */
  async function start(bounds: Partial<Bounds> = {}) {
    const metrics = createMetrics();
    const app = new Koa();
    app.silent = true;
    app.use(async (ctx) => {
      ctx.req.resume();
      await finished(ctx.req);
      ctx.body = ctx.path === '/large' ? Buffer.alloc(64 * 1024 * 1024) : 'well';
    });
    const server = createHttpServer(
      app.callback(),
      {
        headersTimeoutMs: LONG,
        requestTimeoutMs: LONG,
        idleTimeoutMs: LONG,
        keepAliveMs: LONG,
        maxConnections: 4000,
        ...bounds,
      },
      metrics,
    );
    const port = await listen(server, { host: '127.0.0.1', port: 0 });
    stop = () => drain(server, 0);
    const refused = async (reason: string): Promise<number> =>
      Number(
        new RegExp(`^sso_connections_refused_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(
          await metrics.text(),
        )?.[1] ?? 0,
      );
    return { server, refused, open: () => connect(port, '127.0.0.1'), get: () => fetch(`http://127.0.0.1:${port}/`) };
  }

  it('ends a head that does not come to its end', async () => {
    const { open, refused } = await start({ headersTimeoutMs: 40 });
    const slow = open();
    slow.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    expect(await heardOn(slow)).to.match(/^HTTP\/1\.1 408 /);
    expect(await refused('timeout')).to.equal(1);
  });

  it('ends a connection on which nothing is ever said', async () => {
    const { open } = await start({ headersTimeoutMs: 40 });
    expect(await heardOn(open())).to.match(/^(?:HTTP\/1\.1 408 |$)/);
  });

  it('ends a body that does not come to its end', async () => {
    const { open, refused } = await start({ headersTimeoutMs: 30, requestTimeoutMs: 40 });
    const slow = open();
    slow.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx');
    expect(await heardOn(slow)).to.match(/^HTTP\/1\.1 408 /);
    expect(await refused('timeout')).to.equal(1);
  });

  it('ends an answer that nobody reads', async () => {
    const { open, server } = await start({ idleTimeoutMs: 50 });
    const connection = once(server, 'connection') as Promise<[Socket]>;
    const reader = open().pause();
    reader.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    const [there] = await connection;
    await once(there, 'close');
    expect(there.bytesWritten).to.be.above(0);
    reader.destroy();
  });

  it('tells at its end how many it had to cut off', async () => {
    const quiet = await start();
    expect(await (await quiet.get()).text()).to.equal('well');
    expect(await drain(quiet.server, 5), 'a connection kept alive is none').to.equal(0);
    const { server, open } = await start();
    const connection = once(server, 'request');
    const slow = open();
    const heard = heardOn(slow);
    slow.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx');
    await connection;
    expect(await drain(server, 0)).to.equal(1);
    expect(await heard).to.equal('');
  });

  it('takes nobody new when it stops, answers on connections that are kept, and says with the answer that it was the last', async () => {
    const { server, open } = await start();
    const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b';
    const kept = open();
    kept.write(post);
    const [before] = (await once(kept, 'data')) as [Buffer];
    expect(before.toString())
      .to.match(/^HTTP\/1\.1 200 /)
      .and.match(/connection: keep-alive/i);
    // As long as it is not quiet here; and it is not before the test is over.
    const drained = drain(server, 30, { quietMs: LONG, withinMs: LONG });
    while (server.listening) await turn();
    const [refused] = (await once(open(), 'error')) as [NodeJS.ErrnoException];
    expect(refused.code).to.equal('ECONNREFUSED');
    const heard = heardOn(kept);
    kept.write(post);
    expect(await heard)
      .to.match(/^HTTP\/1\.1 200 /)
      .and.match(/connection: close/i);
    expect(await drained).to.equal(0);
  });

  it('ends connections that nobody uses when it has been quiet for a while, and does not wait for that where others go on', async () => {
    const { server, open } = await start();
    const idle = open();
    idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(idle, 'data');
    const ended = heardOn(idle);
    expect(await drain(server, 30)).to.equal(0);
    expect(await ended).to.equal('');
    const other = await start();
    const patient = other.open();
    patient.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(patient, 'data');
    // A quarter of the time it has, at most.
    expect(await drain(other.server, 1, { quietMs: LONG })).to.equal(0);
  });

  it('refuses what is no HTTP and a head without bounds, and goes on', async () => {
    const { open, refused, get } = await start();
    const stranger = open();
    stranger.write('\u0016\u0003\u0001 no http at all\r\n\r\n');
    expect(await heardOn(stranger)).to.match(/^HTTP\/1\.1 400 /);
    const large = open();
    large.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(await heardOn(large)).to.match(/^HTTP\/1\.1 431 /);
    expect(await refused('malformed')).to.equal(1);
    expect(await refused('too-large')).to.equal(1);
    expect((await get()).status).to.equal(200);
  });

  it('closes connections beyond the bound at once, and takes others when there is room again', async () => {
    const { open, refused, get } = await start({ maxConnections: 2 });
    const held = [open(), open()];
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    expect(await heardOn(open())).to.equal('');
    expect(await refused('too-many')).to.equal(1);
    const gone = held.map((socket) => once(socket, 'close'));
    for (const socket of held) socket.destroy();
    await Promise.all(gone);
    let answer: Response | undefined;
    // The server learns of the closing in its own time.
    while (answer === undefined) answer = await get().catch(() => undefined);
    expect(answer.status).to.equal(200);
  });

  it('serves somebody beside two thousand connections that say nothing', async () => {
    const { open, get } = await start();
    const idle = Array.from({ length: 2000 }, open);
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    expect((await get()).status).to.equal(200);
    for (const socket of idle) socket.destroy();
  });
});
