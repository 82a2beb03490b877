import { Argument, type Command } from 'commander';
import { createAccountService } from '../admin/accounts/service.ts';
import { createOperatorService, type Operator, type OperatorRefusal } from '../admin/operators/service.ts';
import { maskName } from '../domain/mask.ts';
import { roles, type Role } from '../domain/operator.ts';
import { toKey } from './accounts.ts';
import { withCore } from './open.ts';
import { print, Refused, showRows } from './terminal.ts';

const reasons: Readonly<Record<OperatorRefusal, string>> = {
  'own-account': 'nobody changes their own roles',
  'account-suspended': 'the account is suspended',
  'role-held': 'the account holds the role already',
  'role-not-held': 'the account does not hold the role',
};

const present = ({ account, grants }: Operator): Record<string, unknown> => ({
  sub: account.id,
  name_masked: maskName(account.name.reveal()),
  status: account.status,
  roles: grants.map(({ role, grantedBy, grantedAt }) => ({
    role,
    granted_by: grantedBy,
    granted_at: grantedAt.toISOString(),
  })),
});

/** Whoever has the command line has the keys as well: it is where the first operator comes from. */
export function addOperatorCommands(program: Command): void {
  const operator = program.command('operator').description('who may use the console, and for what');

  for (const [verb, description] of [
    ['grant', 'give a role; the person signs in to the console with their own account'],
    ['revoke', 'take a role away, at once'],
  ] as const) {
    operator
      .command(`${verb} <who>`)
      .addArgument(new Argument('<role>', 'what for').choices(roles))
      .description(description)
      .action(async (who: string, role: Role, _flags: object, command: Command) => {
        const sub = await withCore(async (core) => {
          const account = await createAccountService(core).find(toKey(who, core));
          if (account === undefined)
            throw new Refused('there is no such account; an operator registers first, as any citizen does');
          const done = await createOperatorService(core)[verb](account, role, { kind: 'command-line' });
          if (!done.ok) throw new Refused(reasons[done.refusal]);
          return account.id;
        });
        print(
          command,
          { sub, role, held: verb === 'grant' },
          () => `${sub} ${verb === 'grant' ? 'is now' : 'is no longer'} ${role}`,
        );
      });
  }

  operator
    .command('list')
    .description('who holds which role')
    .action(async (_flags: object, command: Command) => {
      const found = await withCore((core) => createOperatorService(core).list());
      print(command, found.map(present), () =>
        showRows(
          found.map(({ account, grants }) => [
            account.id,
            maskName(account.name.reveal()),
            account.status,
            grants.map(({ role }) => role).join(' '),
          ]),
        ),
      );
    });
}
