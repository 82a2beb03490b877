import { parseArgs } from 'node:util';

export type SetUp = 'embedded' | 'postgres' | 'redis';

export interface Options {
  /** Names of scenarios; empty takes all. */
  readonly scenarios: readonly string[];
  readonly setUps: readonly SetUp[];
  readonly instances: readonly number[];
  readonly users: readonly number[];
  readonly accounts: number;
  /** Length of a batch, in seconds. */
  readonly seconds: number;
  readonly rounds: number;
  readonly out: string;
  /** Writes a profile of each server of the product here. */
  readonly profile: string | undefined;
  readonly yardsticks: boolean;
  /** Whether to say what the memory of each process is made of. */
  readonly memory: boolean;
  /** Another checkout of the product, to be measured in turns with this one. */
  readonly against: string | undefined;
  readonly list: boolean;
}

export const USAGE = `npm run bench -- [options]

  --scenario a,b       which scenarios (--list names them; default: all)
  --setup redis        embedded, postgres, redis; several with commas
  --instances 1        1, 2, …; several with commas
  --users 16           virtual users; several with commas, for instance 1,16,128
  --accounts 1000      accounts in the database, for instance 1000000
  --seconds 1.5        length of a batch
  --rounds 5           batches of each target, in turns
  --no-yardsticks      the product alone
  --against DIR        in turns with the product of another checkout, called former; it is filled by this one, so both need the same tables
  --memory             what the memory of each process is made of, after each scenario
  --profile DIR        a processor profile of each server of the product
  --out FILE           where the figures go as JSON (default: bench-result.json)
`;

const SET_UPS: readonly string[] = ['embedded', 'postgres', 'redis'];

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} must be a number above zero, not "${text}"`);
  return value;
}

const several = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** @throws {Error} with what is wrong, in words. */
export function readOptions(args: readonly string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: '' },
      setup: { type: 'string', default: 'redis' },
      instances: { type: 'string', default: '1' },
      users: { type: 'string', default: '16' },
      accounts: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '1.5' },
      rounds: { type: 'string', default: '5' },
      'no-yardsticks': { type: 'boolean', default: false },
      against: { type: 'string' },
      memory: { type: 'boolean', default: false },
      profile: { type: 'string' },
      out: { type: 'string', default: 'bench-result.json' },
      list: { type: 'boolean', default: false },
    },
  });
  const scenarios = several(values.scenario);
  const strangers = scenarios.filter((name) => !known.includes(name));
  if (strangers.length > 0) throw new Error(`no scenario ${strangers.join(', ')}; there are ${known.join(', ')}`);
  const setUps = several(values.setup);
  const wrong = setUps.filter((name) => !SET_UPS.includes(name));
  if (wrong.length > 0 || setUps.length === 0)
    throw new Error(`no set-up "${wrong.join(', ')}"; there are ${SET_UPS.join(', ')}`);
  const counts = (name: 'instances' | 'users'): number[] =>
    several(values[name]).map((text) => Math.round(positive(name, text)));
  return {
    scenarios,
    setUps: setUps as SetUp[],
    instances: counts('instances'),
    users: counts('users'),
    accounts: Math.round(positive('accounts', values.accounts)),
    seconds: positive('seconds', values.seconds),
    rounds: Math.round(positive('rounds', values.rounds)),
    out: values.out,
    profile: values.profile,
    yardsticks: !values['no-yardsticks'],
    against: values.against,
    memory: values.memory,
    list: values.list,
  };
}
