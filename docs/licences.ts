/**
 * `npm run licences`: under which licence each package stands that production installs. `npm run sbom` says the same
 * for machines.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Licensed {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/** Every package that `npm ci --omit=dev` may install, as the lock file has it. */
export function runtimePackages(): Licensed[] {
  const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version = '?', license = 'none' }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: license,
    }))
    .sort((one, other) => one.licence.localeCompare(other.licence) || one.name.localeCompare(other.name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packages = runtimePackages();
  for (const { name, version, licence } of packages) console.log(`${licence.padEnd(14)} ${name} ${version}`);
  const counts = Map.groupBy(packages, ({ licence }) => licence);
  console.log(
    `\n${packages.length} packages: ${[...counts].map(([licence, those]) => `${licence} ${those.length}`).join(', ')}`,
  );
}
