import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Suite } from 'mocha';

const APACHE = { binary: '/usr/sbin/apache2', modules: '/usr/lib/apache2/modules' } as const;

/** `describe` for tests by Apache and its OpenID Connect module: where they are missing the tests count as skipped. */
export function describeByApache(title: string, tests: (this: Suite) => void): void {
  (existsSync(`${APACHE.modules}/mod_auth_openidc.so`) ? describe : describe.skip)(title, tests);
}

export interface Apache {
  readonly url: string;
  /** What it has written to its error log. */
  errors(): Promise<string>;
  close(): Promise<void>;
}

const MODULES = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'proxy', 'proxy_http', 'auth_openidc'];

/** What every server has around its sites; the rest of the configuration is the file under test. */
const frame = (port: number, directory: string, site: string): string => `
ServerRoot "${directory}"
DefaultRuntimeDir "${directory}"
PidFile "${directory}/apache.pid"
ErrorLog "${directory}/error.log"
Mutex sem
Listen 127.0.0.1:${port}
ServerName localhost:${port}
UseCanonicalName On
User www-data
Group www-data
StartServers 1
${MODULES.map((name) => `LoadModule ${name}_module ${APACHE.modules}/mod_${name}.so`).join('\n')}
Include "${site}"
`;

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

/**
 * An Apache of the test's own, in the foreground, with one site. @param variables what the site's file calls `${NAME}`.
 */
export async function startApache({
  port,
  site,
  variables,
}: {
  port: number;
  site: string;
  variables: Readonly<Record<string, string>>;
}): Promise<Apache> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-apache-'));
  // Its workers run as another user when we are root.
  await chmod(directory, 0o711);
  const configuration = join(directory, 'apache.conf');
  await writeFile(configuration, frame(port, directory, site));
  const errors = (): Promise<string> => readFile(join(directory, 'error.log'), 'utf8').catch(() => '');
  const child = spawn(APACHE.binary, ['-f', configuration, '-DFOREGROUND'], {
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const ended = once(child, 'exit');
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (child.exitCode !== null || tries > 200) throw new Error(`Apache did not start: ${output}${await errors()}`);
    await wait(25);
  }
  return {
    url: `http://localhost:${port}`,
    errors,
    async close() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
