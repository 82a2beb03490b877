import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Citizen } from '../support/citizens.ts';
import { hasRedis } from '../support/redis.ts';
import { examine } from './checker.ts';
import { gather } from './crowd.ts';
import { judge, show, type Outcome } from './report.ts';
import { fits, scenarios, type Scenario } from './scenarios.ts';
import { carriers, createWorld, type Carrier, type World } from './world.ts';

const USAGE = `npm run chaos -- [options]

Starts databases, partners and instances of the product behind a proxy, sends citizens through it, lets one fault after
the other happen, and says what they saw and whether anything that must hold was broken. Exit code 1 where it was.

  --all                every scenario on every carrier (about half an hour)
  --scenario <name>    only this one; may be given several times
  --carrier <name>     ${carriers.join(', ')}; without it those that the scenarios need
  --instances <n>      of the product (2)
  --citizens <n>       on their way at the same time (6)
  --seconds <n>        how long a fault lasts where its scenario does not say (8)
  --json <file>        the report for programs
  --list               names the scenarios
`;

/** Before the fault and after its end. */
const USUAL_MS = 3000;
const AFTERWARDS_MS = 6000;

const { values: given } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    scenario: { type: 'string', multiple: true, default: [] },
    carrier: { type: 'string' },
    instances: { type: 'string', default: '2' },
    citizens: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '8' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function run(world: World, scenario: Scenario, known: Citizen[]): Promise<Outcome> {
  const seconds = scenario.seconds ?? Number(given.seconds);
  const crowd = gather(world, known, Number(given.citizens));
  await pause(USUAL_MS);
  const undo = await scenario.inject(world);
  await pause(seconds * 1000);
  await undo();
  const over = Date.now();
  await pause(AFTERWARDS_MS);
  await crowd.disperse();
  return judge(
    {
      scenario: scenario.name,
      carrier: world.carrier,
      injected: scenario.about,
      seconds,
      findings: await examine(world, crowd.ledger),
    },
    crowd.ledger,
    over,
  );
}

/** Which scenarios run on which carrier: each once where nothing more is asked for. */
function plan(): readonly (readonly [Carrier, readonly Scenario[]])[] {
  const unknown = given.scenario.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  const carrier = carriers.find((name) => name === given.carrier);
  if (unknown.length > 0) throw new Error(`no scenario ${unknown.join(', ')}; see --list`);
  if (given.carrier !== undefined && carrier === undefined)
    throw new Error(`no carrier ${given.carrier}: ${carriers.join(', ')}`);

  const chosen = scenarios.filter(
    ({ name, quick }) => given.all || (given.scenario.length > 0 ? given.scenario.includes(name) : quick === true),
  );
  const done = new Set<Scenario>();
  return (carrier === undefined ? carriers : [carrier]).map((one) => {
    const here = chosen.filter((scenario) => fits(scenario, one) && (given.all || !done.has(scenario)));
    for (const scenario of here) done.add(scenario);
    return [one, here] as const;
  });
}

async function main(): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const [carrier, chosen] of plan()) {
    if (chosen.length === 0) continue;
    if (carrier !== 'postgres' && !hasRedis()) {
      console.error(
        `Redis is missing (apt-get install redis-tools, or REDIS_SERVER): ${chosen.map(({ name }) => name).join(', ')} SKIPPED.`,
      );
      continue;
    }
    const world = await createWorld({ carrier, instances: Number(given.instances) });
    // Ctrl-C leaves no process and no disk behind.
    const leave = (): void => void world.close().finally(() => process.exit(130));
    process.on('SIGINT', leave).on('SIGTERM', leave);
    try {
      console.log(`${given.instances} instances, state in ${carrier}; they log to ${world.logFile}\n`);
      const known: Citizen[] = [];
      for (const scenario of chosen) {
        const outcome = await run(world, scenario, known);
        outcomes.push(outcome);
        console.log(`${show(outcome)}\n`);
      }
    } finally {
      process.off('SIGINT', leave).off('SIGTERM', leave);
      await world.close();
    }
  }
  if (given.json !== undefined) await writeFile(given.json, `${JSON.stringify(outcomes, undefined, 2)}\n`);
  const failed = outcomes.filter(({ ok }) => !ok);
  console.log(
    `${outcomes.length - failed.length} of ${outcomes.length} scenarios survived${failed.length > 0 ? `; not ${failed.map(({ scenario, carrier }) => `${scenario} (${carrier})`).join(', ')}` : ''}.`,
  );
  process.exitCode = failed.length > 0 ? 1 : 0;
}

if (given.help) console.log(USAGE);
else if (given.list)
  for (const { name, about, carriers: on } of scenarios)
    console.log(`${name.padEnd(20)} ${about}${on === undefined ? '' : ` (${on.join(', ')})`}`);
else await main();
