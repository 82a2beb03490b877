import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LoggedEvent } from '../../domain/log-event.ts';
import type { Clock } from '../clock/clock.ts';
import type { Fault } from './faults.ts';
import { fixtures, furtherFixtures, readResidents, type Resident } from './residents.ts';
import { answerTo, createQuota, envelope, type Access } from './simulated-answers.ts';

export interface SimulatorOptions extends Access {
  /** 0 takes a free port. */
  readonly port: number;
  readonly residentsFile?: string | undefined;
  /** Calls a day. */
  readonly quota: number;
  readonly clock: Clock;
  /** The kind of run, `NODE_ENV`: in production it does not start. */
  readonly environment: string;
  readonly log?: { info(fields: LoggedEvent, message: string): void };
  /** How long the endings 9504 and 9597 keep the caller waiting. */
  readonly delays?: { readonly hangMs: number; readonly slowMs: number };
}

export interface Simulator {
  readonly url: string;
  readonly port: number;
  residents(): readonly Resident[];
  close(): Promise<void>;
}

const LARGEST_REQUEST_BYTES = 65_536;
const HUGE_ANSWER_BYTES = 1_048_576;

function institutionIn(path: string): string | undefined {
  const name = /^\/dukcapil\/get_json\/([^/]+)\/CALL_VERIFY_BY_ELEMEN$/.exec(path)?.[1];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_REQUEST_BYTES) throw new RangeError('request too large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: string, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });

/**
 * Starts the simulated civil registry on loopback: the same path and answers as the real one, for invented people,
 * with a fault for every kind of bad day (`faults.ts`).
 *
 * @throws {Error} in production.
 * @throws {ResidentsFileError} where the file of further residents cannot be used.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  if (options.environment === 'production')
    throw new Error('the simulated civil registry does not start in production');
  const { log, delays = { hangMs: 30_000, slowMs: 3000 } } = options;
  const further = options.residentsFile === undefined ? [] : await readResidents(options.residentsFile);
  const residents = new Map([...fixtures, ...furtherFixtures, ...further].map((resident) => [resident.nik, resident]));
  const quota = createQuota(options.quota, options.clock);
  const waiting = new Set<NodeJS.Timeout>();

  const after = (ms: number, action: () => void): void => {
    const timer = setTimeout(() => {
      waiting.delete(timer);
      action();
    }, ms);
    waiting.add(timer);
  };

  function respond(response: ServerResponse, answer: string, act: Fault['act'] | undefined): void {
    switch (act?.kind) {
      case 'status':
        send(response, act.status, act.html, 'text/html');
        return;
      case 'hang':
        after(delays.hangMs, () => response.destroy());
        return;
      case 'slow':
        after(delays.slowMs, () => {
          send(response, 200, answer);
        });
        return;
      case 'cut-connection':
        response.destroy();
        return;
      case 'empty-content':
        send(response, 200, JSON.stringify(envelope([], quota.left())));
        return;
      case 'cut-json':
        send(response, 200, answer.slice(0, answer.length / 2));
        return;
      case 'huge':
        // Good JSON that would verify: nothing but its size is wrong.
        send(response, 200, answer.padEnd(HUGE_ANSWER_BYTES));
        return;
      case 'failure':
      case 'verdicts':
      case undefined:
        send(response, 200, answer);
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const institution = institutionIn(request.url ?? '');
    if (institution === undefined) {
      send(response, 404, '');
    } else if (request.method !== 'POST') {
      send(response, 405, '');
    } else {
      const { content, fault } = answerTo(await readBody(request), institution, { access: options, quota, residents });
      log?.info(
        { event: 'simulator.answered', responseCode: content.RESPONSE_CODE, fault: fault?.ending },
        'simulated civil registry answered',
      );
      respond(response, JSON.stringify(envelope([content], quota.left())), fault?.act);
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (error instanceof RangeError) send(response, 413, '');
      else response.destroy();
    });
  });
  const port = await listen(server, options.port);

  return {
    url: `http://127.0.0.1:${String(port)}`,
    port,
    residents: () => [...residents.values()],
    close: () =>
      new Promise((resolve) => {
        for (const timer of waiting) clearTimeout(timer);
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
