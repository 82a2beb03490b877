import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import type { Random } from '../ports/random/random.ts';
import {
  isSameKeyring,
  KeyringError,
  makeKeyringDocument,
  parseKeyring,
  writeKeyring,
  type KeyringDocument,
} from './keyring-document.ts';

export interface KeyringSource extends Pick<Config, 'dataDir' | 'environment'> {
  /** A file path or the JSON document itself; unset makes `<dataDir>/keyring.json`, mode 0600, or reads it again. */
  readonly keyring: string | undefined;
  /** A program that prints the document, with its arguments. */
  readonly keyringCommand?: readonly string[];
  readonly keyringCommandTimeoutMs?: number;
  readonly random: Random;
}

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code);
const MOST_BYTES = 262_144;

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new KeyringError([`${file} cannot be read (${codeOf(error)})`]);
  }
}

/**
 * Runs the program and takes what it prints. Without a shell: nothing in a path or an argument means anything but
 * itself. What it writes to standard error is thrown away, and so is the exception, which carries all of its output: a
 * vault that fails half-way may have printed keys, and they would end in a log.
 */
function runCommand([program = '', ...args]: readonly string[], timeoutMs: number): string {
  try {
    return execFileSync(program, args, {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: MOST_BYTES,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    const { status, signal } = error as { status?: number | null; signal?: string | null };
    const code = codeOf(error);
    const what =
      code === 'ETIMEDOUT'
        ? `took longer than ${timeoutMs} ms`
        : code === 'ENOBUFS'
          ? `printed more than ${MOST_BYTES} bytes`
          : typeof status === 'number'
            ? `ended with status ${status}`
            : signal == null
              ? `could not be started (${code})`
              : `was ended by ${signal}`;
    throw new KeyringError([`the command that prints it ${what}`]);
  }
}

/**
 * Written whole under another name and then linked: a process that starts at the same time either finds the complete
 * file or loses the race and reads the winner's.
 */
function makeFile(dataDir: string, file: string, random: Random): string {
  mkdirSync(dataDir, { recursive: true });
  const draft = join(dataDir, `.keyring-${random.uuid()}.json`);
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, makeKeyringDocument(random));
    fsyncSync(handle);
    linkSync(draft, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    closeSync(handle);
    rmSync(draft, { force: true });
  }
  return readFileSync(file, 'utf8');
}

/** The file that the keyring lies in; undefined where it is given by the environment or by a command. */
export function keyringFile({
  keyring,
  keyringCommand = [],
  dataDir,
}: Pick<KeyringSource, 'keyring' | 'keyringCommand' | 'dataDir'>): string | undefined {
  if (keyringCommand.length > 0) return undefined;
  if (keyring === undefined) return join(dataDir, 'keyring.json');
  return keyring.trim().startsWith('{') ? undefined : keyring.trim();
}

/**
 * Reads the document from where the settings say.
 * @throws {KeyringError} unreadable, malformed, or not given in production.
 */
export function readKeyring(source: KeyringSource): KeyringDocument {
  const { keyring, keyringCommand = [], keyringCommandTimeoutMs = 10_000, environment, dataDir, random } = source;
  if (keyringCommand.length > 0) return parseKeyring(runCommand(keyringCommand, keyringCommandTimeoutMs));
  const file = keyringFile(source);
  if (file === undefined) return parseKeyring(keyring ?? '');
  const text = readIfThere(file);
  if (text !== undefined && (keyring !== undefined || environment !== 'production')) return parseKeyring(text);
  if (keyring !== undefined) throw new KeyringError([`there is no file ${file}`]);
  if (environment === 'production')
    throw new KeyringError([
      'production needs KEYRING: a file path or the JSON document itself; or KEYRING_COMMAND, which prints it',
    ]);
  return parseKeyring(makeFile(dataDir, file, random));
}

/** To whom else than its owner the file is open that the keyring lies in. */
export interface KeyringOpening {
  readonly file: string;
  /**
   * Group stands for reading alone; who may write there besides the owner, or belongs to neither and may do anything,
   * are others.
   */
  readonly to: 'others' | 'group' | 'nobody';
  /** In words, with the mode. */
  readonly what: string;
}

/**
 * Looks at the mode of the file; a link is followed, as a mounted secret is one.
 * @returns undefined where there is no file, or where the keyring does not come from one.
 */
export function keyringOpening(
  source: Pick<KeyringSource, 'keyring' | 'keyringCommand' | 'dataDir'>,
): KeyringOpening | undefined {
  const file = keyringFile(source);
  const mode = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.mode;
  if (file === undefined || mode === undefined) return undefined;
  const written = (mode & 0o777).toString(8).padStart(4, '0');
  if ((mode & 0o027) !== 0) return { file, to: 'others', what: `${file} is open to others (mode ${written})` };
  // Kubernetes mounts secrets as 0440, for the group of the process (fsGroup): that cannot be had closer. Credentials
  // of systemd look alike, by their ACL.
  return (mode & 0o050) === 0
    ? { file, to: 'nobody', what: file }
    : { file, to: 'group', what: `${file} can be read by its group (mode ${written})` };
}

/**
 * What every program on the machine may read is no secret. Commands go on, the doctor above all, which says what to do;
 * but not the one that begins an upgrade.
 * @throws {KeyringError} in production, before anybody is served.
 */
export function demandClosedKeyring(
  source: Pick<KeyringSource, 'keyring' | 'keyringCommand' | 'dataDir' | 'environment'>,
): void {
  const opening = keyringOpening(source);
  if (source.environment === 'production' && opening?.to === 'others')
    throw new KeyringError([`${opening.what}. To do: chmod 600 ${opening.file}`]);
}

/**
 * What became of a change: nothing, where the file holds another document by now, where somebody is at it, or where
 * this process may not write beside it, as in a container.
 */
export type Replacement = 'replaced' | 'changed-meanwhile' | { readonly heldBy: string } | { readonly closed: string };

/**
 * Puts another document into the file: whole or not at all, and with the owner and mode that it had, so that the
 * service can read it when an administrator has written it. The draft has one name and is made by whoever has it alone
 * (as git locks its index): of two who write at once the second sees what the first has written, or writes nothing.
 *
 * @param judged   what the change was made from; what looked at the database meanwhile may have taken minutes.
 * @throws {KeyringError} the file holds no keyring any more.
 */
export function replaceKeyringFile(
  file: string,
  { judged, changed }: { readonly judged: KeyringDocument; readonly changed: KeyringDocument },
): Replacement {
  const target = realpathSync(file);
  const draft = join(dirname(target), `.${basename(target)}.new`);
  let handle: number;
  try {
    handle = openSync(draft, 'wx', 0o600);
  } catch (error) {
    return codeOf(error) === 'EEXIST' ? { heldBy: draft } : { closed: codeOf(error) };
  }
  let isReplaced = false;
  try {
    if (!isSameKeyring(parseKeyring(readFileSync(target, 'utf8')), judged)) return 'changed-meanwhile';
    const { mode, uid, gid } = statSync(target);
    writeSync(handle, writeKeyring(changed));
    if (process.getuid?.() === 0) fchownSync(handle, uid, gid);
    fchmodSync(handle, mode & 0o777);
    fsyncSync(handle);
    renameSync(draft, target);
    isReplaced = true;
    return 'replaced';
  } finally {
    closeSync(handle);
    // Once renamed, that name is the next one's.
    if (!isReplaced) rmSync(draft, { force: true });
  }
}
