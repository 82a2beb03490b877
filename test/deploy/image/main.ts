/**
 * `npm run test:image [-- --stand-ins] [options of the engine's build]`: builds the image as deploy/container has it,
 * looks at what is in it, lets two instances of it do what `test/deploy/two-instances.test.ts` asks of two processes,
 * and, as root, runs deploy/compose and deploy/kubernetes with it, each where there is what it takes. Needs podman and
 * runc; with `--stand-ins` also root on Debian with mmdebstrap, for a machine that reaches no registry of images. A
 * command and not a test: few machines that run the tests have an engine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compose } from '../files.ts';
import { ENGINE, KUBE_SUBNET } from './launch.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const TAG = 'localhost/sso:test';
const COMPOSE = process.env.COMPOSE ?? 'docker-compose';
/** What the tests may reach besides loopback: what the compose file has, and `kubernetes.ts`. */
const CONTAINER_NETWORKS = [
  ...Object.values(compose().networks as Record<string, { ipam: { config: { subnet: string }[] } }>).flatMap(
    ({ ipam }) => ipam.config.map(({ subnet }) => subnet),
  ),
  KUBE_SUBNET,
].join(' ');
// Nothing may ask for timers of systemd where there is none.
const environment = {
  CONTAINERS_CONF: here('containers.conf'),
  DISABLE_HC_SYSTEMD: 'true',
  COMPOSE,
  CONTAINER_NETWORKS,
  ...process.env,
};

const isThere = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

function run(program: string, ...args: readonly string[]): void {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env: environment });
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ''} ended with ${String(status)}`);
}

/** What is tried besides the image, and what it takes. */
function deployments(): readonly string[] {
  const wanted = [
    {
      file: 'compose.ts',
      is: isThere('sh', '-c', `${COMPOSE} version`),
      needs: `${COMPOSE} (on Debian: apt-get install --no-install-recommends docker-compose netavark aardvark-dns iptables; another by COMPOSE)`,
    },
    {
      file: 'kubernetes.ts',
      is: ENGINE === 'podman' && isThere('kubectl', 'version', '--client') && isThere('catatonit', '--version'),
      needs: 'podman with catatonit, netavark, aardvark-dns and iptables, and kubectl 1.29 or newer',
    },
  ];
  return wanted.flatMap(({ file, is, needs }) => {
    if (is && process.getuid?.() === 0) return [`test/deploy/image/${file}`];
    console.log(`${file} is left out: it takes root, and ${needs}.`);
    return [];
  });
}

/** Runs the tests while podman answers as Docker does, to whatever compose there is. */
function test(files: readonly string[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'sso-podman-'));
  const address = `unix://${directory}/socket`;
  const service =
    ENGINE === 'podman'
      ? spawn(ENGINE, ['system', 'service', '--time=0', address], { stdio: 'ignore', env: environment })
      : undefined;
  try {
    const { status } = spawnSync('npm', ['test', '--', ...files], {
      cwd: root,
      stdio: 'inherit',
      env: { ...environment, ...(service === undefined ? {} : { DOCKER_HOST: address }), SSO_IMAGE: TAG },
    });
    return status ?? 1;
  } finally {
    service?.kill();
    rmSync(directory, { recursive: true });
  }
}

function main(args: readonly string[]): void {
  if (!isThere(ENGINE, '--version') || !isThere('runc', '--version')) {
    throw new Error(
      `there is no ${ENGINE} with runc here. On Debian: apt-get install --no-install-recommends podman buildah runc; another engine by CONTAINER_ENGINE, its settings by CONTAINERS_CONF`,
    );
  }
  if (args.includes('--stand-ins')) {
    if (!isThere('mmdebstrap', '--version'))
      throw new Error(
        'stand-ins are made by mmdebstrap. On Debian: apt-get install --no-install-recommends mmdebstrap',
      );
    run(here('stand-ins.sh'), join(root, 'node_modules/node/bin/node'));
  }
  const options = args.filter((one) => one !== '--stand-ins');
  run(
    ENGINE,
    'build',
    '--network=host',
    ...options,
    '--format',
    'docker',
    '--file',
    'deploy/container/Containerfile',
    '--tag',
    TAG,
    '.',
  );
  process.exitCode = test(['test/deploy/image/content.ts', 'test/deploy/two-instances.test.ts', ...deployments()]);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`Not tried: ${(error as Error).message}.`);
  process.exitCode = 1;
}
