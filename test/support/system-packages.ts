import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CADDY } from './caddy.ts';
import { NGINX } from './nginx.ts';
import { PGBOUNCER } from './pgbouncer.ts';
import { PROMTOOL } from './promtool.ts';
import { SYSTEM_POSTGRES } from './system-postgres.ts';

interface SystemPackage {
  readonly needed: string;
  readonly path: string;
  readonly packages: readonly string[];
  /** What to do where Debian's packages are of no use. */
  readonly elsewhere: string;
  /** Ubuntu's package is a snap, which tests cannot drive. */
  readonly isSnapOnUbuntu?: boolean;
  /** Taken out of its package and laid here: installed, it would set up a server on the machine and start it. */
  readonly unpackTo?: string;
  /** What it needs of the system and is not there is laid beside it. */
  readonly withNeeds?: true;
}

/** Reads units; no systemd has to run for that. */
export const SYSTEMD_ANALYZE = '/usr/bin/systemd-analyze';

/** What the tests need of the system besides npm's packages. */
const NEEDED: readonly SystemPackage[] = [
  {
    needed: 'Chromium',
    path: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // The pages name the common sans-serif fonts; a bare machine has none at all.
    packages: ['chromium', 'fonts-liberation', 'fonts-dejavu-core'],
    elsewhere: 'install Chromium or Google Chrome, not as a snap, and set CHROMIUM to its path',
    isSnapOnUbuntu: true,
  },
  {
    needed: 'Apache with mod_auth_openidc',
    path: '/usr/lib/apache2/modules/mod_auth_openidc.so',
    // Brings apache2-bin and not apache2: no server is set up or started on the machine.
    packages: ['libapache2-mod-auth-openidc'],
    elsewhere: 'the test of examples/apache runs on Debian and Ubuntu',
  },
  {
    needed: 'Redis',
    path: process.env.REDIS_SERVER ?? '/usr/bin/redis-check-rdb',
    // Not redis-server, which starts a service: the program itself is in here, under another name.
    packages: ['redis-tools'],
    elsewhere: 'install Redis 7 and set REDIS_SERVER to the path of redis-server',
  },
  {
    needed: 'nginx',
    path: NGINX.program,
    packages: ['nginx'],
    unpackTo: NGINX.folder,
    elsewhere: 'install nginx 1.22 or newer and set NGINX to its path',
  },
  {
    needed: 'Caddy',
    path: CADDY.program,
    packages: ['caddy'],
    unpackTo: CADDY.folder,
    elsewhere: 'install Caddy 2.6 or newer and set CADDY to its path',
  },
  {
    needed: 'PgBouncer',
    path: PGBOUNCER.program,
    packages: ['pgbouncer'],
    unpackTo: PGBOUNCER.folder,
    withNeeds: true,
    elsewhere: 'install PgBouncer 1.18 or newer and set PGBOUNCER to its path',
  },
  {
    needed: 'promtool',
    path: PROMTOOL.program,
    packages: ['prometheus'],
    unpackTo: PROMTOOL.folder,
    elsewhere: 'install Prometheus 2.42 or newer and set PROMTOOL to the path of promtool',
  },
  {
    needed: 'systemd-analyze',
    path: SYSTEMD_ANALYZE,
    packages: ['systemd'],
    elsewhere: 'the units of deploy/systemd are verified where there is systemd',
  },
  {
    needed: 'PostgreSQL with pg_dump of the same version',
    path: `${SYSTEM_POSTGRES}/pg_dump`,
    // Sets up a server too; as root on a machine that starts none by itself, that is a folder and nothing else.
    packages: ['postgresql'],
    elsewhere: 'set POSTGRES_BIN to the folder of the programs of a PostgreSQL server and its clients',
  },
];

const isDebian = (): boolean => existsSync('/etc/debian_version') && spawnSync('apt-get', ['--version']).status === 0;
const isUbuntu = (): boolean =>
  existsSync('/etc/os-release') && /^ID=ubuntu$/m.test(readFileSync('/etc/os-release', 'utf8'));

function apt(...args: readonly string[]): boolean {
  const options = ['-o', 'Dpkg::Options::=--force-confold', '-o', 'DPkg::Lock::Timeout=120'];
  const { status } = spawnSync('apt-get', [...options, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

function unpack(packages: readonly string[], folder: string, withNeeds = false): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'siapkerja-packages-'));
  try {
    const fetched = withNeeds
      ? apt(
          'install',
          '-y',
          '-qq',
          '--no-install-recommends',
          '--download-only',
          '-o',
          'APT::Sandbox::User=root',
          '-o',
          `Dir::Cache::archives=${directory}`,
          ...packages,
        )
      : spawnSync('apt-get', ['download', '-qq', ...packages], { cwd: directory, stdio: 'ignore' }).status === 0;
    if (!fetched) return false;
    mkdirSync(folder, { recursive: true });
    return readdirSync(directory)
      .filter((file) => file.endsWith('.deb'))
      .every((file) => spawnSync('dpkg-deb', ['--extract', join(directory, file), folder]).status === 0);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Installs what is missing where that can be done unasked (as root on Debian and Ubuntu); elsewhere prints the line to
 * run. What stays missing is skipped by the tests that need it.
 *
 * @param mayInstall false when only some of the tests were asked for: those that run may not need it.
 */
export function provideSystemPackages(mayInstall: boolean): void {
  const missing = (): SystemPackage[] => NEEDED.filter(({ path }) => !existsSync(path));
  const ubuntu = isUbuntu();
  const installable = isDebian() ? missing().filter(({ isSnapOnUbuntu }) => !(ubuntu && isSnapOnUbuntu === true)) : [];

  if (installable.length > 0 && mayInstall && process.getuid?.() === 0) {
    const packages = installable.flatMap((one) => (one.unpackTo === undefined ? one.packages : []));
    console.log(`Fetching for the tests: ${installable.flatMap((one) => one.packages).join(' ')}`);
    const done = [
      apt('update', '-qq'),
      packages.length === 0 || apt('install', '-y', '-qq', '--no-install-recommends', ...packages),
      ...installable.map((one) => one.unpackTo === undefined || unpack(one.packages, one.unpackTo, one.withNeeds)),
    ];
    if (done.includes(false)) console.error('apt-get did not succeed.');
  }
  for (const one of missing()) {
    const remedy = installable.includes(one)
      ? `sudo apt-get install --no-install-recommends ${one.packages.join(' ')}`
      : one.elsewhere;
    console.error(
      `\n${one.needed} is missing (${one.path}): the tests that need it are SKIPPED. To run them: ${remedy}`,
    );
  }
}
