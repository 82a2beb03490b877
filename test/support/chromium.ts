import { existsSync } from 'node:fs';
import type { Suite } from 'mocha';

/**
 * Parts of Chromium that are off. It heeds the last list alone, so that those which Playwright switches off are named
 * again (`disabledFeatures` in its sources). Ours is the page behind the address bar, which every window loads and no
 * test sees: half of what a browser computes in a test.
 */
const OFF = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'WebUIOmniboxPopup',
  'WebUIOmniboxFullPopup',
  'WebUIOmniboxAimPopup',
];

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
    `--disable-features=${OFF.join(',')}`,
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1',
  ],
};

/** `describe` for tests in a browser: where there is none they count as skipped. */
export function describeInChromium(title: string, tests: (this: Suite) => void): void {
  (existsSync(CHROMIUM.executablePath) ? describe : describe.skip)(title, tests);
}
