import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuOfTree, residentBytes, residentFileBytes } from './processes.ts';
import type { HeapSize, Trips } from './probe.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Of the same checkout: it watches the drivers that its server loads. */
const PROBE = 'bench/measure/probe.ts';
const START_MS = 120_000;

/** In bytes. */
export interface Memory {
  readonly all: number;
  /** The program of Node and its libraries. */
  readonly files: number;
  readonly heap: HeapSize;
}

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  cpuMs(): number;
  memoryBytes(): number;
  /** What its memory is made of. */
  memory(): Promise<Memory>;
  trips(): Promise<Trips>;
  stop(): Promise<void>;
}

export interface ServerCommand {
  /** The checkout that it is started in; this one unless said. */
  readonly root?: string | undefined;
  /** Path of its script, from the root of the repository. */
  readonly script: string;
  readonly args?: readonly string[];
  /** For Node, as it is started in production. */
  readonly engine?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  /** What answers 200 when it is ready. */
  readonly ready: string;
  readonly logFile: string;
  /** Where the processor profile goes, if there is to be one. */
  readonly profile?: string | undefined;
}

/**
 * Starts a server with the probe in it and waits until it serves. It ends with `stop`, by a signal, as in production.
 */
export async function startServerProcess({
  root = ROOT,
  script,
  args = [],
  engine = [],
  env,
  url,
  ready,
  logFile,
  profile,
}: ServerCommand): Promise<ServerProcess> {
  const log = openSync(logFile, 'a');
  const flags = [
    ...engine,
    '--import',
    join(root, PROBE),
    ...(profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]),
  ];
  const child: ChildProcess = spawn(process.execPath, [...flags, script, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${script} could not be started`);
  const end = Date.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`${script} ended by itself:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
    if (Date.now() > end) throw new Error(`${script} did not answer within ${START_MS / 1000} seconds; see ${logFile}`);
    const answered = await fetch(`${url}${ready}`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) break;
    await pause(50);
  }
  async function ask<Answer>(question: string): Promise<Answer> {
    const answer = once(child, 'message');
    child.send(question);
    const [said] = (await answer) as [Answer];
    return said;
  }
  return {
    url,
    pid,
    cpuMs: () => cpuOfTree(pid),
    memoryBytes: () => residentBytes(pid),
    trips: () => ask<Trips>('trips'),
    memory: async () => ({ all: residentBytes(pid), files: residentFileBytes(pid), heap: await ask<HeapSize>('heap') }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
