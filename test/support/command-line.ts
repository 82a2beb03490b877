import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
}

/** As an operator runs it: a process of its own, which takes its second to start. */
export async function runAsProcess(args: readonly string[], { directory, env, input }: Surroundings): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
  });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, stdout, stderr };
}

/** The same in this process, which meanwhile has the surroundings of the other: one at a time. */
export async function runHere(args: readonly string[], { directory, env, input }: Surroundings): Promise<Ran> {
  const { env: ownEnv, stdin } = process;
  const ownDirectory = process.cwd();
  const written = { stdout: '', stderr: '' };
  const own = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name];
    const write = stream.write.bind(stream);
    stream.write = (chunk: string | Uint8Array): boolean => {
      written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      return true;
    };
    return { stream, write };
  });
  const readFrom = (stream: Readable): void => {
    Object.defineProperty(process, 'stdin', { value: stream, configurable: true });
  };
  process.env = { PATH: ownEnv.PATH, ...env };
  process.chdir(directory);
  readFrom(Readable.from([input]));
  try {
    return { code: await run(args), ...written };
  } finally {
    readFrom(stdin);
    process.chdir(ownDirectory);
    process.env = ownEnv;
    for (const { stream, write } of own) stream.write = write;
  }
}

/** The command line over a database of its own, and what stands on the same database for the test itself. */
export interface CommandLine {
  readonly database: TestDatabase;
  readonly core: Core;
  /** What the commands run in. */
  readonly surroundings: Omit<Surroundings, 'input'>;
  sso(args: readonly string[], input?: string): Promise<Ran>;
  close(): Promise<void>;
}

export async function openCommandLine(): Promise<CommandLine> {
  const directory = mkdtempSync(join(tmpdir(), 'sso-commands-'));
  const database = await createTestDatabase();
  const own = { NODE_ENV: 'test', DATA_DIR: directory };
  const core = createCore({ config: loadConfig(own), databaseUrl: database.url, log: createLog({ level: 'silent' }) });
  const surroundings = { directory, env: { ...own, DATABASE_URL: database.url } };
  return {
    database,
    core,
    surroundings,
    sso: (args, input = '') => runHere(args, { ...surroundings, input }),
    async close() {
      await core.close();
      await database.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
