import { Command, CommanderError } from 'commander';
import { addAccountCommands } from './accounts.ts';
import { addApiCommands } from './apis.ts';
import { addAuditCommands } from './audit.ts';
import { addClientCommands } from './clients.ts';
import { addCodeCommands } from './codes.ts';
import { addDoctor } from './doctor.ts';
import { addIdentityCommands } from './identity.ts';
import { addKeyCommands } from './keys.ts';
import { addKeyringCommands } from './keyring.ts';
import { addOperatorCommands } from './operators.ts';
import { addJobCommands } from './jobs.ts';
import { addLogoutCommands } from './logouts.ts';
import { Refused } from './terminal.ts';
import { addUpkeepCommands } from './upkeep.ts';

const DONE = 0;
const REFUSED = 1;
const WRONG_USAGE = 2;

/** The whole command line; nothing is run by it yet. */
export function createProgram(): Command {
  const program = new Command('sso')
    .description('The operator’s command line of SIAPkerja SSO. Works while the server runs and when it does not.')
    .option('--json', 'print one JSON document on standard output, and nothing else there')
    .exitOverride()
    .showHelpAfterError('(--help tells more)');
  addUpkeepCommands(program);
  addDoctor(program);
  addClientCommands(program);
  addApiCommands(program);
  addAccountCommands(program);
  addOperatorCommands(program);
  addCodeCommands(program);
  addIdentityCommands(program);
  addLogoutCommands(program);
  addJobCommands(program);
  addKeyCommands(program);
  addKeyringCommands(program);
  addAuditCommands(program);
  return program;
}

/** An exception's message is written for people; the stack is for whoever looks for a defect. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as { code?: unknown }).code === 'SEAL_BROKEN')
    return `${error.message}; doctor tells whether this is the keyring that the database was filled with`;
  return error instanceof Refused || process.env.LOG_LEVEL !== 'debug' ? error.message : (error.stack ?? error.message);
}

/** A thumbprint, by which keys are called; one of 64 begins as an option does. */
const DASHED_ID = /^-[\w-]{42}$/;

/**
 * With such ids where no option is looked for: nobody who copies one from a list should have to know of `--`. Who does
 * is left alone.
 */
function withIdsLast(args: readonly string[]): readonly string[] {
  const isId = (arg: string): boolean => DASHED_ID.test(arg);
  return args.some(isId) && !args.includes('--')
    ? [...args.filter((arg) => !isId(arg)), '--', ...args.filter(isId)]
    : args;
}

/**
 * Runs one command line.
 * @returns the exit code: 0 done, 1 refused or failed (the reason is on standard error), 2 wrong usage.
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(withIdsLast(args), { from: 'user' });
    return DONE;
  } catch (error) {
    // Commander has said what is wrong already, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.code === 'commander.helpDisplayed' ? DONE : WRONG_USAGE;
    process.stderr.write(`${explain(error)}\n`);
    return REFUSED;
  }
}
