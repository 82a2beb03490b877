import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import {
  addKey,
  idsIn,
  isSameKeyring,
  keyUses,
  makeKeyringDocument,
  removeKey,
  useKey,
  writeKeyring,
  type KeyringDocument,
  type KeyUse,
} from '../crypto/keyring-document.ts';
import { keyringFile, readKeyring, replaceKeyringFile } from '../crypto/keyring-source.ts';
import type { Config } from '../config.ts';
import type { Core } from '../core.ts';
import { counted } from '../domain/plural.ts';
import { systemRandom } from '../ports/random/random.ts';
import { readConfig, withCore } from './open.ts';
import { print, Refused, remark, showRows } from './terminal.ts';

interface WriteFlags {
  readonly stdout?: boolean;
}

const readDocument = (): KeyringDocument => readKeyring({ ...readConfig(), random: systemRandom });

/**
 * The document as it is, and where the changed one goes: into its file, or to standard output for a vault. Between the
 * two the database may be counted for minutes: what somebody else has changed meanwhile is not taken back, and a key
 * that was just added not lost.
 */
function openDocument(flags: WriteFlags): { document: KeyringDocument; keep: (changed: KeyringDocument) => void } {
  const document = readDocument();
  const changedMeanwhile = (): never => {
    throw new Refused(
      'the keyring has changed meanwhile, and nothing is written: look at it (keyring list), then run this again',
    );
  };
  if (flags.stdout === true) {
    return {
      document,
      keep(changed) {
        if (!isSameKeyring(readDocument(), document)) changedMeanwhile();
        process.stdout.write(writeKeyring(changed));
      },
    };
  }
  const file = keyringFile(readConfig());
  if (file === undefined)
    throw new Refused(
      'the keyring lies in no file that this command could write: --stdout prints the changed one, for your vault',
    );
  return {
    document,
    keep(changed) {
      const became = replaceKeyringFile(file, { judged: document, changed });
      if (became === 'changed-meanwhile') changedMeanwhile();
      else if (became === 'replaced') return;
      else if ('closed' in became)
        throw new Refused(
          `${file} cannot be replaced from here (${became.closed}), and nothing is written: --stdout prints the changed one, for where the instances have theirs from`,
        );
      else
        throw new Refused(
          `another command is writing the keyring at this moment, or was cut off while it did, and nothing is written: run this again, and remove ${became.heldBy} if it is still there`,
        );
    },
  };
}

function demandKnown(document: KeyringDocument, use: KeyUse, id: string): void {
  if (!idsIn(document, use).known.includes(id)) throw new Refused(`the keyring has no key ${id} for ${use}`);
}

interface Surveyed {
  readonly use: KeyUse;
  readonly id: string;
  readonly current: boolean;
  readonly rows: number | undefined;
  /** Too many to count. */
  readonly about?: true;
  readonly known_by: number;
  readonly used_by: number;
  readonly instances: number;
}

/** Rows under each key, and how many running instances know and use it. */
async function survey({ store, redisSealed, keyring }: Core): Promise<readonly Surveyed[]> {
  const instances = await store.instances.running();
  const counts = [
    ...(await store.sealed.count()),
    ...(await store.indexKeys.count()).map((one) => ({ use: 'blindIndex', ...one }) as const),
  ];
  const inRedis = await redisSealed?.count();
  return keyUses.flatMap((use) => {
    const { current, known } = keyring.ids[use];
    const elsewhere = instances.flatMap(({ keys }) => keys[use].known);
    return [
      ...new Set([
        ...known,
        ...counts.filter((one) => one.use === use).map(({ keyId }) => keyId),
        ...(use === 'sealing' ? (inRedis?.rows.keys() ?? []) : []),
        ...elsewhere,
      ]),
    ].map((id) => ({
      use,
      id,
      current: id === current,
      rows:
        use === 'cookies'
          ? undefined
          : counts.filter((one) => one.use === use && one.keyId === id).reduce((sum, { rows }) => sum + rows, 0) +
            (use === 'sealing' ? (inRedis?.rows.get(id) ?? 0) : 0),
      ...((use === 'sealing' && inRedis?.about === true) ||
      counts.some((one) => one.use === use && one.keyId === id && one.about)
        ? { about: true as const }
        : {}),
      known_by: instances.filter(({ keys }) => keys[use].known.includes(id)).length,
      used_by: instances.filter(({ keys }) => keys[use].current === id).length,
      instances: instances.length,
    }));
  });
}

/** An instance that does not know the key could not read what another seals under it. */
async function demandKnownEverywhere({ store }: Core, use: KeyUse, id: string): Promise<void> {
  const instances = await store.instances.running();
  const without = instances.filter(({ keys }) => !keys[use].known.includes(id));
  if (without.length > 0)
    throw new Refused(
      `${without.length} of ${counted(instances.length, 'running instance')} ${without.length === 1 ? 'does' : 'do'} not know the key ${id} yet: give them this keyring and restart them, then come back`,
    );
}

/** One would be enough to refuse; this many tell what there is to do. */
const COUNTED_UNDER = 1000;

async function rowsUnder({ store, redisSealed }: Core, use: KeyUse, id: string): Promise<number> {
  if (use === 'cookies') return 0;
  if (use === 'blindIndex') return store.indexKeys.countUnder(id, COUNTED_UNDER);
  const rows = await store.sealed.countUnder(use, id, COUNTED_UNDER);
  return rows > 0 || use !== 'sealing' ? rows : ((await redisSealed?.countUnder(id, COUNTED_UNDER)) ?? 0);
}

async function demandUnused(core: Core, use: KeyUse, id: string): Promise<void> {
  const instances = await core.store.instances.running();
  const using = instances.filter(({ keys }) => keys[use].current === id);
  if (using.length > 0)
    throw new Refused(
      `${using.length} of ${counted(instances.length, 'running instance')} still ${using.length === 1 ? 'uses' : 'use'} the key ${id} for whatever is new: restart them with this keyring first`,
    );
  const rows = await rowsUnder(core, use, id);
  if (rows > 0)
    throw new Refused(
      `${rows < COUNTED_UNDER ? '' : 'at least '}${counted(rows, 'row is', 'rows are')} still under the key ${id}: keys reencrypt moves them`,
    );
}

const COPIES =
  'Renew the copies of the keyring that are kept elsewhere: what is sealed under a new key opens with none of the older ones.';

type Lifetimes = Pick<Config, 'lifetimes' | 'otp'>;

/**
 * What is in no table is on the way in browsers and mailboxes: how long its key has to stay, or somebody begins anew.
 */
const waitSeconds = (use: KeyUse, { lifetimes, otp }: Lifetimes): number =>
  ({
    personalData: 0,
    sealing: lifetimes.resumeSeconds,
    blindIndex: otp.emailLinkSeconds,
    cookies: lifetimes.sessionSeconds,
  })[use];
const ON_THE_WAY = {
  personalData: '',
  sealing: 'sign-ins that expired can be taken up again',
  blindIndex: 'links that confirm an address are good',
  cookies: 'sessions last',
};

function whenToRemove(use: KeyUse, config: Lifetimes): string {
  const seconds = waitSeconds(use, config);
  if (seconds === 0) return '';
  const days = Math.ceil(seconds / 86_400);
  return ` Before remove-key wait ${days === 1 ? 'a day' : counted(days, 'day')}, as long as ${ON_THE_WAY[use]}.`;
}

async function demandWaited({ store, config }: Core, use: KeyUse, id: string): Promise<void> {
  const seconds = waitSeconds(use, config);
  const left = seconds === 0 ? 0 : seconds - (await store.instances.unusedSeconds(use, id));
  if (left <= 0) return;
  const from = new Date(Math.ceil(((await store.databaseTime()).getTime() + left * 1000) / 60_000) * 60_000);
  throw new Refused(
    `the key ${id} was in use too lately: it has to stay as long as ${ON_THE_WAY[use]}. From ${from.toISOString().slice(0, 16)}Z on it can go; --now removes it at once, which you want where it has leaked`,
  );
}

const useArgument = (): Argument => new Argument('<use>', 'what it is for').choices(keyUses);

/**
 * The keys that everything else hangs on. What is changed here acts when instances are started with it;
 * docs/operasi/keys.md has the order.
 */
export function addKeyringCommands(program: Command): void {
  const keyring = program
    .command('keyring')
    .description('the keys that data are sealed under; docs/operasi/keys.md tells in which order they are replaced');

  keyring
    .command('make')
    .description('a new keyring, for a new installation')
    .option('--out <file>', 'where it goes, mode 0600; it must not be there yet. Without, it is printed')
    .action(({ out }: { readonly out?: string }) => {
      const document = makeKeyringDocument(systemRandom);
      if (out === undefined) {
        process.stdout.write(document);
        return;
      }
      let handle: number;
      try {
        handle = openSync(out, 'wx', 0o600);
      } catch (error) {
        throw new Refused(
          (error as NodeJS.ErrnoException).code === 'EEXIST'
            ? `${out} is there already, and is left alone: what is sealed under it opens by nothing else`
            : `${out} cannot be written (${String((error as NodeJS.ErrnoException).code)})`,
        );
      }
      writeSync(handle, document);
      fsyncSync(handle);
      closeSync(handle);
      remark(`${out} holds the keys that everything hangs on. Keep a copy apart from the database and its backups.`);
    });

  keyring
    .command('list')
    .description('which keys there are, what lies under them, and which running instances know them')
    .action(async (_flags: object, command: Command) => {
      const rows = await withCore(survey, { waitsLong: true });
      print(command, rows, () =>
        showRows([
          ['use', 'key', '', 'rows', 'known by', 'used by'],
          ...rows.map(({ use, id, current, rows: count, about, known_by: knownBy, used_by: usedBy, instances }) => [
            use,
            id,
            current ? 'current' : '',
            count === undefined ? '' : `${about === true ? 'about ' : ''}${count}`,
            `${knownBy} of ${instances}`,
            `${usedBy} of ${instances}`,
          ]),
        ]),
      );
    });

  keyring
    .command('add-key')
    .addArgument(useArgument())
    .option('--stdout', 'print the changed keyring instead of writing its file')
    .description('first step: a new key that everybody is to know before anybody uses it')
    .action((use: KeyUse, flags: WriteFlags) => {
      const { document, keep } = openDocument(flags);
      const added = addKey(document, use, systemRandom);
      keep(added.document);
      remark(
        `The key ${added.id} is known and not used yet. Restart every instance with this keyring, then: keyring use-key ${use} ${added.id}\n${COPIES}`,
      );
    });

  keyring
    .command('use-key')
    .addArgument(useArgument())
    .argument('<id>')
    .option('--stdout', 'print the changed keyring instead of writing its file')
    .description('second step: from now on it seals, or signs, whatever is new')
    .action(async (use: KeyUse, id: string, flags: WriteFlags) => {
      const { document, keep } = openDocument(flags);
      demandKnown(document, use, id);
      const config = await withCore(async (core) => {
        await demandKnownEverywhere(core, use, id);
        return core.config;
      });
      keep(useKey(document, use, id));
      const moving =
        use === 'cookies'
          ? ''
          : ' A job moves what lies under the former key; keyring list shows how far it is, keys reencrypt does it at once.';
      remark(`Restart every instance with this keyring.${moving}${whenToRemove(use, config)}`);
    });

  keyring
    .command('remove-key')
    .addArgument(useArgument())
    .argument('<id>')
    .option('--stdout', 'print the changed keyring instead of writing its file')
    .option('--now', 'also where browsers and mailboxes may still hold what is under it')
    .description('last step: refused while anything is sealed under it, any instance uses it, or did so too lately')
    .action(async (use: KeyUse, id: string, flags: WriteFlags & { readonly now?: boolean }) => {
      const { document, keep } = openDocument(flags);
      demandKnown(document, use, id);
      if (idsIn(document, use).current === id)
        throw new Refused(`the key ${id} is the one in use: keyring add-key and use-key come first`);
      await withCore(
        async (core) => {
          await demandUnused(core, use, id);
          if (flags.now !== true) await demandWaited(core, use, id);
        },
        { waitsLong: true },
      );
      keep(removeKey(document, use, id));
      const lost = {
        personalData: '',
        blindIndex: ' Links that confirm an address, made before, are good no longer.',
        sealing: ' Sign-ins that expired and could be taken up again begin anew.',
        cookies: ' Whoever has a cookie signed by it signs in again.',
      }[use];
      remark(
        `The key ${id} is out of the keyring; instances forget it when they are restarted.${lost}\nBackups from before open with the former keyring alone: keep a copy of it as long as them. Renew the other copies.`,
      );
    });
}
