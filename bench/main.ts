/**
 * `npm run bench`: drives servers over HTTP as browsers and services would, and says what each operation costs, beside
 * bare oidc-provider in the same minutes. docs/performance.md tells what came of it.
 */
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeConnections } from './drivers/visitor.ts';
import { measureBeside } from './measure/beside.ts';
import { createHashPrice } from './measure/hash-price.ts';
import { measureInTurns } from './measure/rounds.ts';
import { readOptions, USAGE, type Options, type SetUp } from './options.ts';
import { resultOf, type BesideResult, type Result } from './report/result.ts';
import { showBeside, showGoals, showMemory, showResult, situationLine } from './report/table.ts';
import { BESIDE, scenarios } from './scenarios/index.ts';
import { startProduct } from './setups/product.ts';
import { startYardsticks } from './yardsticks/start.ts';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

interface Found {
  readonly results: Result[];
  readonly besides: BesideResult[];
}

async function measure(setUp: SetUp, instances: number, options: Options, found: Found): Promise<void> {
  const { accounts, seconds, rounds, profile } = options;
  const chosen = (name: string): boolean => options.scenarios.length === 0 || options.scenarios.includes(name);
  const opened: (() => Promise<void>)[] = [];
  const folder = (): string => {
    const dir = mkdtempSync(join(tmpdir(), 'sso-bench-'));
    chmodSync(dir, 0o755);
    opened.push(async () => {
      await rm(dir, { recursive: true, force: true });
    });
    return dir;
  };
  try {
    const dir = folder();
    const product = await startProduct({ setUp, instances, accounts, dir, profile });
    opened.push(() => product.stop());
    const former =
      options.against === undefined
        ? undefined
        : await startProduct({
            setUp,
            instances,
            accounts,
            dir: folder(),
            profile: undefined,
            name: 'former',
            root: options.against,
          });
    if (former !== undefined) opened.push(() => former.stop());
    const yardsticks = options.yardsticks ? await startYardsticks(dir, instances) : undefined;
    if (yardsticks !== undefined) opened.push(() => yardsticks.stop());

    for (const users of options.users) {
      const situation = { setUp, instances, accounts, users };
      say(`\n${situationLine(situation)}`);
      for (const scenario of scenarios.filter(({ name }) => chosen(name))) {
        const isHashed = scenario.aboveHashMs !== undefined;
        const ours = isHashed ? await product.dear() : product.cheap;
        const bare =
          yardsticks === undefined || scenario.productOnly === true
            ? []
            : [yardsticks.memory, yardsticks.redis, ...(scenario.besideFloor === true ? [yardsticks.floor] : [])];
        const others = [...(former === undefined ? [] : [isHashed ? await former.dear() : former.cheap]), ...bare];
        const price = isHashed ? createHashPrice() : undefined;
        const all = await measureInTurns(scenario, [ours, ...others], {
          users,
          seconds,
          rounds,
          ...(price === undefined ? {} : { between: () => price.measure() }),
        });
        const result = resultOf(scenario, situation, ours, all, price?.ms());
        found.results.push(result);
        say(`\n${showResult(result)}`);
        if (options.memory) for (const server of ours.servers) say(showMemory(await server.memory()));
      }
    }
    if (chosen(BESIDE)) {
      const result = {
        setUp,
        instances,
        accounts,
        users: 20,
        beside: await measureBeside(await product.dear(), { seconds: 2 * seconds, rounds }),
      };
      found.besides.push(result);
      say(`\n${showBeside(result)}`);
    }
  } finally {
    for (const close of opened.reverse()) await close();
  }
}

async function main(): Promise<void> {
  const names = [...scenarios.map(({ name }) => name), BESIDE];
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2), names);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  if (options.list) {
    for (const { name, operation } of scenarios) say(`${name.padEnd(20)} ${operation}`);
    say(`${BESIDE.padEnd(20)} latency of single sign-on while people have their passwords hashed`);
    return;
  }
  if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true });

  const begun = new Date();
  const found: Found = { results: [], besides: [] };
  for (const setUp of options.setUps)
    for (const instances of options.instances) await measure(setUp, instances, options, found);
  await closeConnections();
  say(`\n${showGoals(found.results, found.besides)}`);
  const machine = { cores: availableParallelism(), node: process.version, load: loadavg() };
  writeFileSync(
    options.out,
    `${JSON.stringify({ begun, ended: new Date(), machine, options, ...found }, undefined, 2)}\n`,
  );
  say(`\nAll figures: ${options.out}`);
}

await main();
