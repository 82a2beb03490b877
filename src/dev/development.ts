import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import type { Core } from '../core.ts';
import { PORTAL_CLIENT_ID, type Client } from '../domain/client.ts';
import { fixtures } from '../ports/civil-registry/residents.ts';
import type { RunningServer } from '../server.ts';
import { sampleSecret, seed } from './seed.ts';

const SAMPLE_SERVICE = fileURLToPath(new URL('./sample-service/main.ts', import.meta.url));
const STOP_MS = 3000;

/** The sample service is a stranger to the sign-on: a process of its own that knows its client id and secret. */
function startSampleService(core: Core, clients: readonly Client[]): ChildProcess {
  const { config } = core;
  const services = clients
    .filter(({ id }) => id !== PORTAL_CLIENT_ID)
    .map(({ id, secrets, metadata, listing }, index) => ({
      client_id: id,
      client_secret: secrets.length === 0 ? undefined : sampleSecret(core, id).reveal(),
      name: metadata.client_name,
      base: index === 0 ? '/' : '/skillhub',
      scope: metadata.scope,
      about: listing === undefined ? undefined : { id: listing.id, en: listing.en },
    }));
  // The first of them has a test stage too, which signs in at the sandbox.
  const [first] = services;
  const stages =
    first === undefined
      ? []
      : [{ ...first, name: `${first.name} · uji`, base: '/uji', issuer: `${config.http.issuer}/sandbox` }];
  return spawn(process.execPath, [SAMPLE_SERVICE], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: config.environment,
      ISSUER: config.http.issuer,
      SAMPLE_SERVICE_PORT: String(config.sampleService.port),
      SAMPLE_CLIENTS: JSON.stringify([...services, ...stages]),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Ctrl-C reaches the whole group; the sign-on stops its helpers itself, in order.
    detached: true,
  });
}

function stopProcess(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/**
 * Where what is served in development alone is looked at: a proxy in front hides it, as deploy/nginx does, and no other
 * way leads to a name that is not known here.
 */
const ownAddress = ({ http }: Config, port: number): string =>
  http.trustProxy === 0 ? http.issuer : `http://${http.host}:${port}`;

interface Samples {
  readonly url: string;
  readonly citizens: Awaited<ReturnType<typeof seed>>['citizens'];
}

/** What a newcomer needs to try everything, as the terminal shows it. */
function welcome(
  config: Config,
  { simulator, port }: Pick<RunningServer, 'simulator' | 'port'>,
  samples: Samples | undefined,
): string {
  const { issuer } = config.http;
  const own = ownAddress(config, port);
  const [newcomer] = fixtures;
  const lines: [string, string][] = [
    ...(samples === undefined ? [] : [['Sample service', samples.url] as [string, string]]),
    ['Sign-on, portal', issuer],
    ['Sandbox', `${issuer}/sandbox${samples === undefined ? '' : `, tried at ${samples.url}/uji`}`],
    ['SMS and e-mail', `${own}/dev/outbox`],
    ['Civil registry', `${own}/dev/registry${simulator === undefined ? '' : `  (${simulator.url})`}`],
    ['Every page', `${own}/dev/gallery`],
  ];
  if (newcomer !== undefined)
    lines.push(['To register', `NIK ${newcomer.nik}, ${newcomer.name}, mother ${newcomer.mother}`]);
  const citizens = samples?.citizens ?? [];
  const [operators, others] = [
    citizens.filter(({ roles }) => roles.length > 0),
    citizens.filter(({ roles }) => roles.length === 0),
  ];
  for (const { nik, email, password } of others)
    lines.push(['To sign in', `${email} or NIK ${nik}, password ${password}`]);
  for (const { email, password } of operators)
    lines.push(['To administer', `${issuer}/admin as ${email}, password ${password}`]);
  if (samples === undefined)
    lines.push([
      'To administer',
      `${issuer}/admin; whoever has registered becomes an operator by: sso operator grant <e-mail> administrator`,
    ]);
  const width = Math.max(...lines.map(([label]) => label.length));
  return [
    '',
    'SIAPkerja SSO is up, for development only: every key and person here is invented.',
    ...lines.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
    '  Ctrl-C stops it all; what was made stays.',
    '',
    '',
  ].join('\n');
}

/** The sample service is made of what the product itself does without; `npm ci --omit=dev` leaves it out. */
function demandItsPackages(): void {
  try {
    import.meta.resolve('openid-client');
  } catch (cause) {
    throw new Error('The sample service needs the development dependencies: run npm ci, or set SAMPLES=false.', {
      cause,
    });
  }
}

/** Seeds, starts the sample service and says where everything is. */
export async function startDevelopment(server: RunningServer, config: Config): Promise<{ close(): Promise<void> }> {
  if (!config.sampleService.enabled) {
    process.stdout.write(welcome(config, server, undefined));
    return { close: () => Promise.resolve() };
  }
  demandItsPackages();
  const { citizens, clients } = await seed(server.container);
  const sample = startSampleService(server.container, clients);
  process.stdout.write(welcome(config, server, { url: `http://localhost:${config.sampleService.port}`, citizens }));
  return { close: () => stopProcess(sample) };
}
