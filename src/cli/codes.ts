import { Option, type Command } from 'commander';
import { createAccountService } from '../admin/accounts/service.ts';
import { parseReason, type Reason } from '../domain/operator.ts';
import { operators, parsePhone, type Operator, type Phone } from '../domain/phone.ts';
import { counted } from '../domain/plural.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { createCodeDesk, type Numbers } from '../messages/code-desk.ts';
import type { Reading } from '../ports/counters/counters.ts';
import { toKey } from './accounts.ts';
import { withCore } from './open.ts';
import { readPersonal } from './read-personal.ts';
import { misuse, print, Refused, showRecord } from './terminal.ts';

interface AllowFlags {
  readonly operator?: Operator;
  readonly all?: boolean;
  readonly reason: string;
}

async function toPhone(given: string): Promise<Sensitive<Phone>> {
  const phone = parsePhone(await readPersonal(given));
  if (!phone.ok) throw new Refused('the number is refused: a mobile number of Indonesia, as 081234567890');
  return sensitive(phone.value);
}

export function toReason(text: string): Reason {
  const reason = parseReason(text);
  if (!reason.ok)
    throw new Refused('reason is refused: from 10 to 300 characters, without numbers or addresses of a person');
  return reason.value;
}

export const presentReading = ({ used, left, exhausted, resetsAt }: Reading): Record<string, unknown> => ({
  used,
  left,
  exhausted,
  ...(resetsAt === undefined ? {} : { resets_at: resetsAt.toISOString() }),
});
export const tellReading = ({ used, left, resetsAt }: Reading): string =>
  `${used} of ${used + left}${resetsAt === undefined ? '' : `, until ${resetsAt.toISOString()}`}`;

async function show(number: string, _flags: object, command: Command): Promise<void> {
  const phone = await toPhone(number);
  const { operator, sent, undelivered } = await withCore((core) => createCodeDesk(core).standingOf(phone));
  const sends = !sent.exhausted && !undelivered.exhausted;
  print(command, { operator, sends, sent: presentReading(sent), undelivered: presentReading(undelivered) }, () =>
    showRecord({
      operator,
      'codes go there': sends ? 'yes' : 'no',
      'sent today': tellReading(sent),
      'not delivered': tellReading(undelivered),
    }),
  );
}

async function allow(
  number: string | undefined,
  { operator, all = false, reason: given }: AllowFlags,
  command: Command,
): Promise<void> {
  if ([number !== undefined, operator !== undefined, all].filter(Boolean).length !== 1)
    misuse(command, 'one of a number, --operator and --all');
  const reason = toReason(given);
  const phone = number === undefined ? undefined : await toPhone(number);
  const cleared = await withCore(async (core) => {
    const numbers: Numbers =
      phone !== undefined
        ? { phone, accountId: (await createAccountService(core).find(toKey(phone.reveal(), core)))?.id }
        : operator === undefined
          ? 'all'
          : { operator };
    return createCodeDesk(core).allow(numbers, reason, { kind: 'command-line' });
  });
  print(
    command,
    { numbers: cleared },
    () =>
      `Codes go again to ${cleared === 1 ? 'one number' : counted(cleared, 'number')} on which something was counted.`,
  );
}

/** Why a number gets no codes, and letting it have them again. */
export function addCodeCommands(program: Command): void {
  const codes = program
    .command('codes')
    .description('codes by SMS: why a number gets none, and letting it have them again');
  codes
    .command('show <number>')
    .description(
      'how many were sent to a number today, and how many the gateway reported as not delivered; - reads the number from standard input',
    )
    .action(show);
  codes
    .command('allow [number]')
    .description(
      'begin the day anew for a number, or after an outage for all of one telephone operator; other limits stay. - reads the number from standard input',
    )
    .addOption(new Option('--operator <name>', 'for all numbers of one telephone operator').choices(operators))
    .option('--all', 'for all numbers')
    .requiredOption('--reason <text>', 'why, for the audit log; without anybody’s data')
    .action(allow);
}
