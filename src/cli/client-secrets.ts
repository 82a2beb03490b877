import { InvalidArgumentError, type Command } from 'commander';
import { createClientSecrets, type ClientSecrets } from '../admin/clients/secrets/service.ts';
import { accept, present } from './client-words.ts';
import { withCore } from './open.ts';
import { print, remark, showRecord } from './terminal.ts';

const DAY = 86_400;
const HAND = { by: 'operator' };

const withSecrets = <T>(work: (secrets: ClientSecrets) => Promise<T>): Promise<T> =>
  withCore((core) => work(createClientSecrets(core)));

export function parseDays(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('a number of days is asked for, 0 to 9999.');
  return Number(text);
}

function parseNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('secrets are counted from 1; see client show.');
  return Number(text);
}

/** `client rotate-secret` and `client end-secret`. */
export function addSecretCommands(client: Command): void {
  client
    .command('rotate-secret <id>')
    .description('make a new secret, shown this once; the former one ends at once, or after --overlap')
    .option('--overlap <days>', 'how long the former one stays good beside it', parseDays, 0)
    .option('--lifetime <days>', 'after how long the new one ends by itself', parseDays)
    .action(async (id: string, { overlap, lifetime }: { overlap: number; lifetime?: number }, command: Command) => {
      const wish = {
        overlapSeconds: overlap * DAY,
        lifetimeSeconds: lifetime === undefined || lifetime === 0 ? undefined : lifetime * DAY,
      };
      const made = await withSecrets(async (secrets) => accept(await secrets.add(id, wish, HAND)));
      const presented = present(made.client, made.newSecret);
      print(command, presented, () => showRecord(presented));
      remark('Keep the secret now: it is not shown again.');
    });

  client
    .command('end-secret <id> <number>')
    .description('end one of two secrets at once')
    .action(async (id: string, number: string, _flags: object, command: Command) => {
      const ended = await withSecrets(async (secrets) => accept(await secrets.end(id, parseNumber(number), HAND)));
      print(command, present(ended), () => showRecord(present(ended)));
    });
}
