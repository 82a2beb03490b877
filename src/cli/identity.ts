import type { Command } from 'commander';
import { createWaits, type WaitRefusal } from '../admin/accounts/waits.ts';
import type { Core } from '../core.ts';
import { parseIdentifier } from '../domain/identifier.ts';
import type { Nik } from '../domain/nik.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { presentReading, tellReading, toReason } from './codes.ts';
import { withCore } from './open.ts';
import { readPersonal } from './read-personal.ts';
import { print, Refused, showRecord } from './terminal.ts';

async function toNik(given: string, { config, clock }: Core): Promise<Sensitive<Nik>> {
  const { identifier } = parseIdentifier(await readPersonal(given), config.identity, clock.now());
  const found = identifier?.reveal();
  if (found?.kind !== 'nik') throw new Refused('the NIK is refused: sixteen digits, as they stand on a KTP');
  return sensitive(found.value);
}

async function show(given: string, _flags: object, command: Command): Promise<void> {
  const { failed, asked, canBeEnded } = await withCore(async (core) =>
    createWaits(core).standingOf(await toNik(given, core)),
  );
  const waits = failed.exhausted || asked.exhausted;
  print(
    command,
    { waits, failed: presentReading(failed), asked: presentReading(asked), can_be_allowed: canBeEnded },
    () =>
      showRecord({
        waits: waits ? 'yes' : 'no',
        'not confirmed': tellReading(failed),
        'asked in all': tellReading(asked),
        'can be allowed today': canBeEnded ? 'yes' : 'no',
      }),
  );
}

const refused = (refusal: WaitRefusal): Refused =>
  new Refused(
    refusal.reason === 'ended-before'
      ? `the wait of this NIK was ended today already (limits.waitsEnded); the next time after ${refusal.until.toISOString()}`
      : 'nothing holds this NIK up',
  );

async function allow(given: string, flags: { readonly reason: string }, command: Command): Promise<void> {
  const reason = toReason(flags.reason);
  const ended = await withCore(async (core) =>
    createWaits(core).end(
      (await toNik(given, core)).map((value) => ({ kind: 'nik', value }) as const),
      reason,
      { kind: 'command-line' },
    ),
  );
  if (!ended.ok) throw refused(ended.refusal);
  print(command, { allowed: true }, () => 'The NIK can be tried again.');
}

/** Why a NIK is not asked about at the civil registry, and letting it be tried again. */
export function addIdentityCommands(program: Command): void {
  const identity = program
    .command('identity')
    .description('tries at registration: why a NIK has to wait, and letting it be tried again');
  identity
    .command('show <nik>')
    .description('how often the civil registry was asked about a NIK today; - reads it from standard input')
    .action(show);
  identity
    .command('allow <nik>')
    .description(
      'end the wait of a NIK that was tried wrongly too often, after a word with its person; once a day. - reads it from standard input',
    )
    .requiredOption('--reason <text>', 'why, for the audit log; without anybody’s data')
    .action(allow);
}
