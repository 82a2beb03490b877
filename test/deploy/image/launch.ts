import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compose, copied } from '../files.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export type Settings = Readonly<Record<string, string>>;

export interface Launched {
  readonly child: ChildProcess;
  signal(name: NodeJS.Signals): void;
}

/** Starts the product in production with these settings, as a process whose output can be read. */
export type Launch = (settings: Settings) => Launched;

/** The image that `npm run test:image` has built and wants tried in the place of the files. */
export const IMAGE = process.env.SSO_IMAGE;
export const ENGINE = process.env.CONTAINER_ENGINE ?? 'podman';

/** The network of pods in `kubernetes.ts`. */
export const KUBE_SUBNET = '192.168.214.0/24';

/** The rights of an instance, as the compose file gives them. */
function confinement(): string[] {
  const {
    user,
    read_only: readOnly,
    cap_drop: dropped,
    security_opt: options,
    pids_limit: processes,
    deploy,
  } = compose().services['sso-1'] as {
    user: string;
    read_only: boolean;
    cap_drop: string[];
    security_opt: string[];
    pids_limit: number;
    deploy: { resources: { limits: { memory: string } } };
  };
  return [
    '--user',
    user,
    // podman would lay writable folders over such a root, which compose does not.
    ...(readOnly ? ['--read-only', ...(ENGINE === 'podman' ? ['--read-only-tmpfs=false'] : [])] : []),
    ...dropped.flatMap((one) => ['--cap-drop', one]),
    ...options.flatMap((one) => ['--security-opt', one]),
    '--pids-limit',
    String(processes),
    '--memory',
    deploy.resources.limits.memory,
  ];
}

/** The user that the image runs as, who has to read the secrets. */
const [UID, GID] = (compose().services['sso-1'].user as string).split(':').map(Number) as [number, number];

/**
 * How one runs what stands in an image with these arguments, confined as everywhere; the network is that of the
 * machine, since what it needs listens on loopback.
 */
export const inImage = (image: string, options: readonly string[], ...args: readonly string[]): string[] => [
  'run',
  '--rm',
  '--pull=never',
  '--network=host',
  '--no-healthcheck',
  ...confinement(),
  ...options,
  image,
  ...args,
];

/** @param directory  where the files lie that settings name: readable, and at the same place in the container. */
function fromImage(image: string, directory: string): Launch {
  let times = 0;
  return (settings) => {
    for (const path of ['.', ...readdirSync(directory)]) chownSync(join(directory, path), UID, GID);
    const name = `sso-test-${process.pid}-${(times += 1)}`;
    // Everything listens on loopback here.
    const variables = Object.entries({ ...settings, HOST: '127.0.0.1', METRICS_HOST: '127.0.0.1' }).flatMap(
      ([key, value]) => ['--env', `${key}=${value}`],
    );
    const child = spawn(
      ENGINE,
      inImage(image, ['--name', name, '--volume', `${directory}:${directory}:ro`, ...variables]),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    // Not to the client, which would only be gone itself.
    return {
      child,
      signal: (signal) => {
        spawnSync(ENGINE, ['kill', '--signal', signal, name], { stdio: 'ignore' });
      },
    };
  };
}

/** Of the very files of which the image is made. */
function fromFiles(directory: string): Launch {
  const home = join(directory, 'sso');
  for (const path of copied()) {
    mkdirSync(join(home, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(home, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  return (settings) => {
    const child = spawn(process.execPath, ['src/main.ts'], {
      cwd: home,
      env: { PATH: process.env.PATH, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return {
      child,
      signal: (name) => {
        child.kill(name);
      },
    };
  };
}

export const launcher = (directory: string): Launch =>
  IMAGE === undefined ? fromFiles(directory) : fromImage(IMAGE, directory);
