import type { Command } from 'commander';
import { byKind, menders, type ClientError } from '../domain/client-error.ts';
import { sentences } from '../web/i18n.ts';
import { withCore } from './open.ts';
import { print, Refused, showRecord } from './terminal.ts';

const say = (key: string): string => sentences.en.get(`admin.clients.errors.${key}`) ?? key;

const present = ({
  kind,
  error,
  fault,
  count,
  firstAt,
  lastAt,
  helpCodes,
  address,
}: ClientError): Record<string, unknown> => ({
  request: kind,
  error,
  means: say(`fault.${fault}.means`),
  remedy: say(`fault.${fault}.mend`),
  who: menders[fault],
  count,
  first_at: firstAt.toISOString(),
  last_at: lastAt.toISOString(),
  help_codes: helpCodes,
  ...(address === undefined ? {} : { address }),
});

export function addClientErrorsCommand(client: Command): void {
  client
    .command('errors <id>')
    .description(
      'what was refused to a client in the last 14 days, with the remedy; anybody can cause errors in its name',
    )
    .action(async (id: string, _flags: object, command: Command) => {
      const errors = await withCore(async ({ store }) => {
        if ((await store.clients.find(id)) === undefined) throw new Refused(`there is no client ${id}`);
        return byKind(await store.clientErrors.of(id));
      });
      const presented = errors.map(present);
      print(command, presented, () =>
        presented.length === 0 ? 'There are none.' : presented.map(showRecord).join('\n\n'),
      );
    });
}
