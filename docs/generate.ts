/** `npm run docs` writes the pages that the code tells; with `--check` it fails where one of them is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { auditEventsPage } from './audit-events.ts';
import { configurationPage } from './configuration.ts';
import { journeysPage } from './journeys.ts';

/** Each page by its name, beside this file. */
export const pages: Readonly<Record<string, () => string>> = {
  'audit-events.md': auditEventsPage,
  'configuration.md': configurationPage,
  'journeys.md': journeysPage,
};

const urlOf = (name: string): URL => new URL(name, import.meta.url);

function current(name: string): string | undefined {
  try {
    return readFileSync(urlOf(name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The pages that no longer say what the code says. */
export const stalePages = (): string[] =>
  Object.entries(pages).flatMap(([name, make]) => (current(name) === make() ? [] : [`docs/${name}`]));

function main(args: readonly string[]): void {
  const stale = stalePages();
  if (args.includes('--check')) {
    if (stale.length === 0) return;
    console.error(`Stale: ${stale.join(', ')}. Run "npm run docs" and commit what it writes.`);
    process.exitCode = 1;
    return;
  }
  for (const [name, make] of Object.entries(pages)) writeFileSync(urlOf(name), make());
  console.log(stale.length === 0 ? 'The generated pages were fresh.' : `Written: ${stale.join(', ')}`);
}

if (import.meta.main) main(process.argv.slice(2));
