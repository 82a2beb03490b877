import type { Command } from 'commander';
import { createInitialTokens, type InitialTokenRefusal } from '../admin/clients/registration/tokens.ts';
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

const present = ({ id, team, most, handedBy, used, createdAt, expiresAt, revokedAt }: InitialToken): Record<string, unknown> => ({
  id,
  team,
  max: most,
  ...(handedBy === undefined ? {} : { handed_by: handedBy }),
  used,
  created_at: createdAt.toISOString(),
  expires_at: expiresAt.toISOString(),
  ...(revokedAt === undefined ? {} : { revoked_at: revokedAt.toISOString() }),
});

/** Tokens by which approved teams register their clients as drafts (RFC 7591). */
export function addInitialTokenCommands(client: Command): void {
  client
    .command('initial-token')
    .description('let an approved team register clients by itself, as drafts; the token is shown this once')
    .requiredOption('--team <name>', 'who gets it')
    .requiredOption('--expires <days>', 'how long it is good, 1 to 90', Number)
    .requiredOption('--max <clients>', 'how many clients, 1 to 100', Number)
    .option('--handed-by <sub>', 'the operator who hands it over, by their account id: they approve nothing that comes by it')
    .action(async ({ team, expires, max, handedBy }: { team: string; expires: number; max: number; handedBy?: string }, command: Command) => {
      const made = await withCore((core) => createInitialTokens(core).make({ team, days: expires, most: max, handedBy }));
      if (!made.ok) throw new Refused(reasons[made.refusal]);
      const shown = { ...present(made.value.token), initial_access_token: made.value.value.reveal() };
      print(command, shown, () => showRecord(shown));
      remark('Keep the token now: it is not shown again.');
      if (handedBy === undefined) remark('Whoever hands it over could approve what comes by it: name them by --handed-by.');
    });

  client
    .command('initial-tokens')
    .description('who may register clients, and how many they have registered')
    .action(async (_flags: object, command: Command) => {
      const all = await withCore((core) => createInitialTokens(core).list());
      print(command, all.map(present), () => showRows(all.map(({ id, team, used, most, expiresAt, revokedAt }) => [id, team, `${used}/${most}`, revokedAt === undefined ? `until ${expiresAt.toISOString()}` : 'revoked'])));
    });

  client
    .command('revoke-initial-token <id>')
    .description('the team registers nothing more by it, and manages nothing that it registered')
    .action(async (id: string, _flags: object, command: Command) => {
      if (!(await withCore((core) => createInitialTokens(core).revoke(id)))) throw new Refused(`there is no initial token ${id} to revoke`);
      print(command, { id, revoked: true }, () => `${id} revoked`);
    });
}
