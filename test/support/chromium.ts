import { existsSync } from 'node:fs';
import type { Suite } from 'mocha';

/** How the tests start a browser: nothing of it may speak to the network. */
export const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1',
  ],
};

/** `describe` for tests in a browser: where there is none they count as skipped. */
export function describeInChromium(title: string, tests: (this: Suite) => void): void {
  (existsSync(CHROMIUM.executablePath) ? describe : describe.skip)(title, tests);
}
