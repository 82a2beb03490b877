import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const ENGINE = fileURLToPath(new URL('../src/engine.ts', import.meta.url));

/**
 * Has 60 MB in use, and replaces half of them over and over by what lives long enough to grow old: the most that the
 * heap ever held, in MB.
 */
const WORK = `
  const make = () => Array.from({ length: 120 }, (_, at) => ({ at }));
  const held = Array.from({ length: 12_000 }, make);
  gc();
  const used = process.memoryUsage().heapUsed;
  let most = 0;
  for (let count = 0; count < 40_000; count += 1) {
    held[count % 6000] = make();
    if (count % 500 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
  }
  console.log(JSON.stringify({ used: used / 1_048_576, most: most / 1_048_576 }));`;

/** How many times as much as is in use. */
async function growth(before: string): Promise<number> {
  const { stdout } = await run(process.execPath, [
    '--expose-gc',
    '--max-semi-space-size=1',
    '--input-type=module',
    '--eval',
    `${before}${WORK}`,
  ]);
  const { used, most } = JSON.parse(stdout) as { used: number; most: number };
  return most / used;
}

describe('The engine as a server has it', () => {
  it('collects old objects before there are twice as many as are in use', async () => {
    expect(await growth(`await import(${JSON.stringify(ENGINE)});`)).to.be.lessThan(2);
  });
});
