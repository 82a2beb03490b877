/**
 * An installation by deploy/compose, made and kept by what docs/operasi tells, and run by whatever compose there is.
 */
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readText } from '../../support/imports.ts';
import type { Document } from '../files.ts';
import { ENGINE, IMAGE } from './launch.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const COMPOSE = process.env.COMPOSE ?? 'docker-compose';
const run = promisify(execFile);

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Project {
  /** The folder of compose.yaml. */
  readonly directory: string;
  /** compose.yaml as the repository has it. */
  readonly file: Document;
  /**
   * Types what a guide says, in this folder. @returns what is printed. @throws with all that is said where a line
   * fails.
   */
  type(commands: string): Promise<string>;
  /** The same of compose alone, failing or not. */
  compose(...args: readonly string[]): Ended;
  /** What the engine knows of the container of a service. */
  inspect(service: string): Document;
  secret(name: string): string;
  close(): void;
}

/** The lines to type below a heading of a page, block by block. */
export function blocksOf(page: string, heading: string): readonly string[] {
  const section =
    readText(`docs/operasi/${page}`)
      .split(/^##+ /m)
      .find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^```\n([^]*?)^```/gm)].map(([, block = '']) => block);
}

/**
 * podman leaves it to timers of systemd to look how containers are, and a machine that is itself a container has none.
 */
const look = (project: string): string =>
  `while sleep 1; do for one in $(${ENGINE} ps --quiet --filter label=com.docker.compose.project=${project}); do ${ENGINE} healthcheck run $one > /dev/null 2>&1 || true; done; done`;

/** What guides call docker. The image is there already, made as they say. */
const docker = (project: string): string =>
  `docker() { case "$1 $2" in build\\ * | compose\\ build) ;; compose\\ *) shift; ${COMPOSE} --project-name ${project} "$@" ;; *) ${ENGINE} "$@" ;; esac; }`;

export interface Wishes {
  /** The name of the host, and of the issuer. */
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  /** What others give: files of secrets by their names. */
  readonly given: Readonly<Record<string, string>>;
}

/**
 * Lays deploy/ into a folder of its own and types there what the guide says: secrets, their owners and modes are as an
 * operator gets them.
 */
export async function createProject({ name, settings, given }: Wishes): Promise<Project> {
  const home = mkdtempSync(join(tmpdir(), 'sso-compose-'));
  cpSync(join(root, 'deploy'), join(home, 'deploy'), { recursive: true });
  const directory = join(home, 'deploy/compose');
  const text = readFileSync(join(directory, 'compose.yaml'), 'utf8');
  const file = parse(text, { merge: true });
  // Compose of version 1, as Debian 12 has it, knows no name in the file, and asks podman for a network as it had it
  // made by Docker.
  if (execFileSync('sh', ['-c', `${COMPOSE} version --short`], { encoding: 'utf8' }).startsWith('1.'))
    writeFileSync(
      join(directory, 'compose.yaml'),
      text
        .replace(/^name: .*$/m, '')
        .replaceAll('ipam: {', ENGINE === 'podman' ? 'ipam: { options: { driver: host-local },' : 'ipam: {'),
    );
  execFileSync(ENGINE, ['tag', IMAGE ?? '', 'sso:0.1.0']);

  const script = (commands: string): readonly string[] => [
    '-euo',
    'pipefail',
    '-c',
    `${docker(file.name as string)}\n${commands}`,
  ];
  const compose = (...args: readonly string[]): Ended => {
    const { status, stdout, stderr } = spawnSync('bash', script('docker compose "$@"').concat('bash', ...args), {
      cwd: directory,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    return { status, out: stdout, err: stderr };
  };
  const type = async (commands: string): Promise<string> => {
    try {
      return (await run('bash', script(commands), { cwd: directory, maxBuffer: 2 ** 26 })).stdout;
    } catch (error) {
      throw new Error(`${(error as { stderr: string }).stderr}\n${compose('logs', '--tail', '20').out}`, {
        cause: error,
      });
    }
  };
  const [making = ''] = blocksOf('install.md', 'With containers');
  const files = Object.entries(given).map(([secret, content]) => `cat > ${secret} <<'END'\n${content.trim()}\nEND`);
  await type(
    making
      .replaceAll('/opt/sso', home)
      .replace('<your name>', name)
      .replace(/^# Now, .*$/m, () => files.join('\n')),
  );
  const settled = readFileSync(join(directory, 'sso.env'), 'utf8')
    .split('\n')
    .filter((line) => settings[line.slice(0, line.indexOf('='))] === undefined);
  writeFileSync(
    join(directory, 'sso.env'),
    [...settled, ...Object.entries(settings).map(([key, value]) => `${key}=${value}`), ''].join('\n'),
  );

  const looking =
    ENGINE === 'podman'
      ? spawn('sh', ['-c', look(file.name as string)], { stdio: 'ignore', detached: true })
      : undefined;
  return {
    directory,
    file,
    type,
    compose,
    inspect(service) {
      const { out, err } = compose('ps', '--all', '--quiet', service);
      const [id = ''] = out.trim().split('\n');
      if (id === '') throw new Error(`no container of ${service}: ${err}`);
      return (JSON.parse(execFileSync(ENGINE, ['inspect', id], { encoding: 'utf8' })) as Document[])[0];
    },
    secret: (secret) => readFileSync(join(directory, 'secrets', secret), 'utf8').trim(),
    close() {
      compose('down', '--volumes', '--timeout', '5');
      // The loop, and whom it waits for.
      if (looking?.pid !== undefined) process.kill(-looking.pid);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
