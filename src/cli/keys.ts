import { Option, type Command } from 'commander';
import { ALGORITHMS, type Algorithm } from '../crypto/signing-key.ts';
import { readyAt } from '../domain/key-rotation.ts';
import { counted } from '../domain/plural.ts';
import { reencrypt } from '../jobs/reencrypt.ts';
import { createKeyRotation, reportKeys, type KeyReport, type Rotated } from '../oidc/key-rotation.ts';
import { sealedColumns } from '../store/sealed.ts';
import { withCore } from './open.ts';
import { print, Refused, remark, showRecord, showRows } from './terminal.ts';

const NO_NEXT = 'there is no next key to take over; the server makes one within a minute';

/** From when on every service that keeps our keys must have fetched the next ones. */
function tellTooEarly(
  reports: readonly KeyReport[],
  algorithms: readonly Algorithm[],
  times: { readonly leadSeconds: number },
): string {
  const ready = reports
    .filter(({ state, algorithm }) => state === 'next' && algorithms.some((one) => one === algorithm))
    .map((key) => readyAt(key, times).getTime());
  return `the next key is published long enough from ${new Date(Math.max(...ready)).toISOString()} on; until then a service that keeps our keys may not know it. --now promotes it all the same`;
}

const present = ({
  kid,
  algorithm,
  state,
  publishedAt,
  promotedAt,
  retiredAt,
  rotationAt,
}: KeyReport): Record<string, unknown> => ({
  kid,
  algorithm,
  state,
  published_at: publishedAt.toISOString(),
  promoted_at: promotedAt?.toISOString(),
  retired_at: retiredAt?.toISOString(),
  rotation_at: rotationAt?.toISOString(),
});

const HEAD = ['algorithm', 'state', 'kid', 'published', 'signs since', 'signed until', 'next takes over'];
const row = ({ kid, algorithm, state, publishedAt, promotedAt, retiredAt, rotationAt }: KeyReport): string[] => [
  algorithm,
  state,
  kid,
  ...[publishedAt, promotedAt, retiredAt, rotationAt].map((date) => date?.toISOString() ?? ''),
];

const presentRotated = ({ algorithm, kid, former }: Rotated): Record<string, unknown> => ({ algorithm, kid, former });
const tell = ({ algorithm, kid, former }: Rotated): string =>
  `${algorithm}  ${kid} signs now${former === undefined ? '' : `, ${former} no more`}`;

interface RotateFlags {
  readonly algorithm?: Algorithm;
  readonly now?: boolean;
  readonly reason: string;
}

/**
 * Keys that sign tokens, and what lies under those of the keyring. Rotating and removing act on all instances within
 * two seconds, without a restart.
 */
export function addKeyCommands(program: Command): void {
  const keys = program
    .command('keys')
    .description(
      'the keys that sign tokens, and moving data to new keys; docs/operasi/keys.md tells what to do when one has leaked',
    );

  keys
    .command('list')
    .description('which there are, and when the next takes over')
    .action(async (_flags: object, command: Command) => {
      const reports = await withCore(({ store, config }) => reportKeys(store, config));
      print(command, reports.map(present), () =>
        reports.length === 0
          ? 'There are none: the first start of the server makes them.'
          : showRows([HEAD, ...reports.map(row)]),
      );
    });

  keys
    .command('rotate')
    .description('let the next keys take over before their time; old tokens stay good')
    .addOption(new Option('--algorithm <algorithm>', 'of one algorithm only').choices(ALGORITHMS))
    .option('--now', 'also a key that services may not know yet')
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action(async ({ algorithm, now = false, reason }: RotateFlags, command: Command) => {
      const { rotated, keptSeconds } = await withCore(async (core) => {
        const algorithms = algorithm === undefined ? ALGORITHMS : [algorithm];
        const done = await createKeyRotation(core).rotate({ algorithms, now, reason });
        if (!done.ok)
          throw new Refused(
            done.refusal === 'no-next-key'
              ? NO_NEXT
              : tellTooEarly(await reportKeys(core.store, core.config), algorithms, core.config.keys),
          );
        return { rotated: done.value, keptSeconds: core.config.keys.jwksSeconds };
      });
      print(command, rotated.map(presentRotated), () => rotated.map(tell).join('\n'));
      if (now)
        remark(
          `A service that keeps our keys and asks for them again at no unknown kid may refuse tokens for ${counted(keptSeconds, 'second')}.`,
        );
    });

  keys
    .command('reencrypt')
    .description(
      'seal under the current keys of the keyring whatever lies under older ones; may be interrupted and repeated',
    )
    .action(async (_flags: object, command: Command) => {
      const stopped = new AbortController();
      const stop = (): void => {
        stopped.abort();
      };
      process.once('SIGINT', stop).once('SIGTERM', stop);
      const done = await withCore(async ({ store, redisSealed, keyring }) => {
        if (!(await store.instances.allUse(keyring.ids)))
          throw new Refused(
            'a running instance uses other keys than this command: restart all of them with the same keyring first (keyring list)',
          );
        return reencrypt({ store, columns: sealedColumns, others: redisSealed }, { signal: stopped.signal });
      }).finally(() => {
        process.off('SIGINT', stop).off('SIGTERM', stop);
      });
      print(command, done, () =>
        Object.keys(done).length === 0 ? 'Nothing lies under an older key.' : showRecord(done),
      );
      if (stopped.signal.aborted)
        throw new Refused('interrupted: what is done is done, and the next run takes up the rest');
    });

  keys
    .command('remove <kid>')
    .description('throw away a key that has leaked: at once, with everything it has signed')
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action(async (kid: string, { reason }: { readonly reason: string }, command: Command) => {
      const { takenOver, keptSeconds } = await withCore(async (core) => {
        const done = await createKeyRotation(core).remove(kid, reason);
        if (!done.ok) throw new Refused('there is no key of that id');
        return { ...done.value, keptSeconds: core.config.keys.jwksSeconds };
      });
      print(
        command,
        { removed: kid, ...(takenOver === undefined ? {} : { taken_over: presentRotated(takenOver) }) },
        () => [`${kid} is gone.`, ...(takenOver === undefined ? [] : [tell(takenOver)])].join('\n'),
      );
      remark(
        `Tokens that it signed are refused from now on: APIs answer 401 until their clients refresh, sign-ins under way begin again. Sessions stay.\nServices that keep our keys go on trusting it for up to ${counted(keptSeconds, 'second')}, and some until they restart: tell them.`,
      );
    });
}
