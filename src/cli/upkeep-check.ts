import type { UpkeepFacts } from '../store/inspect-upkeep.ts';
import { fail, ok, warn, type Finding } from './finding.ts';

const MIB = 1024 ** 2;
const HELD_WARN_BYTES = 1024 * MIB;
/** Autovacuum begins at 200 million where nobody says otherwise: by then it has not got on for long. */
const OLD_WARN = 500_000_000;
/** A few hundred million before PostgreSQL writes no more. */
const OLD_FAIL = 1_500_000_000;

const minute = (at: Date): string => `${at.toISOString().slice(0, 16)}Z`;

/** What fills disks and stops databases while the sign-on still looks well. */
export function* judgeUpkeep({ archiver, slots, oldest }: UpkeepFacts): Generator<Finding> {
  if (archiver !== undefined) {
    const { lastArchivedAt, lastFailedAt, failures } = archiver;
    const since = lastArchivedAt === undefined ? 'nothing was archived yet' : `last archived ${minute(lastArchivedAt)}`;
    if (lastFailedAt !== undefined && (lastArchivedAt === undefined || lastFailedAt > lastArchivedAt))
      yield warn(
        'archiving',
        `fails, last ${minute(lastFailedAt)} (${failures} in all); ${since}`,
        "see the log of PostgreSQL and archive_command: until it works, a backup reaches no further than that, and WAL fills the server's disk",
      );
    else yield ok('archiving', since);
  }
  for (const { name, isRead, heldBytes } of slots) {
    const held = `${name} holds ${Math.round(heldBytes / MIB)} MiB of WAL back${isRead ? '' : ', and nobody reads it'}`;
    if (heldBytes > HELD_WARN_BYTES)
      yield warn(
        'replication slots',
        held,
        'see what should read from it (pg_replication_slots); where that is gone for good, drop it (pg_drop_replication_slot), or the disk of the server runs full',
      );
    else yield ok('replication slots', held);
  }
  if (oldest === undefined) return;
  const what = `the oldest of database ${oldest.database} is ${Math.round(oldest.transactions / 1e6)} million ago`;
  const remedy =
    'see why autovacuum does not get on (transactions that stay open, prepared ones, replication slots), then vacuum freeze: at 2,100 million PostgreSQL writes no more';
  yield oldest.transactions > OLD_FAIL
    ? fail('transaction ids', what, remedy)
    : oldest.transactions > OLD_WARN
      ? warn('transaction ids', what, remedy)
      : ok('transaction ids', what);
}
