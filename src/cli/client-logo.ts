import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { toStored } from '../admin/clients/logo/service.ts';
import type { ClientService } from '../admin/clients/service.ts';
import type { Core } from '../core.ts';
import { LOGO_BYTES } from '../domain/logo/logo.ts';
import { sentences } from '../web/i18n.ts';
import { withCore } from './open.ts';
import { misuse, print, Refused } from './terminal.ts';

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Refused(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** @param open  the service that writes registrations; see `clients.ts`. */
export function addClientLogoCommand(
  client: Command,
  open: (core: Core) => Promise<Pick<ClientService, 'update' | 'find'>>,
): void {
  client
    .command('logo <id> [file]')
    .description(
      `store a logo and use it at once: PNG, JPEG or WebP, ${LOGO_BYTES / 1024} KB and 1024 × 1024 pixels at most`,
    )
    .option('--remove', 'take the logo away')
    .action(async (id: string, file: string | undefined, flags: { readonly remove?: boolean }, command: Command) => {
      if ((file === undefined) !== (flags.remove === true)) misuse(command, 'either a file or --remove');
      const bytes = file === undefined ? undefined : await read(file);
      const logo = await withCore(async (core) => {
        const clients = await open(core);
        if ((await clients.find(id)) === undefined) throw new Refused(`there is no client ${id}`);
        const stored = bytes === undefined ? undefined : toStored(bytes);
        if (stored?.ok === false)
          throw new Refused(sentences.en.get(`admin.clients.logo.refusal.${stored.refusal}`) ?? stored.refusal);
        const updated = await clients.update(id, { logo: stored?.value.name }, { picture: stored?.value });
        if (!updated.ok) throw new Refused(`client ${id} was not changed: ${updated.refusal.reason}`);
        return stored?.value.name;
      });
      print(command, { client_id: id, ...(logo === undefined ? {} : { logo }) }, () =>
        logo === undefined ? `${id} has no logo` : `${id} ${logo}`,
      );
    });
}
