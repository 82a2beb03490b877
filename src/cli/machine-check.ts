import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Config } from '../config.ts';
import { counted } from '../domain/plural.ts';
import { noticed } from '../domain/privacy-notice.ts';
import { settings } from '../settings.ts';
import { fail, ok, warn, type Finding } from './finding.ts';

const GIB = 1024 ** 3;
/** Room for the embedded database: below the first it needs an eye, below the second it stops soon. */
const DISK = { warn: 2 * GIB, fail: 0.25 * GIB };
const LIBUV_THREADS = 4;
/** Slots that libuv's four threads have room for beside file access and name look-up. */
const SLOTS_BY_DEFAULT = 3;
const SPARE_THREADS = 4;

/** Hashes of passwords share libuv's pool of threads with file access and name look-up. */
function checkThreads({ password }: Pick<Config, 'password'>, threads: number): Finding {
  const slots = password.slots > 0 ? password.slots : Math.max(1, availableParallelism() - 1);
  const what = `${counted(threads, 'thread')} for ${counted(slots, 'hash', 'hashes')} at once`;
  const wanted = slots > SLOTS_BY_DEFAULT ? slots + SPARE_THREADS : LIBUV_THREADS;
  if (threads >= wanted) return ok('threads', what);
  return warn(
    'threads',
    `${what}: while passwords are hashed, files and names wait`,
    `set UV_THREADPOOL_SIZE=${wanted} in the environment of the process, or PASSWORD_SLOTS=${SLOTS_BY_DEFAULT}`,
  );
}

async function checkDisk({ dataDir }: Pick<Config, 'dataDir'>): Promise<Finding[]> {
  if (!existsSync(dataDir)) return [];
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  const what = `${(free / GIB).toFixed(1)} GiB free for the embedded database in ${dataDir}`;
  const remedy = 'make room, or move DATA_DIR to a larger disk: a full one stops the database';
  return [
    free < DISK.fail ? fail('disk', what, remedy) : free < DISK.warn ? warn('disk', what, remedy) : ok('disk', what),
  ];
}

/** Settings that are allowed and still unsafe with real people. */
function* judgeSettings({ environment, log, metrics, lifetimes }: Config): Generator<Finding> {
  if (environment !== 'production') return;
  for (const [name, said] of Object.entries(noticed) as [keyof typeof noticed, number][]) {
    const setting = settings.lifetimes[name];
    const known = 'env' in setting ? setting.env : `lifetimes.${name}`;
    if (lifetimes[name] !== said)
      yield warn(
        'retention',
        `${known}=${lifetimes[name]}, and the privacy notice says ${said}`,
        `leave ${known} at its default, ${setting.fallback}; or change the notice as well`,
      );
  }
  if (log.level === 'debug' || log.level === 'trace')
    yield warn('log', `LOG_LEVEL=${log.level} writes a line for each request`, 'set LOG_LEVEL=info');
  if (log.level === 'silent' || log.level === 'fatal')
    yield warn(
      'log',
      `LOG_LEVEL=${log.level} keeps what goes wrong, and the audit events, out of the log`,
      'set LOG_LEVEL=info',
    );
  if (metrics.port !== 0 && ['0.0.0.0', '::'].includes(metrics.host))
    yield warn(
      'figures',
      `METRICS_HOST=${metrics.host} answers on every address of this machine`,
      'name the address of the inner network, or let the firewall keep others from the port',
    );
}

/** What the machine and the settings have to say for themselves. */
export async function examineMachine(
  config: Config,
  threads = Number(process.env.UV_THREADPOOL_SIZE ?? LIBUV_THREADS),
): Promise<readonly Finding[]> {
  return [
    ...judgeSettings(config),
    checkThreads(config, threads),
    ...(config.database.url === undefined ? await checkDisk(config) : []),
  ];
}
