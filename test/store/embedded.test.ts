import { expect } from 'chai';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import pg from 'pg';
import { EmbeddedPostgresError, startEmbedded, type EmbeddedPostgres } from '../../src/store/embedded.ts';
import { explain, findBinaries } from '../../src/store/embedded-binaries.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const parameters = { fsync: 'off' };

async function query<Row extends object>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Another process of ours that starts or joins the server, says so, and stops when its input ends. */
interface Other {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly said: { readonly url: string; readonly joined: boolean };
  stop(): Promise<void>;
}

async function startOther(dataDir: string): Promise<Other> {
  const script = `
    import { once } from 'node:events';
    import { startEmbedded } from ${JSON.stringify(new URL('../../src/store/embedded.ts', import.meta.url).href)};
    const quiet = () => undefined;
    const server = await startEmbedded({ dataDir: process.argv[1], log: { debug: quiet, info: quiet, warn: quiet }, parameters: { fsync: 'off' } });
    console.log(JSON.stringify({ url: server.url, joined: server.joined }));
    await once(process.stdin.resume(), 'end');
    await server.stop();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    process: child,
    said: JSON.parse(line) as Other['said'],
    async stop() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

describe('Embedded PostgreSQL', function () {
  this.timeout(300_000);
  this.slow(5000);
  let dataDir: string;
  const running: EmbeddedPostgres[] = [];
  const start = async (): Promise<EmbeddedPostgres> => {
    const server = await startEmbedded({ dataDir, log, parameters });
    running.push(server);
    return server;
  };
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'embedded-'));
    chmodSync(dataDir, 0o711);
  });
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const postmasterPid = (): number =>
    Number(readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);

  it('keeps what was stored from one start to the next', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    expect(existsSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'))).to.be.false;
    expect(await query((await start()).url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
  });

  it('speaks UTF-8, to loopback only, and to those who know a password that only its owner can read', async () => {
    const { url } = await start();
    const [settings] = await query(
      url,
      `select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets, current_setting('server_encoding') as encoding, lower('É') as letter`,
    );
    expect(settings).to.deep.equal({ addresses: '127.0.0.1', sockets: '', encoding: 'UTF8', letter: 'é' });
    expect(statSync(join(dataDir, 'postgres', 'password')).mode & 0o777).to.equal(0o600);
    const wrong = new URL(url);
    wrong.password = 'postgres';
    expect(await query(wrong.href, 'select 1').catch((error: unknown) => error)).to.have.property('code', '28P01');
  });

  it('is joined, and left running, by a process that finds it there', async () => {
    const owner = await start();
    const other = await startOther(dataDir);
    expect(other.said).to.deep.equal({ url: owner.url, joined: true });
    await other.stop();
    expect(await query(owner.url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
  });

  it('is one server for processes that start at once, on a new directory as well', async () => {
    const others = await Promise.all([startOther(dataDir), startOther(dataDir), startOther(dataDir)]);
    expect(new Set(others.map(({ said }) => said.url)).size).to.equal(1);
    expect(others.filter(({ said }) => !said.joined)).to.have.length(1);
    expect(readdirSync(dataDir)).to.deep.equal(['postgres']);
    // Those who joined first: the server goes with its owner.
    for (const other of others.toSorted((a, b) => Number(b.said.joined) - Number(a.said.joined))) await other.stop();
  });

  it('ends with a process that was killed, and the next start finds everything', async () => {
    const other = await startOther(dataDir);
    await query(other.said.url, 'create table kept as select 42 as answer');
    const ended = once(other.process, 'exit');
    other.process.kill('SIGKILL');
    await ended;
    const next = await start();
    expect(next.joined).to.be.false;
    expect(await query(next.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
  });

  it('comes back on the same port when the server itself was killed', async () => {
    const revived = Promise.withResolvers<undefined>();
    let ready = 0;
    const watching = {
      ...log,
      debug: (_details: object, line: string) => {
        if (line.includes('ready to accept connections') && ++ready === 2) revived.resolve(undefined);
      },
    };
    const server = await startEmbedded({ dataDir, log: watching });
    running.push(server);
    await query(server.url, 'create table kept as select 42 as answer');
    process.kill(postmasterPid(), 'SIGKILL');
    await revived.promise;
    expect(await query(server.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
  });

  it('is not kept from starting by the lock of a server long gone, whose number another process has now', async () => {
    await (await start()).stop();
    writeFileSync(
      join(dataDir, 'postgres', 'cluster', 'postmaster.pid'),
      [process.pid, join(dataDir, 'postgres', 'cluster'), 1, 5432, '', '127.0.0.1', '1 1', 'ready', ''].join('\n'),
    );
    expect((await start()).joined).to.be.false;
  });

  it('starts where a first start was killed half-way, and clears up after it', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    mkdirSync(join(dataDir, `postgres.new-${gone.pid!}-0a1b2c3d`, 'cluster'), { recursive: true });
    await start();
    expect(readdirSync(dataDir)).to.deep.equal(['postgres']);
  });

  describe('where it cannot work says what to do:', () => {
    const words: readonly [string, string, string][] = [
      ['a full disk', 'FATAL:  could not extend file "base/5/2600": No space left on device', 'the disk is full'],
      ['no shared memory', 'FATAL:  could not map anonymous shared memory: Cannot allocate memory', 'no shared memory'],
      ['data of another version', 'FATAL:  database files are incompatible with server', 'another version'],
      ['a missing library', 'postgres: error while loading shared libraries: libicui18n.so.60', 'npm rebuild'],
      [
        'a user without a name',
        'initdb: error: could not look up effective user ID 4711: user does not exist',
        'no entry in the list of users',
      ],
      ['somebody else’s data', 'FATAL:  data directory "/x" has wrong ownership', 'belongs to another user'],
    ];
    for (const [name, output, advice] of words) {
      it(name, () => {
        expect(explain(output))
          .to.be.instanceOf(EmbeddedPostgresError)
          .with.property('message')
          .that.includes(advice)
          .and.includes(output);
      });
    }

    for (const [platform, architecture] of [
      ['win32', 'x64'],
      ['linux', 'riscv64'],
      ['sunos', 'x64'],
    ] as const) {
      it(`${platform} on ${architecture}`, async () => {
        const error = await findBinaries(platform, architecture).catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(EmbeddedPostgresError).with.property('message').that.includes('DATABASE_URL');
      });
    }

    it('a data directory that cannot be one', async () => {
      writeFileSync(join(dataDir, 'file'), '');
      const error = await startEmbedded({ dataDir: join(dataDir, 'file', 'data'), log }).catch(
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(EmbeddedPostgresError).with.property('code', 'EMBEDDED_POSTGRES');
    });
  });
});
