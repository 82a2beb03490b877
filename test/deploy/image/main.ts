/**
 * `npm run test:image [-- --stand-ins] [options of the engine's build]`: builds the image as deploy/container has it, looks at what is in it, and lets two instances of it do
 * what `test/deploy/two-instances.test.ts` asks of two processes. Needs podman and runc; with `--stand-ins` also root on Debian with
 * mmdebstrap, for a machine that reaches no registry of images. A command and not a test: few machines that run the tests have an engine.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENGINE } from './launch.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const TAG = 'localhost/sso:test';
const environment = { CONTAINERS_CONF: here('containers.conf'), ...process.env };

const isThere = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

function run(program: string, ...args: readonly string[]): void {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env: environment });
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ''} ended with ${String(status)}`);
}

function main(args: readonly string[]): void {
  if (!isThere(ENGINE, '--version') || !isThere('runc', '--version')) {
    throw new Error(`there is no ${ENGINE} with runc here. On Debian: apt-get install --no-install-recommends podman buildah runc; another engine by CONTAINER_ENGINE, its settings by CONTAINERS_CONF`);
  }
  if (args.includes('--stand-ins')) {
    if (!isThere('mmdebstrap', '--version')) throw new Error('stand-ins are made by mmdebstrap. On Debian: apt-get install --no-install-recommends mmdebstrap');
    run(here('stand-ins.sh'), join(root, 'node_modules/node/bin/node'));
  }
  const options = args.filter((one) => one !== '--stand-ins');
  run(ENGINE, 'build', '--network=host', ...options, '--format', 'docker', '--file', 'deploy/container/Containerfile', '--tag', TAG, '.');
  const { status } = spawnSync('npm', ['test', '--', 'test/deploy/image/content.ts', 'test/deploy/two-instances.test.ts'], { cwd: root, stdio: 'inherit', env: { ...environment, SSO_IMAGE: TAG } });
  process.exitCode = status ?? 1;
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`Not tried: ${(error as Error).message}.`);
  process.exitCode = 1;
}
