import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { flood, holdIdle, readSlowly, sendHeadersSlowly } from './attacks.ts';
import type { Instance, WrongClock } from './instance.ts';
import type { Mood, Partner } from './partner.ts';
import { canMount, type Carrier, type World } from './world.ts';

type Undo = () => Promise<void> | void;

/** A fault, and how it is taken away again. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Where it makes sense; everywhere when nothing is said. */
  readonly carriers?: readonly Carrier[];
  /** Part of the short run. */
  readonly quick?: true;
  /** How long the fault stays; the length of the run where nothing is said. */
  readonly seconds?: number;
  readonly isPossible?: () => boolean;
  /** @returns what takes the fault away. */
  readonly inject: (world: World) => Promise<Undo>;
}

const nothing: Undo = () => undefined;

const [first, second] = [
  ({ instances }: World): Instance => instances[0]!,
  ({ instances }: World): Instance => instances.at(-1)!,
];

async function replace(instance: Instance, signal: 'SIGKILL' | 'SIGTERM', clock?: WrongClock): Promise<void> {
  instance.signal(signal);
  await instance.ended();
  await instance.start(clock);
}

/** Each step of registration and sign-in, as the proxy sees it; `steps.test.ts` holds them to what browsers ask for. */
export const STEPS = [
  /^GET \/auth$/,
  /^POST \/interaction\/[^/]+\/login$/,
  /^POST .*\/register\/identity$/,
  /^POST .*\/register\/contact$/,
  /^POST .*\/register\/otp$/,
  /^POST .*\/register\/finished$/,
  /^POST \/token$/,
  /^GET \/me$/,
];

/**
 * People come all the time: a step that nobody takes for so long is no step any more, and the report would claim what
 * it did not try.
 */
const TAKEN_WITHIN_MS = 120_000;

/** The instance that has the request is killed, and is back before the next step has its turn. */
const killAtEveryStep =
  (when: 'handed-over' | 'answered') =>
  async ({ proxy, instances }: World): Promise<Undo> => {
    for (const on of STEPS) {
      let killed: Promise<void> | undefined;
      const sprung = proxy.ambush({
        on,
        when,
        spring: async (port) => {
          const instance = instances.find((one) => one.port === port)!;
          instance.signal('SIGKILL');
          await instance.ended();
          killed = instance.start();
        },
      });
      const noMore = new AbortController();
      const tooLong = pause(TAKEN_WITHIN_MS, undefined, { signal: noMore.signal }).then(() => {
        throw new Error(`nobody came to ${String(on)} within ${TAKEN_WITHIN_MS / 1000} s`);
      });
      await Promise.race([sprung, tooLong]).finally(() => {
        noMore.abort();
      });
      tooLong.catch(() => undefined);
      await killed;
    }
    return nothing;
  };

const withPartner =
  (which: (world: World) => Partner, mood: Mood) =>
  (world: World): Promise<Undo> => {
    which(world).mood = mood;
    return Promise.resolve(() => {
      which(world).mood = 'well';
    });
  };
const registry = ({ registry: partner }: World): Partner => partner;
const gateway = ({ gateway: { partner } }: World): Partner => partner;

const withClock =
  (shiftSeconds: number) =>
  async (world: World): Promise<Undo> => {
    await replace(first(world), 'SIGTERM', { shiftSeconds });
    return () => replace(first(world), 'SIGTERM');
  };

/**
 * The machine is taken along by a wrong time server while people are on their way. The instance ends by itself, and is
 * started again as systemd does it.
 */
const jumpClock =
  (jumpSeconds: number) =>
  async (world: World): Promise<Undo> => {
    await replace(first(world), 'SIGTERM', { jumpSeconds });
    first(world).signal('SIGUSR2');
    return () => replace(first(world), 'SIGTERM');
  };

const REDIS = ['redis'] as const;

export const scenarios: readonly Scenario[] = [
  {
    name: 'nothing',
    about: 'nothing happens: what the others are compared with',
    quick: true,
    inject: () => Promise.resolve(nothing),
  },

  {
    name: 'kill',
    about: 'kill -9 of the instance that has just done a step; its answer is lost',
    quick: true,
    seconds: 0,
    inject: killAtEveryStep('answered'),
  },
  {
    name: 'kill-within',
    about: 'kill -9 of the instance in the middle of a step',
    seconds: 0,
    inject: killAtEveryStep('handed-over'),
  },
  {
    name: 'stop',
    about: 'SIGTERM to each instance in turn, as in an upgrade',
    quick: true,
    seconds: 0,
    inject: async ({ instances }) => {
      for (const instance of instances) await replace(instance, 'SIGTERM');
      return nothing;
    },
  },
  {
    name: 'freeze',
    about: 'an instance is frozen (SIGSTOP) with requests under way, and goes on later',
    inject: (world) => {
      first(world).signal('SIGSTOP');
      return Promise.resolve(() => {
        first(world).signal('SIGCONT');
      });
    },
  },
  { name: 'clock-ahead', about: 'the clock of one instance is twenty seconds ahead', inject: withClock(20) },
  { name: 'clock-behind', about: 'the clock of one instance is twenty seconds behind', inject: withClock(-20) },
  { name: 'clock-jumps', about: 'the clock of one instance jumps an hour ahead', inject: jumpClock(3600) },
  { name: 'clock-jumps-back', about: 'the clock of one instance jumps an hour back', inject: jumpClock(-3600) },

  {
    name: 'postgres-fast',
    about: 'PostgreSQL is restarted, fast shutdown',
    quick: true,
    seconds: 3,
    inject: ({ database }) => {
      database.restart('SIGINT');
      return Promise.resolve(nothing);
    },
  },
  {
    name: 'postgres-immediate',
    about: 'PostgreSQL is restarted, immediate shutdown: it recovers as after a crash',
    seconds: 3,
    inject: ({ database }) => {
      database.restart('SIGQUIT');
      return Promise.resolve(nothing);
    },
  },
  {
    name: 'postgres-stopped',
    about: 'PostgreSQL is stopped for a minute',
    seconds: 60,
    inject: async ({ database }) => {
      await database.stop();
      return () => database.start();
    },
  },
  {
    name: 'postgres-cut',
    about: 'no connection to PostgreSQL: refused',
    inject: ({ database: { line } }) => {
      void line.cut();
      return Promise.resolve(() => {
        line.mend();
      });
    },
  },
  {
    name: 'postgres-silent',
    about: 'no connection to PostgreSQL: nothing comes back',
    seconds: 20,
    inject: ({ database: { line } }) => {
      line.hush();
      return Promise.resolve(() => {
        line.mend();
      });
    },
  },
  {
    name: 'disk-full',
    about: 'the disk of PostgreSQL is full',
    seconds: 15,
    isPossible: canMount,
    inject: async ({ database: { directory } }) => {
      const ballast = join(directory, 'ballast');
      await writeFile(ballast, Buffer.alloc(512 * 1024 * 1024)).catch(() => undefined);
      return () => rm(ballast);
    },
  },
  {
    name: 'postgres-fail-over',
    about: 'PostgreSQL is killed with -9 and never comes back; its synchronous standby is promoted',
    seconds: 0,
    inject: async ({ database }) => {
      await database.failOver('is gone');
      return nothing;
    },
  },
  {
    name: 'postgres-former',
    about: 'the same, and until then the address leads to the former one, closed to writing',
    seconds: 0,
    inject: async ({ database }) => {
      await database.failOver('returns');
      return nothing;
    },
  },

  {
    name: 'redis-gone',
    about: 'Redis is gone and comes back empty',
    carriers: REDIS,
    quick: true,
    inject: async ({
      redis: {
        servers: [server],
      },
    }) => {
      await server!.kill();
      return () => server!.start();
    },
  },
  {
    name: 'redis-slow',
    about: 'Redis answers after 300 ms, again and again',
    carriers: REDIS,
    inject: ({
      redis: {
        servers: [server],
      },
    }) => {
      const slow = setInterval(() => {
        server!.admin.call('CLIENT', 'PAUSE', 300, 'ALL').catch(() => undefined);
      }, 400);
      return Promise.resolve(() => {
        clearInterval(slow);
      });
    },
  },
  {
    name: 'redis-hangs',
    about: 'Redis says nothing any more (SIGSTOP)',
    carriers: REDIS,
    inject: ({
      redis: {
        servers: [server],
      },
    }) => {
      server!.freeze();
      return Promise.resolve(() => {
        server!.thaw();
      });
    },
  },
  {
    name: 'redis-full',
    about: 'Redis is full (noeviction)',
    carriers: REDIS,
    inject: async ({
      redis: {
        servers: [server],
      },
    }) => {
      await server!.admin.config('SET', 'maxmemory', '1');
      return async () => {
        await server!.admin.config('SET', 'maxmemory', '0');
      };
    },
  },
  {
    name: 'redis-cut',
    about: 'no connection to Redis: refused',
    carriers: REDIS,
    inject: ({ redis: { line } }) => {
      void line!.cut();
      return Promise.resolve(() => {
        line!.mend();
      });
    },
  },
  {
    name: 'redis-silent',
    about: 'no connection to Redis: nothing comes back',
    carriers: REDIS,
    inject: ({ redis: { line } }) => {
      line!.hush();
      return Promise.resolve(() => {
        line!.mend();
      });
    },
  },
  {
    name: 'redis-node',
    about: 'a node of the Redis Cluster is lost and comes back empty',
    carriers: ['cluster'],
    inject: async ({ redis: { servers } }) => {
      await servers[1]!.kill();
      return () => servers[1]!.start();
    },
  },

  { name: 'registry-gone', about: 'Dukcapil is gone', quick: true, inject: withPartner(registry, 'gone') },
  { name: 'registry-slow', about: 'Dukcapil answers after 4 s', inject: withPartner(registry, 'slow') },
  {
    name: 'registry-garbage',
    about: 'Dukcapil answers with a page of something else',
    inject: withPartner(registry, 'garbage'),
  },
  { name: 'registry-error', about: 'Dukcapil answers with 500', inject: withPartner(registry, 'error') },
  { name: 'sms-gone', about: 'the SMS gateway is gone', quick: true, inject: withPartner(gateway, 'gone') },
  {
    name: 'sms-late',
    about: 'the SMS gateway sends, and says so after 12 s, when nobody waits any more',
    inject: withPartner(gateway, 'too-late'),
  },
  {
    name: 'sms-garbage',
    about: 'the SMS gateway answers with a page of something else',
    inject: withPartner(gateway, 'garbage'),
  },

  {
    name: 'partners-gone-long',
    about: 'Dukcapil and the SMS gateway are gone for a minute and a half',
    seconds: 90,
    inject: async (world) => {
      const undo = [await withPartner(registry, 'gone')(world), await withPartner(gateway, 'gone')(world)];
      return async () => {
        for (const one of undo) await one();
      };
    },
  },

  { name: 'idle', about: '2,000 connections that say nothing', inject: (world) => holdIdle(second(world).port, 2000) },
  {
    name: 'slow-headers',
    about: '200 requests whose headers come a byte a second',
    inject: (world) => sendHeadersSlowly(second(world).port, 200),
  },
  {
    name: 'slow-readers',
    about: '200 answers that nobody reads',
    inject: (world) => readSlowly(second(world).port, 200),
  },
  {
    name: 'flood',
    about: '50 connections at a time, opened and thrown away',
    inject: (world) => flood(second(world).port, 50),
  },
];

export const fits = ({ carriers, isPossible }: Scenario, carrier: Carrier): boolean =>
  (carriers?.includes(carrier) ?? true) && (isPossible?.() ?? true);
