/**
 * `npm run test:previous [-- <tag or commit>]`: the release before this one and this one, side by side on one database
 * that this one has migrated, as they are during a rolling upgrade. Without an argument it takes the newest tag that
 * this commit follows; where there is none yet, there is nothing to try, and it says so.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeKeyringDocument } from '../../src/crypto/keyring-document.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { freePort } from './app.ts';
import { Browser, type Page } from './browser.ts';
import { citizens, somebody } from './citizens.ts';
import { enterCode, giveContact, goOn, proveIdentity, signIn } from './journeys.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const isFound = spawnSync('git', ['describe', '--tags', '--abbrev=0', 'HEAD^'], { cwd: root, encoding: 'utf8' });
const previous = process.argv[2] ?? (isFound.status === 0 ? isFound.stdout.trim() : undefined);

/** Alternates between the two, whatever address a page names. */
class TurningBrowser extends Browser {
  readonly #ports: readonly number[];
  #turn = 0;

  constructor(ports: readonly number[]) {
    super();
    this.#ports = ports;
  }

  override request(...[address, options]: Parameters<Browser['request']>): ReturnType<Browser['request']> {
    const url = new URL(address);
    url.port = String(this.#ports[this.#turn++ % this.#ports.length]);
    return super.request(url, options);
  }
}

function demand(is: boolean, what: string, page: Page): void {
  if (!is) throw new Error(`${what}: ${page.url.href} answered ${page.status}: ${page.text.slice(0, 300)}`);
  console.log(`  ok  ${what}`);
}

async function tryTogether(release: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'siapkerja-previous-'));
  chmodSync(directory, 0o711);
  const undo: (() => unknown)[] = [
    () => {
      rmSync(directory, { recursive: true, force: true });
    },
  ];
  try {
    const old = join(directory, 'release');
    git('worktree', 'add', '--detach', old, release);
    undo.push(() => git('worktree', 'remove', '--force', old));
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: old, stdio: ['ignore', 'ignore', 'inherit'] });

    const log = { debug: () => undefined, info: () => undefined, warn: console.error };
    const database = await startEmbedded({ dataDir: directory, log });
    undo.push(() => database.stop());
    const keyring = join(directory, 'keyring.json');
    writeFileSync(keyring, makeKeyringDocument(systemRandom), { mode: 0o600 });
    const ports = [await freePort(), await freePort()];
    const issuer = `http://localhost:${ports[0] ?? 0}`;
    const start = async (home: string, port: number): Promise<void> => {
      const settings = {
        NODE_ENV: 'development',
        ISSUER: issuer,
        PORT: String(port),
        METRICS_PORT: 'off',
        DATABASE_URL: database.url,
        KEYRING: keyring,
        DATA_DIR: join(directory, String(port)),
        SAMPLE_SERVICE_PORT: String(await freePort()),
        DUKCAPIL_SIMULATOR_PORT: String(await freePort()),
      };
      const child = spawn(process.execPath, ['src/main.ts'], {
        cwd: home,
        env: { PATH: process.env.PATH, ...settings },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      undo.push(async () => {
        const ended = once(child, 'exit');
        if (child.exitCode === null && child.kill('SIGTERM')) await ended;
      });
      await until(`${home} is ready`, async () => (await fetch(`http://localhost:${port}/readyz`)).ok, 60_000);
    };
    // This one first: it migrates. Then the one before, as if it had to be started again in the middle of the upgrade.
    await start(root, ports[0] ?? 0);
    await start(old, ports[1] ?? 0);

    for (const order of [ports, [...ports].reverse()]) {
      const [first = 0] = order;
      const who = `beginning at ${first === ports[0] ? 'this release' : release}`;
      const browser = new TurningBrowser(order);
      const someone = first === ports[0] ? citizens.budi : somebody();
      const contact = await proveIdentity(browser, await browser.open(`${issuer}/portal/register`), someone);
      const page = await giveContact(browser, contact, someone);
      demand(page.url.pathname.endsWith('/otp'), `a registration, ${who}`, page);
      const codes = async (): Promise<string | undefined> =>
        (
          (await (await fetch(`${issuer}/dev/outbox.json?to=${encodeURIComponent(someone.phone)}`)).json()) as {
            code: string | null;
          }[]
        ).find(({ code }) => code !== null)?.code ?? undefined;
      await until('the code is sent', async () => (await codes()) !== undefined);
      const home = await goOn(browser, await enterCode(browser, page, (await codes()) ?? ''));
      demand(home.text.includes('Keluar'), `its end, signed in at both, ${who}`, home);
      const again = new TurningBrowser([...order].reverse());
      const signedIn = await signIn(again, await again.open(`${issuer}/portal/sign-in`), someone.nik, someone.password);
      demand(signedIn.text.includes('Keluar'), `a sign-in, ${who}`, signedIn);
    }
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

if (previous === undefined)
  console.log('There is no release before this one (no tag that this commit follows): nothing to try yet.');
else {
  console.log(`${previous} beside ${git('describe', '--always', '--dirty')}, on one database:`);
  await tryTogether(previous);
}
