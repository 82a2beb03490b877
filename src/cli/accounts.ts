import { Option, type Command } from 'commander';
import { LEGACY_ID } from '../admin/accounts/former-line.ts';
import { parsePerson } from '../admin/accounts/forms.ts';
import { present, presentFormer } from '../admin/accounts/present.ts';
import { createAccountService, type AccountKey, type CreateAccountRefusal } from '../admin/accounts/service.ts';
import type { Core } from '../core.ts';
import { demandOwnDatabase } from '../dev/whose-database.ts';
import type { AccountStatus } from '../domain/account.ts';
import { DEFAULT_LOCALE, LOCALES, type Locale } from '../domain/locale.ts';
import { parseIdentifier } from '../domain/identifier.ts';
import { parseReason } from '../domain/operator.ts';
import { addAccountImport } from './account-import.ts';
import { withCore } from './open.ts';
import { print, Refused, showRecord } from './terminal.ts';

interface CreateFlags {
  readonly nik: string;
  readonly name: string;
  readonly email?: string;
  readonly phone?: string;
  readonly password: string;
  readonly locale: Locale;
  readonly legacyId?: string;
}

const reasons: Readonly<Record<CreateAccountRefusal, string>> = {
  'nik-taken': 'nik has an account already',
  'email-taken': 'email is the proved address of another account',
  'phone-taken': 'phone is the proved number of another account',
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function toKey(text: string, { config, clock }: Core): AccountKey {
  const { identifier } = parseIdentifier(text, config.identity, clock.now());
  return identifier === undefined ? { sub: text } : { identifier };
}

async function create(flags: CreateFlags, command: Command): Promise<void> {
  const account = await withCore(async (core) => {
    if (core.config.environment === 'production')
      throw new Refused('in production people register themselves: nobody else has proved who they are');
    // Before the first start it says what the database is for; and an account of nobody does not come among real ones.
    await demandOwnDatabase(core);
    const person = parsePerson(flags, core.config, core.clock.now());
    if (!person.ok)
      throw new Refused(
        person.refusal.map(({ field, refusals }) => `${field} is refused: ${refusals.join(', ')}`).join('\n'),
      );
    if (flags.legacyId !== undefined && !LEGACY_ID.test(flags.legacyId))
      throw new Refused('legacy-id is refused: 1 to 64 plain characters');
    if (flags.legacyId !== undefined && (await core.store.legacyIds.isTaken(flags.legacyId)))
      throw new Refused('legacy-id belongs to another account');
    const created = await createAccountService(core).create(person.value, 'operator');
    if (!created.ok) throw new Refused(reasons[created.refusal]);
    if (flags.legacyId !== undefined) await core.store.legacyIds.set(created.value.id, flags.legacyId);
    return created.value;
  });
  const presented = { ...present(account), ...(flags.legacyId === undefined ? {} : { legacy_id: flags.legacyId }) };
  print(command, presented, () => showRecord(presented));
}

const unknown = (): Refused => new Refused('there is no such account');

export function addAccountCommands(program: Command): void {
  const account = program.command('account').description('people’s accounts');

  account
    .command('create')
    .description('make an account without registering, for development and tests')
    .requiredOption('--nik <nik>', 'sixteen digits')
    .requiredOption('--name <name>', 'full name')
    .requiredOption('--password <password>', 'by the rules for new passwords')
    .option('--email <address>', 'counts as proved')
    .option('--phone <number>', 'mobile number, counts as proved')
    .option('--legacy-id <id>', 'the id that services know from the former interface')
    .addOption(new Option('--locale <locale>', 'language of messages').choices(LOCALES).default(DEFAULT_LOCALE))
    .action(create);
  addAccountImport(account);

  account
    .command('show <who>')
    .description(
      'one account, masked; by subject identifier, NIK, e-mail or mobile number. Or the record of a former system that waits for its person',
    )
    .option('--legacy-id', 'it is the id that services know from the former interface')
    .action(async (who: string, flags: { readonly legacyId?: boolean }, command: Command) => {
      const presented = await withCore(async (core) => {
        const { accounts, formerAccounts, legacyIds } = core.store;
        const isLegacy = flags.legacyId === true;
        const key = toKey(who, core);
        const owner = isLegacy ? await legacyIds.ownerOf(who) : undefined;
        const found = isLegacy ? owner && (await accounts.findById(owner)) : await createAccountService(core).find(key);
        if (found === undefined) {
          const waiting = isLegacy
            ? await formerAccounts.findByLegacyId(who)
            : 'identifier' in key
              ? await formerAccounts.findByIdentifier(key.identifier)
              : UUID.test(who)
                ? await formerAccounts.findById(who)
                : undefined;
          if (waiting === undefined) throw unknown();
          return presentFormer(waiting);
        }
        const legacyId = await core.store.legacyIds.of(found.id);
        return { ...present(found), ...(legacyId === undefined ? {} : { legacy_id: legacyId }) };
      });
      print(command, presented, () => showRecord(presented));
    });

  account
    .command('end-sessions <who>')
    .description('end all sessions of a person, with their tokens, and tell every service they have signed in to')
    .requiredOption('--reason <text>', 'why, for the audit log; without anybody’s data')
    .action(async (who: string, flags: { readonly reason: string }, command: Command) => {
      const reason = parseReason(flags.reason);
      if (!reason.ok)
        throw new Refused('reason is refused: from 10 to 300 characters, without numbers or addresses of a person');
      const ended = await withCore((core) => createAccountService(core).endSessions(toKey(who, core), reason.value));
      if (!ended.ok) throw unknown();
      print(command, present(ended.value), () => `${ended.value.id} sessions ended`);
    });

  account
    .command('remove-second-factor <who>')
    .description('for a person who has lost app and recovery codes, after a check of who they are; ends their sessions')
    .action(async (who: string, _flags: object, command: Command) => {
      const found = await withCore(async (core) => {
        const person = await createAccountService(core).find(toKey(who, core));
        if (person === undefined) throw unknown();
        const removed = await core.store.transaction(async (tx) => {
          if (!(await core.secondFactors.remove(tx, person.id, { by: 'operator' }))) return false;
          await tx.sessionEnds.endAll(person.id, 'ended-by-operator', core.clock.now());
          return true;
        });
        if (!removed) throw new Refused('the account has no second factor');
        return person;
      });
      print(command, present(found), () => `${found.id} has no second factor now`);
    });

  const statuses: readonly [string, AccountStatus, string][] = [
    ['suspend', 'suspended', 'keep a person out; all their sessions and tokens end, and services are told'],
    ['reinstate', 'active', 'let a suspended person in again'],
  ];
  for (const [name, status, description] of statuses) {
    account
      .command(`${name} <who>`)
      .description(description)
      .action(async (who: string, _flags: object, command: Command) => {
        const changed = await withCore((core) => createAccountService(core).setStatus(toKey(who, core), status));
        if (!changed.ok) throw unknown();
        print(command, present(changed.value), () => `${changed.value.id} ${status}`);
      });
  }
}
