import type { Command } from 'commander';
import { createInitialTokens, type InitialTokenRefusal } from '../admin/clients/registration/tokens.ts';
import { parseReason, type Reason } from '../domain/operator.ts';
import type { InitialToken } from '../store/registration-tokens.ts';
import { withCore } from './open.ts';
import { print, Refused, remark, showRecord, showRows } from './terminal.ts';

const reasons: Readonly<Record<InitialTokenRefusal, string>> = {
  team: 'team is refused: a name of 3 to 100 characters',
  days: 'expires is refused: 1 to 90 days',
  most: 'max is refused: 1 to 100 clients',
  operator: 'handed-by is refused: it is no account id (sub)',
  taken: 'there is a token of that id',
};

const present = ({
  id,
  team,
  most,
  handedBy,
  used,
  createdAt,
  expiresAt,
  revokedAt,
}: InitialToken): Record<string, unknown> => ({
  id,
  team,
  max: most,
  ...(handedBy === undefined ? {} : { handed_by: handedBy }),
  used,
  created_at: createdAt.toISOString(),
  expires_at: expiresAt.toISOString(),
  ...(revokedAt === undefined ? {} : { revoked_at: revokedAt.toISOString() }),
});

interface Flags {
  readonly team: string;
  readonly expires: number;
  readonly max: number;
  readonly handedBy?: string;
  readonly unnamed?: string;
}

/**
 * Who hands a token over may hold it too, and what comes by it is reviewed: a token of nobody's would let one person
 * propose and approve. So somebody is named or, where there is nobody to name, it is said why.
 */
function readUnnamed({ handedBy, unnamed }: Flags, isProduction: boolean): Reason | undefined {
  if (handedBy !== undefined && unnamed !== undefined) throw new Refused('give --handed-by or --unnamed, not both');
  if (unnamed === undefined) {
    if (handedBy === undefined && isProduction)
      throw new Refused('name who hands it over by --handed-by, or say by --unnamed why nobody can be named');
    return undefined;
  }
  const reason = parseReason(unnamed);
  if (!reason.ok)
    throw new Refused('the reason must have 10 to 300 characters, without a number or address of a person');
  return reason.value;
}

/** Tokens by which approved teams register their clients as drafts (RFC 7591). */
export function addInitialTokenCommands(client: Command): void {
  client
    .command('initial-token')
    .description('let an approved team register clients by itself, as drafts; the token is shown this once')
    .requiredOption('--team <name>', 'who gets it')
    .requiredOption('--expires <days>', 'how long it is good, 1 to 90', Number)
    .requiredOption('--max <clients>', 'how many clients, 1 to 100', Number)
    .option(
      '--handed-by <sub>',
      'the operator who hands it over, by their account id: they approve nothing that comes by it (required in production)',
    )
    .option('--unnamed <reason>', 'instead of a name, in an emergency: why there is none; it stays in the audit log')
    .action(async (flags: Flags, command: Command) => {
      const { team, expires, max, handedBy } = flags;
      const made = await withCore((core) =>
        createInitialTokens(core).make({
          team,
          days: expires,
          most: max,
          handedBy,
          unnamed: readUnnamed(flags, core.config.environment === 'production'),
        }),
      );
      if (!made.ok) throw new Refused(reasons[made.refusal]);
      const shown = { ...present(made.value.token), initial_access_token: made.value.value.reveal() };
      print(command, shown, () => showRecord(shown));
      remark('Keep the token now: it is not shown again.');
      if (handedBy === undefined)
        remark('Whoever hands it over could approve what comes by it: name them by --handed-by.');
    });

  client
    .command('initial-tokens')
    .description('who may register clients, and how many they have registered')
    .action(async (_flags: object, command: Command) => {
      const all = await withCore((core) => createInitialTokens(core).list());
      print(command, all.map(present), () =>
        showRows(
          all.map(({ id, team, used, most, expiresAt, revokedAt }) => [
            id,
            team,
            `${used}/${most}`,
            revokedAt === undefined ? `until ${expiresAt.toISOString()}` : 'revoked',
          ]),
        ),
      );
    });

  client
    .command('revoke-initial-token <id>')
    .description('the team registers nothing more by it, and manages nothing that it registered')
    .action(async (id: string, _flags: object, command: Command) => {
      if (!(await withCore((core) => createInitialTokens(core).revoke(id))))
        throw new Refused(`there is no initial token ${id} to revoke`);
      print(command, { id, revoked: true }, () => `${id} revoked`);
    });
}
