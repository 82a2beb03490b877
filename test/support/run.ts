/**
 * `npm test [-- paths and mocha options]`: brings what the tests need, runs them, cleans up.
 *
 * One PostgreSQL server serves the whole run; each test file clones its database from a migrated template. With
 * `TEST_DATABASE_URL` set, a server that is there already is used instead.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKnex, migrate } from '../../src/store/knex.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { asAdministrator, createDatabase, dropDatabase, urlOfDatabase } from './database.ts';
import { showSummary, type Summary } from './reporter.ts';
import { makeRsaKeys } from './signing-keys.ts';
import { provideSystemPackages } from './system-packages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** First, so that none of them goes on alone when all the others are done. */
const LONGEST = ['test/web/pages.test.ts', 'test/e2e/whole-way.test.ts', 'test/e2e/process.test.ts'];
const all = (): string[] => [...new Set([...LONGEST, ...globSync('test/**/*.test.ts', { cwd: root }).sort()])];

/** Nothing of a test run has to survive a loss of power. */
const HASTY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_wal_size: '512MB' };

/**
 * Where the database of the run lies: in memory, where there is enough. On a disk, to make a database and to drop it
 * costs the system three times as much.
 */
const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 3 * 1024 ** 3;
function scratch(): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize < ENOUGH_BYTES ? tmpdir() : MEMORY;
}

const warnings = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_details: object, message: string) => {
    console.error(message);
  },
};

type Undo = () => Promise<void> | void;

/**
 * A folder stands for the tests in it, since other files beside them are no tests; a test may be named without its
 * ending.
 */
const selection = (args: readonly string[]): { paths: string[]; options: string[]; missing: string[] } => {
  const whole = (arg: string): string => (existsSync(join(root, `${arg}.test.ts`)) ? `${arg}.test.ts` : arg);
  const isPath = (arg: string): boolean => existsSync(join(root, arg)) || arg.includes('*');
  const named = args.map(whole);
  const paths = named
    .filter(isPath)
    .map((path) =>
      !path.includes('*') && statSync(join(root, path)).isDirectory()
        ? `${path.replace(/\/$/, '')}/**/*.test.ts`
        : path,
    );
  const others = named.filter((arg) => !isPath(arg));
  const isMeantAsPath = (arg: string): boolean => arg.startsWith('test/');
  return { paths, options: others.filter((arg) => !isMeantAsPath(arg)), missing: others.filter(isMeantAsPath) };
};

/** Thousands of connections are made in a run: each would derive the key of its password in 4096 rounds. */
const letConnectAtOnce = ({ username, password }: URL): Promise<void> =>
  asAdministrator(async (client) => {
    await client.query('set scram_iterations = 1');
    await client.query(
      `alter role ${client.escapeIdentifier(username)} password ${client.escapeLiteral(decodeURIComponent(password))}`,
    );
  });

async function provideDatabase(directory: string, undo: Undo[]): Promise<void> {
  if (process.env.TEST_DATABASE_URL === undefined) {
    const server = await startEmbedded({ dataDir: directory, log: warnings, parameters: HASTY });
    undo.push(() => server.stop());
    process.env.TEST_DATABASE_URL = server.url;
    await letConnectAtOnce(new URL(server.url));
  }
  const template = `template_${randomBytes(6).toString('hex')}`;
  await createDatabase(template);
  undo.push(() => dropDatabase(template));
  const knex = createKnex({ url: urlOfDatabase(template), poolMax: 2, statementTimeoutMs: 60_000 });
  try {
    await migrate(knex);
  } finally {
    await knex.destroy();
  }
  process.env.TEST_TEMPLATE = template;
}

async function runMocha(args: readonly string[], summaryFile: string): Promise<number> {
  const child = spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args], {
    cwd: root,
    stdio: 'inherit',
    // What is compiled once is compiled for every process of this run and of the next.
    env: {
      NODE_ENV: 'test',
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'),
      ...process.env,
      TEST_SUMMARY_FILE: summaryFile,
    },
  });
  const pass = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  process.on('SIGINT', pass).on('SIGTERM', pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function main(args: readonly string[]): Promise<number> {
  const { paths, options, missing } = selection(args);
  if (missing.length > 0) {
    // Left to mocha, a path of nothing would be no selection, and everything would run.
    console.error(`There is no ${missing.join(', ')}.`);
    return 1;
  }
  const directory = mkdtempSync(join(scratch(), 'siapkerja-test-'));
  // PostgreSQL runs as another user when we are root, and has to pass here.
  chmodSync(directory, 0o711);
  const undo: Undo[] = [
    () => {
      rmSync(directory, { recursive: true, force: true });
    },
  ];
  const summaryFile = join(directory, 'summary.json');
  try {
    provideSystemPackages(paths.length === 0);
    const keys = makeRsaKeys();
    await provideDatabase(directory, undo);
    process.env.TEST_RSA_KEYS = await keys;
    const code = await runMocha([...options, ...(paths.length === 0 ? all() : paths)], summaryFile);
    // Without numbers the run itself broke down, which is a failure as much as any.
    const summary = existsSync(summaryFile)
      ? (JSON.parse(readFileSync(summaryFile, 'utf8')) as Summary)
      : { passed: 0, failed: 1, skipped: 0 };
    return report(summary, code);
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** @returns the exit code; the last line is written when everything is cleaned up. */
function report(summary: Summary, code: number): number {
  process.once('exit', () => {
    console.log(showSummary(summary));
  });
  if (summary.passed + summary.failed === 0) {
    console.error('No test ran.');
    return 1;
  }
  if (summary.skipped > 0) {
    console.error(
      `\nTests SKIPPED: ${summary.skipped}${process.env.CI === 'true' ? ', which counts as a failure where CI=true' : ''}.`,
    );
    if (process.env.CI === 'true') return Math.max(code, 1);
  }
  return summary.failed > 0 ? Math.max(code, 1) : code;
}

process.exitCode = await main(process.argv.slice(2));
