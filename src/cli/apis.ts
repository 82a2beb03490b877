import { Option, type Command } from 'commander';
import { createApiService, type ApiRefusal, type ApiService } from '../admin/apis/service.ts';
import { tokenAlgorithms, tokenFormats, type Api } from '../domain/api.ts';
import type { Result } from '../domain/result.ts';
import { withCore } from './open.ts';
import { readDocument } from './read-document.ts';
import { misuse, print, Refused, showRecord, showRows } from './terminal.ts';

interface Flags {
  readonly name?: string;
  readonly scope?: readonly object[];
  readonly tokenFormat?: string;
  readonly tokenAlgorithm?: string;
  readonly tokenSeconds?: number;
  readonly document?: string;
}

/** `lamaran:baca|Membaca lamaran Anda|Reading your applications` */
function toScope(text: string, before: readonly object[] | undefined): object[] {
  const [name = '', id, en] = text.split('|');
  return [...(before ?? []), { name, means: { id, en } }];
}

const addOptions = (command: Command): Command =>
  command
    .option('--name <name>', 'what people read')
    .option(
      '--scope <name|id|en>',
      'what a token may be good for, with a sentence in Indonesian and in English; may be given again',
      toScope,
    )
    .addOption(
      new Option(
        '--token-format <format>',
        'jwt is judged by the API itself, opaque is asked for here and can end at once',
      ).choices(tokenFormats),
    )
    .addOption(new Option('--token-algorithm <alg>', 'what a jwt is signed with').choices(tokenAlgorithms))
    .option('--token-seconds <seconds>', 'how long a token lives, 60 to 3600', Number)
    .option('--document <file>', 'the same as JSON, from a file or - for standard input, instead of the flags above');

const toMembers = ({ name, scope, tokenFormat, tokenAlgorithm, tokenSeconds }: Flags): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries({
      name,
      scopes: scope,
      token_format: tokenFormat,
      token_algorithm: tokenAlgorithm,
      token_seconds: tokenSeconds,
    }).filter(([, value]) => value !== undefined),
  );

async function documentOf(flags: Flags, command: Command): Promise<Record<string, unknown>> {
  const members = toMembers(flags);
  if (flags.document === undefined) return members;
  if (Object.keys(members).length > 0) misuse(command, '--document stands instead of the other flags');
  const document = await readDocument(flags.document);
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new Refused('an API is one JSON object');
  return { ...document };
}

function explain(refusal: ApiRefusal): string {
  switch (refusal.reason) {
    case 'api-document':
      return refusal.problems.map(({ field, what }) => `${field} ${what}`).join('\n');
    case 'api-taken':
      return `there is an API ${refusal.identifier} already`;
    case 'api-changed':
      return `${refusal.identifier} was changed meanwhile`;
    case 'api-unknown':
      return `there is no API ${refusal.identifier}`;
  }
}

function accept<T>(result: Result<T, ApiRefusal>): T {
  if (!result.ok) throw new Refused(explain(result.refusal));
  return result.value;
}

const present = ({
  identifier,
  name,
  scopes,
  tokenFormat,
  tokenAlgorithm,
  tokenSeconds,
  status,
}: Api): Record<string, unknown> => ({
  identifier,
  name,
  scopes,
  token_format: tokenFormat,
  token_algorithm: tokenAlgorithm,
  token_seconds: tokenSeconds,
  status,
});

const withApis = <T>(work: (apis: ApiService) => Promise<T>): Promise<T> =>
  withCore((core) => work(createApiService(core)));

/** APIs that take access tokens of ours. */
export function addApiCommands(program: Command): void {
  const api = program.command('api').description('APIs that take access tokens from here (resource indicators)');

  addOptions(api.command('create <identifier>'))
    .description('register an API; its identifier, an absolute URI, is the audience of its tokens')
    .action(async (identifier: string, flags: Flags, command: Command) => {
      const document = await documentOf(flags, command);
      const created = await withApis(async (apis) => accept(await apis.create({ ...document, identifier })));
      print(command, present(created), () => showRecord(present(created)));
    });

  api
    .command('list')
    .description('every API')
    .action(async (_flags: object, command: Command) => {
      const all = await withApis((apis) => apis.list());
      print(command, all.map(present), () =>
        showRows(all.map(({ identifier, status, tokenFormat, name }) => [identifier, status, tokenFormat, name])),
      );
    });

  api
    .command('show <identifier>')
    .description('one API')
    .action(async (identifier: string, _flags: object, command: Command) => {
      const found = await withApis((apis) => apis.find(identifier));
      if (found === undefined) throw new Refused(`there is no API ${identifier}`);
      print(command, present(found), () => showRecord(present(found)));
    });

  addOptions(api.command('update <identifier>'))
    .description('replace what is given, keep the rest')
    .action(async (identifier: string, flags: Flags, command: Command) => {
      const changes = await documentOf(flags, command);
      if (Object.keys(changes).length === 0) misuse(command, 'nothing to change was given');
      const updated = await withApis(async (apis) => accept(await apis.update(identifier, changes)));
      print(command, present(updated), () => showRecord(present(updated)));
    });

  for (const [verb, status, description] of [
    ['disable', 'disabled', 'stop an API: no token is issued for it, within two seconds'],
    ['enable', 'active', 'start a stopped API again'],
  ] as const) {
    api
      .command(`${verb} <identifier>`)
      .description(description)
      .action(async (identifier: string, _flags: object, command: Command) => {
        const changed = await withApis(async (apis) => accept(await apis.setStatus(identifier, status)));
        print(command, present(changed), () => `${changed.identifier} ${changed.status}`);
      });
  }
}
