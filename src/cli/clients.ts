import { Option, type Command } from 'commander';
import { createClientService, type ClientService, type Registered } from '../admin/clients/service.ts';
import { createClientReview } from '../admin/clients/review.ts';
import { COMMAND_LINE } from '../admin/clients/versions.ts';
import type { Core } from '../core.ts';
import { clientTypes, type Client, type ClientType } from '../domain/client.ts';
import { parseReason } from '../domain/operator.ts';
import { addClientCheckCommand } from './client-checks.ts';
import { addClientErrorsCommand } from './client-errors.ts';
import { bridgeColumn, bridgeUses } from './bridge-uses.ts';
import { addClientLogoCommand } from './client-logo.ts';
import { addInitialTokenCommands } from './initial-tokens.ts';
import { addKeyCommands } from './client-keys.ts';
import { addSecretCommands } from './client-secrets.ts';
import { accept, present } from './client-words.ts';
import { withCore } from './open.ts';
import { readDocument } from './read-document.ts';
import { misuse, print, Refused, remark, showRecord, showRows } from './terminal.ts';

interface Flags {
  readonly name?: string;
  readonly type?: ClientType;
  readonly redirectUri?: readonly string[];
  readonly postLogoutRedirectUri?: readonly string[];
  readonly testRedirectUri?: readonly string[];
  readonly testPostLogoutRedirectUri?: readonly string[];
  readonly testBackchannelLogoutUri?: string;
  readonly scope?: string;
  readonly grantType?: readonly string[];
  readonly backchannelLogoutUri?: string;
  readonly clientUri?: string;
  readonly metadata?: string;
  readonly allowNik?: boolean;
  readonly operatedBy?: string;
}

const collect = (value: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  ...(value === '' ? [] : [value]),
];

const addMetadataOptions = (command: Command): Command =>
  command
    .option('--name <name>', 'what people read')
    .option('--redirect-uri <uri>', 'where the browser comes back to; may be given again', collect)
    .option('--post-logout-redirect-uri <uri>', 'where it goes after signing out; may be given again', collect)
    .option('--test-redirect-uri <uri>', 'the same at the sandbox, and there alone; may be given again', collect)
    .option(
      '--test-post-logout-redirect-uri <uri>',
      'where the sandbox sends it after signing out; may be given again',
      collect,
    )
    .option('--test-backchannel-logout-uri <uri>', 'where the sandbox tells that a session ended')
    .option('--scope <scopes>', 'what the client may ask for, parted by blanks')
    .option(
      '--grant-type <grant>',
      'how it gets tokens, where that is not the way of its type alone: refresh_token beside authorization_code, for instance; may be given again',
      collect,
    )
    .option('--backchannel-logout-uri <uri>', 'where the service is told that a session ended')
    .option('--client-uri <uri>', 'home page of the service')
    .option(
      '--metadata <file>',
      'RFC 7591 client metadata as JSON, from a file or - for standard input, instead of the flags above',
    )
    .option('--operated-by <sub>', 'the operator whom a machine acts for, by their account id')
    .option('--allow-nik', 'grant the scope nik, which needs a legal basis');

/** The flags that were given, by their names in the metadata; an empty one takes the member away. */
function toMembers({
  name,
  redirectUri,
  postLogoutRedirectUri,
  testRedirectUri,
  testPostLogoutRedirectUri,
  testBackchannelLogoutUri,
  scope,
  grantType,
  backchannelLogoutUri,
  clientUri,
  operatedBy,
}: Flags): Record<string, unknown> {
  const given: Record<string, unknown> = {
    client_name: name,
    redirect_uris: redirectUri,
    post_logout_redirect_uris: postLogoutRedirectUri,
    test_redirect_uris: testRedirectUri,
    test_post_logout_redirect_uris: testPostLogoutRedirectUri,
    test_backchannel_logout_uri: testBackchannelLogoutUri,
    scope,
    grant_types: grantType,
    backchannel_logout_uri: backchannelLogoutUri,
    client_uri: clientUri,
    operated_by: operatedBy,
  };
  return Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([member, value]) => [member, value === '' ? undefined : value]),
  );
}

function tellRemarks({ client, ignored, warnings }: Registered): void {
  if (ignored.length > 0) remark(`${client.id}: left out, for it means nothing here: ${ignored.join(', ')}`);
  for (const { field, what } of warnings) remark(`${client.id}: ${field} ${what}`);
}

/** The judgement of the protocol needs the protocol: loaded only where a registration is written. */
async function createService(core: Core, writes: boolean): Promise<ClientService> {
  if (!writes) return createClientService({ ...core, check: () => 'nothing is written here' });
  const { createStandaloneCheck } = await import('./client-check.ts');
  return createClientService({ ...core, check: await createStandaloneCheck(core) });
}

/** Whoever has the machine in hand needs nobody, nor the integration check; what they do stands in the history. */
async function approve(core: Core, id: string, text: string): Promise<Client> {
  const reason = parseReason(text);
  if (!reason.ok)
    throw new Refused('the reason must have 10 to 300 characters, without a number or address of a person');
  const { createStandaloneCheck } = await import('./client-check.ts');
  const check = await createStandaloneCheck(core);
  const review = createClientReview({
    ...core,
    check,
    clients: createClientService({ ...core, check }),
    hasPassedCheck: () => Promise.resolve(false),
  });
  const open = await core.store.clientVersions.findOpen(id);
  if (open === undefined) throw new Refused(`nothing of client ${id} waits for approval`);
  return accept(await review.approve(id, open, { hand: COMMAND_LINE, note: reason.value }));
}

const withClients = <T>(work: (clients: ClientService) => Promise<T>, writes = false): Promise<T> =>
  withCore(async (core) => work(await createService(core, writes)));

async function create(flags: Flags, command: Command): Promise<void> {
  const members = toMembers(flags);
  if (flags.metadata !== undefined && Object.keys(members).length > 0)
    misuse(command, '--metadata stands instead of the other flags: put them into the document');
  if (flags.metadata === undefined && flags.name === undefined) misuse(command, '--name is missing (or --metadata)');
  if (flags.metadata === undefined && flags.type === undefined) misuse(command, '--type is missing (or --metadata)');
  const document = flags.metadata === undefined ? members : await readDocument(flags.metadata);
  const documents: readonly unknown[] = Array.isArray(document) ? document : [document];
  const { type, allowNik } = flags;

  // Whoever registers here needs no second operator; that the service is of the house is written out and shown.
  const registered = await withClients(
    async (clients) =>
      accept(await clients.create(documents.map((one) => ({ document: one, type, allowNik, firstParty: true })))),
    true,
  );
  registered.forEach(tellRemarks);
  const presented = registered.map(({ client, newSecret }) => present(client, newSecret));
  print(command, Array.isArray(document) ? presented : presented[0], () => presented.map(showRecord).join('\n\n'));
  if (registered.some(({ newSecret }) => newSecret !== undefined))
    remark('Keep the secret now: it is not shown again.');
}

async function update(id: string, flags: Flags, command: Command): Promise<void> {
  const members = toMembers(flags);
  if (flags.metadata !== undefined && Object.keys(members).length > 0)
    misuse(command, '--metadata stands instead of the other flags: put them into the document');
  const changes = flags.metadata === undefined ? members : await readDocument(flags.metadata);
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes))
    throw new Refused('the metadata of one client are one JSON object');
  if (Object.keys(changes).length === 0) misuse(command, 'nothing to change was given');
  const updated = await withClients(
    async (clients) => accept(await clients.update(id, { ...changes }, { allowNik: flags.allowNik })),
    true,
  );
  tellRemarks(updated);
  const presented = present(updated.client, updated.newSecret);
  print(command, presented, () => showRecord(presented));
}

export function addClientCommands(program: Command): void {
  const client = program.command('client').description('client applications: the services that people sign in to');

  addMetadataOptions(client.command('create'))
    .description('register a client; its secret is shown this once')
    .addOption(
      new Option(
        '--type <type>',
        'web keeps a secret on a server; spa and native cannot; machine has no person',
      ).choices(clientTypes),
    )
    .action(create);

  addInitialTokenCommands(client);

  client
    .command('list')
    .description('every client')
    .action(async (_flags: object, command: Command) => {
      const [clients, uses] = await withCore(
        async (core) => [await (await createService(core, false)).list(), await bridgeUses(core)] as const,
      );
      print(
        command,
        clients.map((one) => present(one)),
        () =>
          showRows(
            clients.map(({ id, type, status, metadata }) => [
              id,
              type,
              status,
              metadata.client_name,
              ...bridgeColumn(id, metadata, uses),
            ]),
          ),
      );
    });

  client
    .command('show <id>')
    .description('the metadata of one client')
    .action(async (id: string, _flags: object, command: Command) => {
      const [found, uses] = await withCore(
        async (core) => [await (await createService(core, false)).find(id), await bridgeUses(core, id)] as const,
      );
      if (found === undefined) throw new Refused(`there is no client ${id}`);
      const presented = { ...present(found), ...(found.metadata.bridge === undefined ? {} : { bridge_uses: uses }) };
      print(command, presented, () => showRecord(presented));
    });

  addMetadataOptions(client.command('update <id>'))
    .description('replace what is given, keep the rest; an empty value takes a member away')
    .action(update);

  addSecretCommands(client);
  addKeyCommands(client);

  addClientCheckCommand(client);
  addClientErrorsCommand(client);
  addClientLogoCommand(client, (core) => createService(core, true));

  client
    .command('approve <id>')
    .description('let what waits for approval take effect, without a second operator')
    .requiredOption('--reason <text>', 'why; it stays in the history')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      const approved = await withCore((core) => approve(core, id, reason));
      print(command, present(approved), () => `${approved.id} ${approved.status}`);
    });

  for (const [name, status, description] of [
    ['disable', 'disabled', 'stop a client: for the protocol it does not exist'],
    ['enable', 'active', 'start a stopped client again'],
  ] as const) {
    client
      .command(`${name} <id>`)
      .description(description)
      .action(async (id: string, _flags: object, command: Command) => {
        const changed = await withClients(async (service) => accept(await service.setStatus(id, status)));
        print(command, present(changed), () => `${changed.id} ${changed.status}`);
      });
  }
}
