import type { Command } from 'commander';
import { examine } from './checks.ts';
import { print, Refused, showRows } from './terminal.ts';

const marks = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at settings, machine, keys, database, Redis, clock, civil registry, SMS, mail, and at the public address: certificate and proxies',
    )
    .action(async (_flags: object, command: Command) => {
      const findings = await examine();
      const failures = findings.filter(({ state }) => state === 'fail');
      print(command, { healthy: failures.length === 0, findings }, () =>
        showRows(
          findings.map(({ state, check, what, remedy }) => [
            marks[state],
            check,
            remedy === undefined ? what : `${what}. To do: ${remedy}`,
          ]),
        ),
      );
      if (failures.length > 0)
        throw new Refused(`not well: ${[...new Set(failures.map(({ check }) => check))].join(', ')}`);
    });
}
