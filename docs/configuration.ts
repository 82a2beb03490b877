import { z } from 'zod';
import { ConfigError, flattenSettings, loadConfig, type FlatSetting } from '../src/config.ts';
import type { settings } from '../src/settings.ts';
import { cell, code, table } from './markdown.ts';
import type { Problem } from '../src/settings/problems.ts';

/** What a group is about; a group without its line here does not compile. */
const groups: Readonly<
  Record<
    Exclude<
      keyof typeof settings,
      'environment' | 'dataDir' | 'keyring' | 'keyringCommand' | 'keyringCommandTimeoutMs'
    >,
    string
  >
> = {
  http: 'Where the server listens and under which address people and services know it.',
  overload: 'What one process takes on before it refuses; see [ADR 26](adr/0026-overload.md).',
  database: 'PostgreSQL.',
  redis: 'Redis in the place of PostgreSQL for protocol state and counters; see [ADR 22](adr/0022-redis.md).',
  keys: 'The keys that sign tokens; see [operasi/keys.md](operasi/keys.md).',
  dukcapil: 'The civil registry; see [civil-registry.md](civil-registry.md).',
  simulator: 'The simulated civil registry; not in production.',
  sampleService: 'The samples of development; not in production.',
  sms: 'How text messages leave, and how their gateway reports what became of them; see [monitoring.md](operasi/monitoring.md#receipts-of-the-sms-gateway).',
  mail: 'How e-mail leaves.',
  courier: 'The queue of messages on their way.',
  identity: 'Who may register, and how times are shown.',
  password: 'Rules for new passwords and the price of hashing them.',
  otp: 'One-time codes.',
  limits: 'How often something may be tried.',
  recoveryRequests:
    'Requests for an account by people who have lost number and address; see [ADR 49](adr/0049-an-account-without-its-contacts.md).',
  lifetimes: 'How long something lasts.',
  sandbox: 'An issuer of its own for trying things out, at `/sandbox`.',
  console: 'The operators’ console at `/admin`.',
  outbound: 'Where calls to the outside may go.',
  help: 'Whom people can turn to, as pages and messages say.',
  metrics: 'Figures for Prometheus; see [monitoring.md](operasi/monitoring.md).',
  tracing: 'OpenTelemetry; see [ADR 27](adr/0027-tracing.md).',
  log: 'The log.',
};

type Schema = Readonly<{
  type?: string;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  format?: string;
  description?: string;
  items?: Schema;
}>;

/** The values a setting takes, in words, as its schema says. */
function valuesOf({ setting }: FlatSetting): string {
  const {
    type,
    enum: choices,
    minimum = 0,
    maximum = Number.MAX_SAFE_INTEGER,
    format,
    description,
    items,
  } = z.toJSONSchema(setting.type, { unrepresentable: 'any' }) as Schema;
  if (description !== undefined) return description;
  if (choices !== undefined) return choices.map(code).join(', ');
  switch (type) {
    case 'integer':
      return maximum >= Number.MAX_SAFE_INTEGER
        ? minimum > 0
          ? `whole number from ${minimum}`
          : 'whole number'
        : `${minimum} to ${maximum}`;
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return items?.type === 'integer' ? 'whole numbers with commas' : 'list with commas';
    case 'object':
      return 'JSON object';
    default:
      return format === 'uri' ? 'http(s) address' : 'text';
  }
}

function fallbackOf({ setting: { fallback } }: FlatSetting): string {
  if (fallback === undefined) return 'unset';
  if (Array.isArray(fallback)) return fallback.length === 0 ? 'empty' : code(fallback.join(','));
  return code(typeof fallback === 'object' ? JSON.stringify(fallback) : fallback);
}

const rowOf = (flat: FlatSetting): readonly string[] => {
  const { path, setting } = flat;
  const about = setting.secret === true ? `${setting.about} Secret.` : setting.about;
  return [
    setting.env === undefined ? '' : code(setting.env),
    code(path),
    fallbackOf(flat),
    valuesOf(flat),
    cell(about),
    setting.example === undefined ? '' : code(setting.example),
  ];
};

const tableOf = (rows: readonly FlatSetting[]): string =>
  table(['Variable', 'Setting', 'Default', 'Values', 'Meaning', 'Example'], rows.map(rowOf));

/** What production demands, asked of production itself. */
function demands(): readonly Problem[] {
  try {
    loadConfig({
      NODE_ENV: 'production',
      NIK_ALLOW_TEST_RANGE: 'true',
      ARGON2_MEMORY_KIB: '8',
      AUDIT_RETENTION_MONTHS: '1',
    });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** `docs/configuration.md`, from `src/settings.ts`. */
export function configurationPage(): string {
  const all = flattenSettings();
  const general = all.filter(({ path }) => !path.includes('.'));
  const sections = Object.entries(groups).map(
    ([group, about]) => `## ${group}\n\n${about}\n\n${tableOf(all.filter(({ path }) => path.startsWith(`${group}.`)))}`,
  );
  return `# Configuration

Made by \`npm run docs\` from \`src/settings.ts\`; change it there.

A value comes from the environment variable, or else from \`config/<NODE_ENV>.json\`, or else it is the default. A setting
without a variable is changed in that file, under its path: \`{ "otp": { "ttlSeconds": 240 } }\`. A file \`.env\` in the
working directory is read at start. An empty variable counts as unset. What is marked *Secret* may
lie in a file instead, which the variable with \`_FILE\` at its end names: \`DATABASE_URL_FILE=/run/secrets/database-url\`.
Mistakes are reported all at once, each with what is wrong and an example, and nothing starts.

## What production demands

With \`NODE_ENV=production\` the sign-on does not start until all of this is in order:

${table(
  ['Variable', 'Why', 'Example'],
  demands().map(({ name, what, example }) => [code(name), cell(what), code(example)]),
)}

\`DUKCAPIL_CA\` is demanded with an https address of the registry, \`SMS_HTTP_URL\` with \`SMS_DRIVER=http\`; \`SMS_SMPP_URL\`, \`SMS_SMPP_SYSTEM_ID\`, \`SMS_SMPP_PASSWORD\` and \`SMS_SMPP_SOURCE\` with \`SMS_DRIVER=smpp\`.

## General

${tableOf(general)}

${sections.join('\n\n')}
`;
}
