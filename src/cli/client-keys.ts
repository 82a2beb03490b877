import type { Command } from 'commander';
import { createClientKeys, type RegisteredKey } from '../admin/clients/keys/service.ts';
import { COMMAND_LINE } from '../admin/clients/versions.ts';
import { parseDays } from './client-secrets.ts';
import { accept, present } from './client-words.ts';
import { withCore } from './open.ts';
import { print, Refused, showRecord } from './terminal.ts';

const DAY = 86_400;

const presentKey = ({
  thumbprint,
  key: { kid, kty, use },
  isLive,
  since,
  endsAt,
}: RegisteredKey): Record<string, unknown> => ({
  thumbprint,
  kid: kid ?? null,
  kty,
  use: use ?? null,
  live: isLive,
  in_effect_since: since?.toISOString() ?? null,
  expires_at: endsAt?.toISOString() ?? null,
});

/** `client keys` and `client end-key`. */
export function addKeyCommands(client: Command): void {
  client
    .command('keys <id>')
    .description('the keys in the registration of a client, with their age and end')
    .action(async (id: string, _flags: object, command: Command) => {
      const keys = await withCore(async (core) => {
        const found = await core.store.clients.find(id);
        if (found === undefined) throw new Refused(`there is no client ${id}`);
        return createClientKeys(core).list(found);
      });
      const presented = keys.map(presentKey);
      print(command, presented, () =>
        presented.length === 0 ? 'There are none.' : presented.map(showRecord).join('\n\n'),
      );
    });

  client
    .command('end-key <id> <thumbprint>')
    .description('end one of several keys of a client, at once or --after some days')
    .option('--after <days>', 'how long it stays good', parseDays, 0)
    .action(async (id: string, thumbprint: string, { after }: { after: number }, command: Command) => {
      const ended = await withCore(async (core) =>
        accept(await createClientKeys(core).end(id, thumbprint, { afterSeconds: after * DAY }, { hand: COMMAND_LINE })),
      );
      print(command, present(ended), () => showRecord(present(ended)));
    });
}
