import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './app.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'node_modules/.cache/caddy');
const installed = process.env.CADDY ?? '/usr/bin/caddy';

/** The system's own, or what `system-packages.ts` has unpacked beside the other packages. */
export const CADDY = {
  folder,
  program: existsSync(installed) || process.env.CADDY !== undefined ? installed : join(folder, 'usr/bin/caddy'),
} as const;
export const hasCaddy = (): boolean => existsSync(CADDY.program);
export const CADDYFILE = join(root, 'deploy/caddy/Caddyfile');

/** @returns what Caddy says, and whether it is content. */
export function askCaddy(...args: readonly string[]): { readonly said: string; readonly isContent: boolean } {
  const { stdout, stderr, status } = spawnSync(CADDY.program, args, { encoding: 'utf8', env: { HOME: tmpdir() } });
  return { said: `${stdout}${stderr}`, isContent: status === 0 };
}

export interface CaddyProxy {
  readonly url: string;
  /** Everything it has written. */
  readonly output: () => string;
  close(): Promise<void>;
}

/**
 * A Caddy of the test's own with `deploy/caddy/Caddyfile`, in which that alone is changed that its first lines name;
 * without TLS.
 */
export async function startCaddy(instances: readonly number[]): Promise<CaddyProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-caddy-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const [first = 0, second = 0] = instances;
  const site = (await readFile(CADDYFILE, 'utf8'))
    .replace(/^\{\n/m, '{\n\tadmin off\n')
    .replace('account.kemnaker.go.id {', `${url} {`)
    .replace('10.0.0.21:3000', `127.0.0.1:${first}`)
    .replace('10.0.0.22:3000', `127.0.0.1:${second}`)
    .replace('/usr/share/sso', join(root, 'deploy/proxy'));
  await writeFile(join(directory, 'Caddyfile'), site);
  const child = spawn(CADDY.program, ['run', '--config', join(directory, 'Caddyfile')], {
    env: { HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const ended = once(child, 'exit');
  const broken = ended.then(() => {
    throw new Error(`Caddy ended: ${output}`);
  });
  await Promise.race([broken, until('Caddy answers', async () => (await fetch(`${url}/healthz`)).status === 404)]);
  broken.catch(() => undefined);
  return {
    url,
    output: () => output,
    async close() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
