import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { PATIENCE_BYTES, readUpTo } from '../../src/web/body-bytes.ts';

const LIMIT = 16 * 1024;
const PIECE = 64 * 1024;

describe('A body that is read', () => {
  let server: Server;
  before(async () => {
    server = createServer((request, response) => {
      void readUpTo(LIMIT, request).then(
        (bytes) => {
          response
            .writeHead(bytes === undefined ? 413 : 200, { Connection: 'close' })
            .end(bytes?.toString('latin1').slice(0, 20) ?? 'too large');
        },
        () => {
          response.destroy();
        },
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

  /** Sends piece after piece, each when the one before has left, as a program does that knows no end beforehand. */
  async function send(
    pieces: readonly string[],
    head = 'Transfer-Encoding: chunked',
  ): Promise<{ readonly answer: string; readonly broken: string | undefined }> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    let broken: string | undefined;
    socket.on('data', (data) => {
      answer += data.toString();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      broken = error.code;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n`);
    for (const piece of pieces) {
      if (!socket.writable) break;
      await new Promise((resolve) => {
        socket.write(piece, resolve);
      });
    }
    await closed;
    return { answer, broken };
  }

  it('comes whole, in however many pieces', async () => {
    const { answer } = await send([...Array.from('sepotong', (letter) => chunk(letter)), '0\r\n\r\n']);
    expect(answer)
      .to.match(/^HTTP\/1\.1 200 /)
      .and.include('sepotong');
    expect((await send([chunk('x'.repeat(LIMIT)), '0\r\n\r\n'])).answer, 'as long as it may be').to.match(
      /^HTTP\/1\.1 200 /,
    );
  });

  it('is answered where it is too long, its length told or not, without a broken connection for who is still sending', async () => {
    const pieces = PATIENCE_BYTES / PIECE - 8;
    const untold = await send([...Array.from({ length: pieces }, () => chunk('x'.repeat(PIECE))), '0\r\n\r\n']);
    const told = await send(
      Array.from({ length: pieces }, () => 'x'.repeat(PIECE)),
      `Content-Length: ${pieces * PIECE}`,
    );
    for (const { answer, broken } of [untold, told]) {
      expect(answer)
        .to.match(/^HTTP\/1\.1 413 /)
        .and.include('too large');
      expect(broken).to.equal(undefined);
    }
  });

  it('is not waited for where it is too long already and goes on no more', async () => {
    expect((await send([chunk('x'.repeat(LIMIT + 1))])).answer).to.match(/^HTTP\/1\.1 413 /);
  });

  it('is not read without end, and not at all where it says so', async () => {
    const endless = await send(Array.from({ length: (PATIENCE_BYTES / PIECE) * 3 }, () => chunk('x'.repeat(PIECE))));
    expect(endless.broken, 'whoever goes on for ever').to.be.oneOf(['EPIPE', 'ECONNRESET']);
    const { answer } = await send([], 'Content-Length: 900000000');
    expect(answer).to.match(/^HTTP\/1\.1 413 /);
  });
});
