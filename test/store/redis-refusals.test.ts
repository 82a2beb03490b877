import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { examineRedis } from '../../src/cli/redis-check.ts';
import { openRedis, type RedisConnection } from '../../src/store/redis/connection.ts';
import { write } from '../../src/store/redis/scripts.ts';
import { redisSettings } from '../support/redis-bench.ts';
import { hasRedis, startRedis, type RedisServer } from '../support/redis.ts';
import { until } from '../support/until.ts';

const codeOf = (error: unknown): unknown => (error as { code?: string }).code ?? (error as Error).message;
const writeTo = (redis: RedisConnection): Promise<unknown> =>
  redis.run(write, ['sso:p:Session:a'], ['row', 60_000]).then(() => 'written', codeOf);
const connect = (port: number): RedisConnection =>
  openRedis(redisSettings({ url: `redis://127.0.0.1:${port}` }), { warn: () => undefined })!;

(hasRedis() ? describe : describe.skip)('What Redis refuses a script for now', () => {
  let master: RedisServer;
  let replica: RedisServer;
  let redis: RedisConnection;
  before(async () => {
    master = await startRedis();
    replica = await startRedis({ replicaof: `127.0.0.1 ${master.port}` });
    await until('the replica follows', async () =>
      (await replica.admin.info('replication')).includes('master_link_status:up'),
    );
    redis = connect(master.port);
  });
  after(async () => {
    redis.close();
    await replica.close();
    await master.close();
  });

  it('is Redis that is away: full, or with fewer replicas than it needs', async () => {
    for (const [setting, refuses, usual] of [
      ['maxmemory', '1', '0'],
      ['min-replicas-to-write', '2', '0'],
    ] as const) {
      await master.admin.config('SET', setting, refuses);
      expect(await writeTo(redis), setting).to.equal('REDIS_AWAY');
      await master.admin.config('SET', setting, usual);
      expect(await writeTo(redis), setting).to.equal('written');
    }
  });

  it('is asked again of another connection where a replica was asked to write, and done once that is the master', async () => {
    const asked = connect(replica.port);
    const writing = writeTo(asked);
    await until('it was asked', async () => (await replica.admin.info('errorstats')).includes('errorstat_READONLY'));
    await replica.admin.replicaof('NO', 'ONE');
    expect(await writing).to.equal('written');
    asked.close();
  });
});

/**
 * What a Redis before 7.0 says, which no system has any more that could be tried here: to scripts this, and to all else
 * that it is well.
 */
async function startOldRedis(
  ...toScripts: readonly string[]
): Promise<{ readonly port: number; readonly connections: () => number; close(): void }> {
  const answers = [...toScripts];
  const sockets: Socket[] = [];
  const info =
    'redis_version:6.2.14\r\nloading:0\r\nmaxmemory:1000000\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nrole:master\r\nconnected_slaves:0\r\n';
  const answer = (command: string | undefined): string =>
    command === 'info'
      ? `$${info.length}\r\n${info}\r\n`
      : command?.startsWith('eval') === true
        ? `${answers.shift() ?? '+OK'}\r\n`
        : '+OK\r\n';
  const server = createServer((socket) => {
    sockets.push(socket);
    // Each command is a list of texts; nothing that is sent here holds the end of a line, or comes in pieces.
    socket.on('data', (data) => {
      for (const [, command] of data.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n([^\r]+)/g))
        socket.write(answer(command?.toLowerCase()));
    });
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.length,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe('A Redis before 7.0', () => {
  const refused = (why: string): string =>
    `-ERR Error running script (call to f_1028a5dba704e1d8a01fd96efeba25bb78f62df2): @user_script:4: @user_script: 4: ${why}`;

  it('is away, too, where it says so of a script', async () => {
    const refusals = [
      refused('-MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.'),
      refused("-OOM command not allowed when used memory > 'maxmemory'."),
      refused('-CLUSTERDOWN The cluster is down'),
    ];
    const old = await startOldRedis(
      ...refusals,
      refused('-WRONGTYPE Operation against a key holding the wrong kind of value'),
    );
    const redis = connect(old.port);
    for (const refusal of refusals) expect(await writeTo(redis), refusal).to.equal('REDIS_AWAY');
    expect(await writeTo(redis), 'a mistake is none of these').to.match(/^Redis: ERR Error running script.*WRONGTYPE/);
    expect(old.connections()).to.equal(1);
    redis.close();
    old.close();
  });

  it('is connected to anew where a script finds that it is no master any more', async () => {
    const old = await startOldRedis(refused("-READONLY You can't write against a read only replica."));
    const redis = connect(old.port);
    expect(await writeTo(redis)).to.equal('written');
    expect(old.connections()).to.equal(2);
    redis.close();
    old.close();
  });

  it('is too old for the doctor', async () => {
    const old = await startOldRedis();
    expect(await examineRedis({ redis: redisSettings({ url: `redis://127.0.0.1:${old.port}` }) })).to.deep.equal([
      { check: 'redis', state: 'fail', what: 'Redis 6.2.14 is too old', remedy: 'upgrade Redis to 7.0 or newer' },
    ]);
    old.close();
  });
});
