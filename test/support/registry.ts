import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { loadConfig, type Config } from '../../src/config.ts';
import type { PersonName } from '../../src/domain/name.ts';
import type { Nik } from '../../src/domain/nik.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import {
  RegistryUnavailable,
  type CivilRegistry,
  type IdentityClaim,
} from '../../src/ports/civil-registry/civil-registry.ts';
import { createDukcapilRegistry, type DukcapilOptions } from '../../src/ports/civil-registry/dukcapil.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/ports/civil-registry/simulator.ts';
import { systemClock } from '../../src/ports/clock/clock.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import type { Certificate } from '../../src/dev/certificate.ts';

export const budi = { nik: '9901010101900001', name: 'Budi Contoh Santoso', mother: 'Siti Contoh Aminah' };

export const claimOf = ({ nik, name, mother }: { nik: string; name: string; mother: string }): IdentityClaim => ({
  nik: sensitive(nik as Nik),
  name: sensitive(name as PersonName),
  motherName: sensitive(mother as PersonName),
});

const registryConfig = (changes: Partial<Config['dukcapil']> = {}): Config['dukcapil'] => ({
  ...loadConfig({}).dukcapil,
  ...changes,
});

const opened: { close(): Promise<unknown> }[] = [];

/** Closes whatever the test opened, the clients before the servers. */
export async function closeAll(): Promise<void> {
  for (const thing of opened.splice(0).reverse()) await thing.close();
}

export function connect(
  url: string,
  changes: Partial<Config['dukcapil']> = {},
  options: Partial<DukcapilOptions> = {},
): CivilRegistry {
  const registry = createDukcapilRegistry({
    config: registryConfig(changes),
    url,
    clock: systemClock,
    random: systemRandom,
    ...options,
  });
  opened.push(registry);
  return registry;
}

export async function simulate(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const { userId, password, ip, institution } = registryConfig();
  const simulator = await startSimulator({
    port: 0,
    userId,
    password,
    ip,
    institution,
    quota: 1000,
    clock: systemClock,
    environment: 'test',
    delays: { hangMs: 60_000, slowMs: 10 },
    ...options,
  });
  opened.push(simulator);
  return simulator;
}

const listening = (server: Server | NetServer): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });

/** Serves on loopback until `closeAll`; with a certificate over TLS. Returns the address. */
export async function serve(listener: RequestListener, certificate?: Certificate): Promise<string> {
  const server =
    certificate === undefined
      ? createServer(listener)
      : createTlsServer({ cert: certificate.cert, key: certificate.key }, listener);
  const port = await listening(server);
  opened.push({
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  });
  return `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`;
}

/** Serves raw connections on loopback until `closeAll`. Returns the port. */
export async function serveConnections(server: NetServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  const port = await listening(server);
  opened.push({
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      }),
  });
  return port;
}

export const goodAnswer = JSON.stringify({
  content: [{ NIK: 'Sesuai', NAMA_LGKP: 'Sesuai (100)', NAMA_LGKP_IBU: 'Sesuai (100)' }],
  quotaLimiter: 48_210,
});

export const answerWell: RequestListener = (request, response) => {
  request.resume();
  response.end(goodAnswer);
};

export const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> =>
  JSON.parse(await text(request)) as Record<string, unknown>;

/** A server that leaves every request unanswered until the test takes it up. */
export function createReception(): {
  readonly listener: RequestListener;
  readonly waiting: ServerResponse[];
  arrived(count: number): Promise<void>;
} {
  const waiting: ServerResponse[] = [];
  let notify = (): void => undefined;
  return {
    waiting,
    listener: (request, response) => {
      request.resume();
      waiting.push(response);
      notify();
    },
    arrived: (count) =>
      new Promise((resolve) => {
        notify = () => {
          if (waiting.length >= count) resolve();
        };
        notify();
      }),
  };
}

/** The verdict, or the trouble, or the name of the error of a caller who gave up. */
export async function outcomeOf(call: Promise<{ verdict: string }>): Promise<string> {
  try {
    return (await call).verdict;
  } catch (error) {
    if (error instanceof RegistryUnavailable) return error.trouble;
    return error instanceof Error ? error.name : String(error);
  }
}
