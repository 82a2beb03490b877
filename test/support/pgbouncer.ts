import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from './app.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'node_modules/.cache/pgbouncer');
const installed = process.env.PGBOUNCER ?? '/usr/sbin/pgbouncer';

/** The system's own, or what `system-packages.ts` has unpacked beside the other packages. */
export const PGBOUNCER = {
  folder,
  program:
    existsSync(installed) || process.env.PGBOUNCER !== undefined ? installed : join(folder, 'usr/sbin/pgbouncer'),
} as const;
export const hasPgbouncer = (): boolean => existsSync(PGBOUNCER.program);

export interface Pooler {
  readonly url: string;
  /** How many connections to the server it has to give. */
  servers(): Promise<number>;
  /** Makes its connections to the server anew. */
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

/** It refuses to run as root. */
const owner = (): { uid?: number; gid?: number } =>
  process.getuid?.() === 0
    ? { uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody'])) }
    : {};

/** The lines of the guide for operators, which are what is tried here. */
async function guideLines(): Promise<{ connectQuery: string; settings: string }> {
  const guide = await readFile(join(root, 'docs/operasi/install.md'), 'utf8');
  const [, connectQuery = ''] = /^sso = .*(connect_query='(?:[^']|'')+')$/m.exec(guide) ?? [];
  const settings = [...guide.matchAll(/^(?:pool_mode|server_login_retry) = \w+$/gm)].map(([line]) => line).join('\n');
  return { connectQuery, settings };
}

/**
 * A PgBouncer of the test's own in front of a database, set as the guide has it, with fewer connections than anybody
 * wants.
 */
export async function startPgbouncer(databaseUrl: string, { servers }: { readonly servers: number }): Promise<Pooler> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-pgbouncer-'));
  const [port, to, { connectQuery, settings }] = [await freePort(), new URL(databaseUrl), await guideLines()];
  const [user, database] = [decodeURIComponent(to.username), to.pathname.slice(1)];
  const password = to.password === '' ? '' : ` password=${decodeURIComponent(to.password)}`;
  const file = join(directory, 'pgbouncer.ini');
  await writeFile(
    file,
    `
[databases]
${database} = host=${to.hostname} port=${to.port} dbname=${database} user=${user}${password} ${connectQuery}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
admin_users = sso
${settings}
default_pool_size = ${servers}
max_client_conn = 200
`,
  );
  const as = owner();
  await chmod(directory, 0o711);
  if (as.uid !== undefined && as.gid !== undefined) chownSync(file, as.uid, as.gid);
  const libraries = globSync(join(folder, 'usr/lib/*-linux-*')).join(':');
  const child = spawn(PGBOUNCER.program, ['-q', file], {
    ...as,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const ended = once(child, 'exit');
  const broken = ended.then(() => {
    throw new Error(`PgBouncer ended: ${output}`);
  });
  const ask = async (about: string, statement: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new pg.Client({
      connectionString: `postgres://${about === 'pgbouncer' ? 'sso' : user}@127.0.0.1:${port}/${about}`,
    });
    await client.connect();
    return (await client.query<Record<string, unknown>>(statement).finally(() => client.end())).rows;
  };
  await Promise.race([broken, until('PgBouncer answers', () => ask(database, 'select 1').then(() => true))]);
  broken.catch(() => undefined);
  return {
    url: `postgres://${user}@127.0.0.1:${port}/${database}`,
    servers: async () =>
      (await ask('pgbouncer', 'show servers')).filter((row) => row.database === database && row.state !== 'new').length,
    async reconnect() {
      await ask('pgbouncer', 'reconnect');
    },
    async close() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
