import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Certificate } from '../../src/dev/certificate.ts';
import { freePort } from './app.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'node_modules/.cache/nginx');
const installed = process.env.NGINX ?? '/usr/sbin/nginx';

/** The system's own, or what `system-packages.ts` has unpacked beside the other packages. */
export const NGINX = {
  folder,
  program: existsSync(installed) || process.env.NGINX !== undefined ? installed : join(folder, 'usr/sbin/nginx'),
} as const;
export const hasNginx = (): boolean => existsSync(NGINX.program);

export interface Proxy {
  /** Where http leads to https. */
  readonly plainUrl: string;
  /** One line for each request served. */
  accessLog(): Promise<readonly string[]>;
  /** Everything it has written anywhere. */
  everything(): Promise<string>;
  close(): Promise<void>;
}

/** What every server has around its sites; the rest of the configuration is the file under test. */
const frame = (directory: string, site: string): string => `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
pid ${directory}/pid;
error_log ${directory}/error.log crit;
events { worker_connections 512; }
http {
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join('\n')}
access_log off;
types { text/html html; application/json json; }
include ${site};
}
`;

/**
 * An nginx of the test's own with `deploy/nginx/sso.conf`, in which that alone is changed that its first lines name.
 */
export async function startNginx({
  port,
  instances,
  certificate,
}: {
  port: number;
  instances: readonly number[];
  certificate: Certificate;
}): Promise<Proxy> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-nginx-'));
  const [plainPort, at] = [await freePort(), (name: string): string => join(directory, name)];
  const [first, second] = instances;
  const site = (await readFile(join(root, 'deploy/nginx/sso.conf'), 'utf8'))
    .replaceAll(/^.*listen \[::\].*$\n/gm, '')
    .replaceAll(/listen (80|443)/g, (_, given: string) => `listen 127.0.0.1:${given === '80' ? plainPort : port}`)
    .replaceAll('account.kemnaker.go.id', 'localhost')
    .replaceAll('10.0.0.21:3000', `127.0.0.1:${first ?? 0}`)
    .replaceAll('10.0.0.22:3000', `127.0.0.1:${second ?? 0}`)
    .replaceAll('/run/secrets/', `${directory}/`)
    .replaceAll('/usr/share/sso', join(root, 'deploy/proxy'))
    .replaceAll('/tmp/sso-cache', at('cache'))
    .replaceAll('/dev/stdout', at('access.log'))
    .replaceAll('error_log stderr', `error_log ${at('error.log')}`);
  await writeFile(at('sso.conf'), site);
  await writeFile(at('nginx.conf'), frame(directory, at('sso.conf')));
  await writeFile(at('tls.crt'), certificate.cert);
  await writeFile(at('tls.key'), certificate.key, { mode: 0o600 });

  const child = spawn(NGINX.program, ['-p', directory, '-e', at('error.log'), '-c', at('nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const ended = once(child, 'exit');
  const logged = (name: string): Promise<string> => readFile(at(name), 'utf8').catch(() => '');
  const plainUrl = `http://localhost:${plainPort}`;
  const broken = ended.then(async () => {
    throw new Error(`nginx ended: ${output}${await logged('error.log')}`);
  });
  await Promise.race([
    broken,
    until('nginx answers', async () => (await fetch(plainUrl, { redirect: 'manual' })).status === 308),
  ]);
  broken.catch(() => undefined);
  return {
    plainUrl,
    accessLog: async () => (await logged('access.log')).trim().split('\n'),
    everything: async () => `${output}${await logged('access.log')}${await logged('error.log')}`,
    async close() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
