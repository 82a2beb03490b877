/**
 * Every setting of the product: type, default, environment variable, description. The larger groups stand in
 * `settings/`. `docs/configuration.md` is generated from them; `config.ts` reads values for them.
 */
import { dukcapilSettings, simulatorSettings } from './settings/civil-registry.ts';
import { httpSettings, overloadSettings } from './settings/http.ts';
import { choice, command, flag, list, numbers, optional, optionalLink, text, whole, zone } from './settings/kinds.ts';
import { limitsSettings, otpSettings } from './settings/limits.ts';
import { smsSettings } from './settings/sms.ts';
import { databaseSettings, redisSettings } from './settings/stores.ts';

const PROVINCES = ['11-19', '21', '31-36', '51-54', '61-65', '71-76', '81', '82', '91-96'];

export const settings = {
  environment: choice(
    ['development', 'test', 'production'],
    'development',
    'Kind of run; production refuses everything made for development.',
    { env: 'NODE_ENV' },
  ),
  dataDir: text('.data', 'Embedded database and development keys.', { env: 'DATA_DIR' }),

  http: httpSettings,
  overload: overloadSettings,
  database: databaseSettings,
  redis: redisSettings,

  keyring: optional(
    'Keys for personal data, blind index and cookies: a file path or the JSON itself; unset makes one in the data directory (not in production).',
    { env: 'KEYRING', secret: true },
  ),

  keyringCommand: command(
    'Program that prints the keyring, in the place of KEYRING: words apart by spaces, or a JSON array. It runs without a shell, once at each start.',
    { env: 'KEYRING_COMMAND', example: 'vault kv get -field=keyring secret/sso' },
  ),
  keyringCommandTimeoutMs: whole(10_000, 'Longest it may take.', { env: 'KEYRING_COMMAND_TIMEOUT_MS', min: 100 }),

  keys: {
    rotationDays: whole(90, 'How long a key signs tokens before the next takes over.', {
      env: 'KEYS_ROTATION_DAYS',
      min: 1,
      max: 3650,
    }),
    leadSeconds: whole(
      604_800,
      'How long a key is published before it signs, at least; services must have fetched the keys once in that time.',
      { env: 'KEYS_LEAD_SECONDS', min: 600 },
    ),
    retiredSeconds: whole(
      86_400,
      'How long a key that signs no more stays published: longer than the longest token lives.',
      { env: 'KEYS_RETIRED_SECONDS', min: 7200 },
    ),
    jwksSeconds: whole(300, 'How long services and proxies may keep our keys and discovery (`max-age`).', {
      env: 'KEYS_CACHE_SECONDS',
      max: 86_400,
    }),
  },

  dukcapil: dukcapilSettings,

  simulator: simulatorSettings,

  sampleService: {
    enabled: flag(
      true,
      'Make the services and people of `config/seed` at each start, and run the sample service; `false` begins empty, to try out an installation.',
      { env: 'SAMPLES' },
    ),
    port: whole(3001, 'Port of the sample service.', { env: 'SAMPLE_SERVICE_PORT', max: 65_535 }),
  },

  sms: smsSettings,

  mail: {
    smtpUrl: optionalLink(/^smtps?$/, 'SMTP server; unset uses the outbox.', {
      env: 'SMTP_URL',
      example: 'smtps://user:…@mail.internal',
      secret: true,
    }),
    from: text('SIAPkerja ID <tidak-dibalas@contoh.test>', 'Sender of e-mail.', { env: 'MAIL_FROM' }),
  },

  courier: {
    pollMs: whole(1000, 'How often the queue is looked at besides the wake-up after a commit.', { min: 10 }),
    leaseSeconds: whole(
      30,
      'How long one process owns a message it is sending; one that dies leaves it lying so long.',
      { min: 1 },
    ),
    retrySeconds: numbers(
      [2, 5, 15, 45, 120, 600, 1800, 7200],
      'Waits between tries; after the last the message is given up. A code waits 30 seconds at most, and is tried until it expires.',
    ),
    batch: whole(20, 'Messages claimed at once.', { min: 1 }),
  },

  identity: {
    allowTestRange: flag(true, 'Accept NIKs that begin with 99.', { env: 'NIK_ALLOW_TEST_RANGE' }),
    minAge: whole(15, 'Youngest age that may register.', { env: 'MIN_AGE' }),
    provinces: list(PROVINCES, 'Province codes a NIK may begin with.', { env: 'NIK_PROVINCES' }),
    timeZone: zone('Asia/Jakarta', 'Zone in which times are shown.', { env: 'TIME_ZONE' }),
  },

  password: {
    profile: choice(
      ['kemnaker', 'modern'],
      'kemnaker',
      "Rules for new passwords: the guide's five, or 15 characters of any kind.",
      { env: 'PASSWORD_PROFILE' },
    ),
    passphrase: flag(false, 'A passphrase of 20 or more characters satisfies the kemnaker profile too.', {
      env: 'PASSWORD_PASSPHRASE',
    }),
    memoryKib: whole(19_456, 'Argon2id memory.', { env: 'ARGON2_MEMORY_KIB', min: 8 }),
    passes: whole(2, 'Argon2id passes.', { env: 'ARGON2_PASSES', min: 1 }),
    parallelism: whole(1, 'Argon2id lanes.', { env: 'ARGON2_PARALLELISM', min: 1 }),
    slots: whole(0, 'Hashes at once in one process; 0 takes the processors less one.', { env: 'PASSWORD_SLOTS' }),
    queue: whole(64, 'Hashes that may wait for a slot.', { env: 'PASSWORD_QUEUE' }),
    deadlineMs: whole(8000, 'Longest wait for a slot.', { min: 10 }),
  },

  otp: otpSettings,

  limits: limitsSettings,

  recoveryRequests: {
    enabled: flag(
      true,
      'Let people who have lost number and address at once ask for their account; two officers decide at the console.',
      { env: 'RECOVERY_REQUESTS' },
    ),
    waitSeconds: whole(86_400, 'How long the holder of an account can object before it is given away.', {
      env: 'RECOVERY_REQUEST_WAIT_SECONDS',
      min: 3600,
    }),
    decideDays: whole(14, 'After so many days a request that nobody has decided lapses.', {
      env: 'RECOVERY_REQUEST_DAYS',
      min: 2,
      max: 90,
    }),
    keptDays: whole(90, 'How long a request that is done with is shown; the audit log keeps it longer.', {
      env: 'RECOVERY_REQUEST_KEPT_DAYS',
      min: 1,
      max: 3650,
    }),
  },

  lifetimes: {
    interactionSeconds: whole(3600, 'How long a sign-in may take.', { min: 60 }),
    draftSeconds: whole(86_400, 'How long an unfinished registration is kept.', { min: 60 }),
    sessionSeconds: whole(1_209_600, 'How long a session lasts on a personal device.', { min: 60 }),
    offlineSeconds: whole(
      7_776_000,
      'How long a service that may act while the person is away (`offline_access`) can do so before it asks again.',
      { env: 'OFFLINE_ACCESS_SECONDS', min: 3600 },
    ),
    resumeSeconds: whole(86_400, 'How long an expired sign-in can be taken up again.', { min: 60 }),
    auditMonths: whole(
      60,
      'How long the audit log and the evidence of identity checks are kept, in months; then whole months are removed. 0 keeps them for ever. What the privacy notice says is five years.',
      { env: 'AUDIT_RETENTION_MONTHS', max: 1200 },
    ),
    deviceSeconds: whole(34_128_000, 'How long a device is remembered.', { min: 60 }),
    formerAccountDays: whole(
      730,
      'How long a record of a former system waits for its person; then it is removed. 0 keeps it for ever.',
      { env: 'FORMER_ACCOUNT_DAYS', max: 36_500 },
    ),
  },
  sandbox: {
    enabled: flag(
      true,
      'Offer the sandbox: an issuer of its own at `/sandbox` with invented people, where services try their sign-in.',
      { env: 'SANDBOX' },
    ),
  },
  console: {
    signInSeconds: whole(28_800, 'How long ago an operator may have signed in; after that the console asks again.', {
      env: 'CONSOLE_SIGN_IN_SECONDS',
      min: 300,
    }),
  },
  outbound: {
    allow: list(
      [],
      'Hosts or CIDR ranges in private address space that calls to addresses of services (back-channel logout, keys) may reach; loopback may be reached outside production.',
      { env: 'OUTBOUND_ALLOW' },
    ),
  },

  help: {
    phone: text('1500630', 'Telephone number of the help desk.', { env: 'HELP_PHONE' }),
    email: text('bantuan@contoh.test', 'E-mail address of the help desk.', { env: 'HELP_EMAIL' }),
    dataOfficer: text('dpo@contoh.test', 'E-mail address of the data protection officer.', { env: 'DPO_EMAIL' }),
  },

  metrics: {
    host: text(
      '127.0.0.1',
      'Address on which monitoring asks for `/metrics`, `/healthz` and `/readyz`; nothing of it is for the public.',
      { env: 'METRICS_HOST' },
    ),
    port: whole(9464, 'Port of it; `off` serves none.', { env: 'METRICS_PORT', max: 65_535 }),
  },

  tracing: {
    endpoint: optionalLink(
      /^https?$/,
      'Base address of an OpenTelemetry collector (OTLP over HTTP); unset traces nothing.',
      { env: 'OTEL_EXPORTER_OTLP_ENDPOINT', example: 'http://127.0.0.1:4318' },
    ),
    percent: whole(10, 'How many of a hundred requests are traced, where no proxy has decided.', {
      env: 'TRACES_PERCENT',
      max: 100,
    }),
  },

  log: {
    level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', 'Least level written.', {
      env: 'LOG_LEVEL',
    }),
  },
} as const;
