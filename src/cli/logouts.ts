import { InvalidArgumentError, Option, type Command } from 'commander';
import type { NoticeState } from '../domain/logout.ts';
import { addSeconds } from '../ports/clock/clock.ts';
import type { NoticeStatus, ServiceStanding } from '../store/logouts.ts';
import { withCore } from './open.ts';
import { print, showRows } from './terminal.ts';

const STATES: readonly NoticeState[] = ['pending', 'delivered', 'given-up', 'dropped'];

interface ListFlags {
  readonly client?: string;
  readonly state?: NoticeState;
  readonly limit: number;
}

const upTo =
  (most: number) =>
  (text: string): number => {
    const count = Number(text);
    if (!Number.isInteger(count) || count < 1 || count > most)
      throw new InvalidArgumentError(`a number from 1 to ${most}`);
    return count;
  };
const toLimit = upTo(1000);
const toDays = upTo(30);

const present = ({
  clientId,
  accountId,
  reason,
  allSessions,
  state,
  attempts,
  lastError,
  createdAt,
  nextAttemptAt,
  finishedAt,
}: NoticeStatus): Record<string, unknown> => ({
  client_id: clientId,
  sub: accountId,
  reason,
  all_sessions: allSessions,
  state,
  attempts,
  ...(lastError === undefined ? {} : { last_error: lastError }),
  created_at: createdAt.toISOString(),
  ...(state === 'pending' ? { next_attempt_at: nextAttemptAt.toISOString() } : {}),
  ...(finishedAt === undefined ? {} : { finished_at: finishedAt.toISOString() }),
});

const LIST_HEAD = ['at', 'service', 'reason', 'state', 'attempts', 'last error'];
const row = ({ createdAt, clientId, reason, state, attempts, lastError }: NoticeStatus): string[] => [
  createdAt.toISOString(),
  clientId,
  reason,
  state,
  String(attempts),
  lastError ?? '',
];

const presentStanding = ({
  clientId,
  pending,
  delivered,
  givenUp,
  waitingSince,
  lastError,
}: ServiceStanding): Record<string, unknown> => ({
  client_id: clientId,
  pending,
  delivered,
  given_up: givenUp,
  ...(waitingSince === undefined ? {} : { waiting_since: waitingSince.toISOString() }),
  ...(lastError === undefined ? {} : { last_error: lastError }),
});

const STANDING_HEAD = ['service', 'arrived', 'waiting', 'given up', 'since', 'last error'];
const standingRow = ({ clientId, pending, delivered, givenUp, waitingSince, lastError }: ServiceStanding): string[] => [
  clientId,
  String(delivered),
  String(pending),
  String(givenUp),
  waitingSince?.toISOString() ?? '',
  lastError ?? '',
];

export function addLogoutCommands(program: Command): void {
  const logouts = program.command('logouts').description('what services were told of ended sessions');

  logouts
    .command('status')
    .description('how each service has taken what it was told, over the last days')
    .option('--days <count>', 'how many, 30 at most', toDays, 1)
    .action(async ({ days }: { readonly days: number }, command: Command) => {
      const standings = await withCore(({ store, clock }) =>
        store.logouts.standings(addSeconds(clock.now(), -days * 86_400)),
      );
      print(command, standings.map(presentStanding), () =>
        standings.length === 0 ? 'There are none.' : showRows([STANDING_HEAD, ...standings.map(standingRow)]),
      );
    });

  logouts
    .command('list')
    .description('the newest notices, and what became of them')
    .option('--client <id>', 'of one service')
    .addOption(new Option('--state <state>', 'in one state').choices(STATES))
    .option('--limit <count>', 'how many', toLimit, 50)
    .action(async ({ client, state, limit }: ListFlags, command: Command) => {
      const notices = await withCore(({ store }) => store.logouts.newest({ clientId: client, state, limit }));
      print(command, notices.map(present), () =>
        notices.length === 0 ? 'There are none.' : showRows([LIST_HEAD, ...notices.map(row)]),
      );
    });
}
