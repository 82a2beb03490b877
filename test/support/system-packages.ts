import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

interface SystemPackage {
  readonly needed: string;
  readonly path: string;
  readonly packages: readonly string[];
}

/** What the tests need of the system besides npm's packages. */
const NEEDED: readonly SystemPackage[] = [
  // The pages name the common sans-serif fonts; a bare machine has none at all.
  { needed: 'Chromium', path: process.env.CHROMIUM ?? '/usr/bin/chromium', packages: ['chromium', 'fonts-liberation', 'fonts-dejavu-core'] },
];

const isDebian = (): boolean => existsSync('/etc/debian_version') && spawnSync('apt-get', ['--version']).status === 0;
const isUbuntu = (): boolean => existsSync('/etc/os-release') && /^ID=ubuntu$/m.test(readFileSync('/etc/os-release', 'utf8'));

function apt(...args: readonly string[]): boolean {
  const options = ['-o', 'Dpkg::Options::=--force-confold', '-o', 'DPkg::Lock::Timeout=120'];
  const { status } = spawnSync('apt-get', [...options, ...args], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  return status === 0;
}

/**
 * Installs what is missing where that can be done unasked (as root on Debian and Ubuntu); elsewhere prints the line to
 * run. What stays missing is skipped by the tests that need it.
 *
 * @param mayInstall false when only some of the tests were asked for: those that run may not need it.
 */
export function provideSystemPackages(mayInstall: boolean): void {
  const missing = NEEDED.filter(({ path }) => !existsSync(path));
  if (missing.length === 0) return;
  const names = missing.map(({ needed }) => needed).join(', ');
  const packages = missing.flatMap((one) => one.packages);

  if (mayInstall && isDebian() && process.getuid?.() === 0 && !isUbuntu()) {
    console.log(`Installing for the tests: ${packages.join(' ')}`);
    if (!apt('update', '-qq') || !apt('install', '-y', '-qq', '--no-install-recommends', ...packages)) console.error('apt-get did not succeed.');
  }
  for (const { needed, path } of missing.filter((one) => !existsSync(one.path))) {
    console.error(`\n${needed} is missing (${path}): the tests that need it are SKIPPED.`);
  }
  if (missing.every(({ path }) => existsSync(path))) return;
  if (isUbuntu()) console.error(`Ubuntu's package "chromium" is a snap, which tests cannot drive: install Chromium or Google Chrome otherwise and set CHROMIUM to its path.`);
  else if (isDebian()) console.error(`To have ${names}: sudo apt-get install --no-install-recommends ${packages.join(' ')}`);
  else console.error(`Install ${names} with the package manager of this system, and set CHROMIUM to the path of the browser.`);
}
