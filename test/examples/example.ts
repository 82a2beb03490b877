import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Example {
  readonly url: string;
  /** Waits until it has printed the words. */
  prints(words: RegExp): Promise<RegExpExecArray>;
  close(): Promise<void>;
}

interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  /** What it prints when it listens. */
  readonly ready: RegExp | undefined;
}

const folder = fileURLToPath(new URL('../../examples', import.meta.url));

/** Starts an example as its README says, as a process of its own. */
export async function startExample({ command, args, port, settings, ready }: Start): Promise<Example> {
  const child: ChildProcess = spawn(command, args, {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      PORT: String(port),
      SESSION_SECRET: 'panjang-dan-acak-untuk-pengujian',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const prints = (words: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = words.exec(output);
        if (found !== null) resolve(found);
      };
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', look);
      child.once('close', () => {
        look();
        reject(new Error(`it ended without ${String(words)}:\n${output}`));
      });
      look();
    });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  if (ready !== undefined) await prints(ready);
  return {
    url: `http://localhost:${port}`,
    prints,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      await once(child, 'close');
    },
  };
}
