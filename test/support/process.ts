import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './app.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The product as a process of its own, started as a newcomer starts it, on a data directory and ports of its own. */
export interface Product {
  readonly url: string;
  readonly sampleUrl: string;
  /** What it has printed since it was last started. */
  readonly output: string;
  start(): Promise<void>;
  /** kill -9: nothing of it can tidy up. */
  kill(): Promise<void>;
  /** Ctrl-C. @returns the exit code. */
  interrupt(): Promise<number | null>;
  remove(): Promise<void>;
}

const READY = 'Ctrl-C stops it all';

export async function createProduct(settings: Readonly<Record<string, string>> = {}): Promise<Product> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sso-product-'));
  const [port, samplePort, simulatorPort] = [await freePort(), await freePort(), await freePort()];
  const url = `http://localhost:${port}`;
  let child: ChildProcess | undefined;
  let output = '';

  const ended = async (running: ChildProcess): Promise<void> => {
    if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
  };

  return {
    url,
    sampleUrl: `http://localhost:${samplePort}`,
    get output() {
      return output;
    },
    async start() {
      output = '';
      const started = spawn(process.execPath, ['src/main.ts'], {
        cwd: root,
        env: {
          PATH: process.env.PATH,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          NODE_ENV: 'development',
          DATA_DIR: dataDir,
          PORT: String(port),
          METRICS_PORT: 'off',
          // How busy this machine is, is none of the tests' business.
          OVERLOAD_LAG_MS: '30000',
          ISSUER: url,
          SAMPLE_SERVICE_PORT: String(samplePort),
          DUKCAPIL_SIMULATOR_PORT: String(simulatorPort),
          ARGON2_MEMORY_KIB: '1024',
          ...settings,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      await new Promise<void>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          output += chunk.toString('utf8');
          if (output.includes(READY)) resolve();
        };
        started.stdout.on('data', read);
        started.stderr.on('data', read);
        started.once('exit', (code) => {
          reject(new Error(`the product ended with ${String(code)}:\n${output}`));
        });
      });
    },
    async kill() {
      if (child === undefined) return;
      child.kill('SIGKILL');
      await ended(child);
    },
    async interrupt() {
      if (child === undefined) return null;
      child.kill('SIGINT');
      await ended(child);
      return child.exitCode;
    },
    async remove() {
      if (child?.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await ended(child);
      }
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
