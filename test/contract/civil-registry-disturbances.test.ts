import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { faultNik, faults } from '../../src/ports/civil-registry/faults.ts';
import { createAuthority, createServerCertificate } from '../../src/dev/certificate.ts';
import {
  answerWell,
  budi,
  claimOf,
  closeAll,
  connect,
  createReception,
  goodAnswer,
  outcomeOf,
  serve,
  serveConnections,
  simulate,
} from '../support/registry.ts';

const verifyAt = (url: string, changes: Parameters<typeof connect>[1] = {}): Promise<string> =>
  outcomeOf(connect(url, changes).verify(claimOf(budi)));

describe('Civil registry: a disturbed service', () => {
  afterEach(closeAll);

  it('follows no redirect', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      let followed = false;
      const elsewhere = await serve((request, response) => {
        followed = true;
        answerWell(request, response);
      });
      const url = await serve((request, response) => {
        request.resume();
        response.writeHead(status, { location: elsewhere }).end(goodAnswer);
      });
      expect(await verifyAt(url)).to.equal('protocol');
      expect(followed).to.equal(false);
    }
  });

  for (const [status, outcome] of [
    [201, 'protocol'],
    [400, 'protocol'],
    [401, 'protocol'],
    [404, 'protocol'],
    [429, 'protocol'],
    [500, 'network'],
    [502, 'network'],
    [503, 'network'],
  ] as const) {
    it(`believes no good answer with status ${status}: ${outcome}`, async () => {
      const url = await serve((request, response) => {
        request.resume();
        response.writeHead(status).end(goodAnswer);
      });
      expect(await verifyAt(url)).to.equal(outcome);
    });
  }

  it('stops reading an answer without end at the limit', async () => {
    const { promise: cut, resolve } = Promise.withResolvers<undefined>();
    const url = await serve((request, response) => {
      request.resume();
      response.on('close', () => {
        resolve(undefined);
      });
      response.write(goodAnswer);
      const pour = (): void => {
        while (!response.destroyed && response.write(' '.repeat(1024)));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await verifyAt(url, { maxAnswerBytes: 65_536 })).to.equal('protocol');
    await cut;
  });

  it('reads an answer of just the limit and none of a byte more', async () => {
    let size = 65_536;
    const url = await serve((request, response) => {
      request.resume();
      response.end(goodAnswer.padEnd(size));
    });
    expect(await verifyAt(url)).to.equal('verified');
    size += 1;
    expect(await verifyAt(url)).to.equal('protocol');
  });

  it('gives an answer that trickles in no more than the whole time', async () => {
    const url = await serve((request, response) => {
      request.resume();
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    expect(await verifyAt(url, { timeoutMs: 60 })).to.equal('timeout');
  });

  it('has no answer in bytes that are not UTF-8', async () => {
    const url = await serve((request, response) => {
      request.resume();
      response.end(Buffer.concat([Buffer.from(goodAnswer.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')]));
    });
    expect(await verifyAt(url)).to.equal('protocol');
  });

  it('has no answer in something that is not HTTP', async () => {
    const port = await serveConnections(
      createNetServer((socket) => socket.once('data', () => socket.end('+OK ready\r\n'))),
    );
    expect(await verifyAt(`http://127.0.0.1:${String(port)}`)).to.equal('protocol');
  });

  it('has no answer in a body cut off before its announced end', async () => {
    const url = await serve((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-length': goodAnswer.length + 10 });
      response.write(goodAnswer, () => response.destroy());
    });
    expect(await verifyAt(url)).to.equal('network');
  });

  it('has no answer where nobody listens', async () => {
    const server = createNetServer();
    const port = await serveConnections(server);
    await closeAll();
    expect(await verifyAt(`http://127.0.0.1:${String(port)}`)).to.equal('network');
  });

  it('never repeats a request that has been sent', async () => {
    let requests = 0;
    const url = await serve((request, response) => {
      requests += 1;
      response.destroy();
    });
    expect(await verifyAt(url)).to.equal('network');
    expect(requests).to.equal(1);
  });

  it('leaves at once when the caller gives up, and calls that no trouble', async () => {
    const reception = createReception();
    const calls: unknown[] = [];
    const registry = connect(await serve(reception.listener), {}, { onAnswer: (call) => calls.push(call) });
    const caller = new AbortController();
    const call = outcomeOf(registry.verify(claimOf(budi), caller.signal));
    await reception.arrived(1);
    caller.abort();
    expect(await call).to.equal('AbortError');
    expect(await outcomeOf(registry.verify(claimOf(budi), caller.signal))).to.equal('AbortError');
    expect(reception.waiting).to.have.length(1);
    expect(calls).to.deep.equal([]);
  });
});

describe('Civil registry: whom it trusts', () => {
  const authority = createAuthority('Test authority');
  const server = createServerCertificate(authority);
  afterEach(closeAll);

  it('accepts the configured authority, as text or as a file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'registry-'));
    const file = join(directory, 'ca.pem');
    writeFileSync(file, authority.cert);
    const url = await serve(answerWell, server);
    expect(await verifyAt(url, { ca: authority.cert })).to.equal('verified');
    expect(await verifyAt(url, { ca: file })).to.equal('verified');
    expect(await verifyAt(url, { ca: createAuthority('Another').cert + authority.cert })).to.equal('verified');
    rmSync(directory, { recursive: true });
  });

  it('refuses every other authority, even one of the same name, before anything is sent, and tells the operator why', async () => {
    const reasons: unknown[] = [];
    let requests = 0;
    const url = await serve((request, response) => {
      requests += 1;
      answerWell(request, response);
    }, server);
    const registry = connect(
      url,
      { ca: createAuthority('Test authority').cert },
      { onAnswer: ({ reason }) => reasons.push(reason) },
    );
    expect(await outcomeOf(registry.verify(claimOf(budi)))).to.equal('network');
    expect(requests).to.equal(0);
    expect(reasons[0]).to.match(/CERT/);
  });

  it('refuses a good certificate of another host', async () => {
    expect(
      await verifyAt(await serve(answerWell, createServerCertificate(authority, ['elsewhere.test'])), {
        ca: authority.cert,
      }),
    ).to.equal('network');
  });

  it('accepts a pinned certificate, whatever host it names', async () => {
    const elsewhere = createServerCertificate(authority, ['elsewhere.test']);
    expect(await verifyAt(await serve(answerWell, elsewhere), { ca: elsewhere.cert })).to.equal('verified');
    expect(
      await verifyAt(await serve(answerWell, createServerCertificate(authority)), { ca: elsewhere.cert }),
    ).to.equal('network');
  });

  for (const [cuts, outcome] of [
    [1, 'verified'],
    [2, 'network'],
  ] as const) {
    it(`tries once more when the connection breaks before anything is sent: ${outcome} after ${cuts} ${cuts === 1 ? 'break' : 'breaks'}`, async () => {
      let connections = 0;
      const tls = createTlsServer({ cert: server.cert, key: server.key }, answerWell);
      const port = await serveConnections(
        createNetServer((socket) => {
          connections += 1;
          if (connections <= cuts) socket.destroy();
          else tls.emit('connection', socket);
        }),
      );
      expect(await verifyAt(`https://127.0.0.1:${String(port)}`, { ca: authority.cert })).to.equal(outcome);
      expect(connections).to.equal(2);
      tls.closeAllConnections();
    });
  }
});

describe('Civil registry: what it never tells', () => {
  const canary = { nik: budi.nik, name: 'KENARI CONTOH NAMA', mother: 'KENARI CONTOH IBU' };
  const secrets = [...Object.values(canary), 'KENARI-SANDI', 'KENARI-TAJUK'];
  afterEach(closeAll);

  async function traceOf(url: string, claim: typeof canary, timeoutMs = 5000): Promise<string> {
    const trace: unknown[] = [];
    const keep = (...told: unknown[]): number => trace.push(...told);
    const registry = connect(
      url,
      { password: 'KENARI-SANDI', headers: { 'x-key': 'KENARI-TAJUK' }, timeoutMs, connectTimeoutMs: 1000 },
      { log: { info: keep, warn: keep }, onAnswer: keep },
    );
    await registry.verify(claimOf(claim)).then(keep, keep);
    expect(trace).to.have.length.of.at.least(4);
    return inspect(trace, { depth: Infinity, showHidden: true, maxStringLength: Infinity });
  }

  it('keeps names, number, password and headers out of logs, hooks, answers and errors, whatever happens', async () => {
    const { url } = await simulate({ password: 'KENARI-SANDI' });
    for (const { ending } of faults) {
      const nik = faultNik(ending);
      const trace = await traceOf(url, { ...canary, nik }, ending === '9504' ? 50 : 5000);
      for (const secret of [...secrets, nik]) expect(trace, ending).not.to.include(secret);
    }
    for (const secret of secrets) expect(await traceOf(url, canary)).not.to.include(secret);
  });

  it('keeps them out even where the service echoes the request', async () => {
    for (const status of [200, 400, 500]) {
      const url = await serve((request, response) => {
        response.writeHead(status, `broken ${canary.mother}`);
        request.pipe(response);
      });
      const trace = await traceOf(url, canary);
      for (const secret of secrets) expect(trace).not.to.include(secret);
    }
    const brokenJson = await serve((request, response) => {
      request.resume();
      response.end(`{"content": ${canary.mother}`);
    });
    expect(await traceOf(brokenJson, canary)).not.to.include(canary.mother);
    const notHttp = await serveConnections(
      createNetServer((socket) => socket.once('data', () => socket.end(`${canary.mother}\r\n`))),
    );
    expect(await traceOf(`http://127.0.0.1:${String(notHttp)}`, canary)).not.to.include(canary.mother);
  });
});
