/**
 * Every setting of the product, one line each: type, default, environment variable, description.
 * `docs/configuration.md` is generated from this file; `config.ts` reads values for it.
 */
import { choice, command, database, endpoints, flag, link, list, numbers, optional, optionalLink, ranges, record, text, whole, zone } from './setting-kinds.ts';
import { smsSettings } from './sms-settings.ts';

const PROVINCES = ['11-19', '21', '31-36', '51-54', '61-65', '71-76', '81', '82', '91-96'];

export const settings = {
  environment: choice(['development', 'test', 'production'], 'development', 'Kind of run; production refuses everything made for development.', { env: 'NODE_ENV' }),
  dataDir: text('.data', 'Embedded database and development keys.', { env: 'DATA_DIR' }),

  http: {
    host: text('127.0.0.1', 'Address the server listens on.', { env: 'HOST' }),
    port: whole(3000, 'Port the server listens on; 0 takes a free one.', { env: 'PORT', max: 65_535 }),
    issuer: link('http://localhost:3000', 'Public address of the sign-on and its OpenID issuer.', { env: 'ISSUER', example: 'https://account.kemnaker.go.id' }),
    trustProxy: whole(0, 'Number of proxies in front whose forwarding headers count.', { env: 'TRUST_PROXY', max: 10 }),
    bodyLimitBytes: whole(16_384, 'Largest form accepted.', { min: 1024 }),
    drainDelaySeconds: whole(0, 'How long a stop goes on serving after `/readyz` says so, until no proxy sends anybody any more.', { env: 'DRAIN_DELAY_SECONDS' }),
    drainSeconds: whole(10, 'How long a stop waits for requests under way.', { env: 'DRAIN_SECONDS' }),
    maxConnections: whole(4000, 'Most connections of one process; further ones are closed at once.', { env: 'MAX_CONNECTIONS', min: 1 }),
    headersTimeoutMs: whole(10_000, 'Longest the head of a request may take to arrive.', { env: 'HEADERS_TIMEOUT_MS', min: 10 }),
    requestTimeoutMs: whole(30_000, 'Longest a whole request may take to arrive, body included.', { env: 'REQUEST_TIMEOUT_MS', min: 10 }),
    idleTimeoutMs: whole(60_000, 'Longest nothing may move on a connection during a request: longer than the longest answer takes to make.', { env: 'IDLE_TIMEOUT_MS', min: 10 }),
    keepAliveMs: whole(75_000, 'How long a connection is kept between requests: longer than the proxy keeps it, since the side that closes first must not be this one.', { env: 'KEEP_ALIVE_MS', min: 10 }),
  },

  overload: {
    requests: whole(400, 'Requests that one process works on at once; beyond it what is new is refused (503), and what belongs to a sign-in under way at twice as many.', { env: 'OVERLOAD_REQUESTS', min: 1 }),
    lagMs: whole(250, 'Delay of the event loop from which on what is new is refused, and what is under way at twice as much.', { env: 'OVERLOAD_LAG_MS', min: 10 }),
  },

  database: {
    url: database('PostgreSQL 14 or newer, one server that writes (several: docs/operasi/install.md); unset starts the embedded one.', { env: 'DATABASE_URL', example: 'postgres://sso:…@db.internal/sso', secret: true }),
    directUrl: database('The same database past a pooler (PgBouncer in transaction mode) that `DATABASE_URL` names: for migrations and for hearing what other instances change. With it, connections of `DATABASE_URL` keep nothing between transactions: no named statements, and no time limits sent at the start (the pooler sets them: docs/operasi/install.md).', { env: 'DATABASE_DIRECT_URL', example: 'postgres://sso:…@db.internal:5432/sso', secret: true }),
    replicaUrl: database('A read replica of the same database. Reports are counted there, so that half a year of sign-ins costs the database nothing; what they show may be some seconds old. Unset counts them in the database itself.', { env: 'DATABASE_REPLICA_URL', example: 'postgres://sso:…@replica.internal/sso', secret: true }),
    poolMax: whole(10, 'Most connections of one process.', { env: 'DATABASE_POOL_MAX', min: 2 }),
    statementTimeoutMs: whole(15_000, 'Longest a statement may run, waits for locks included: a little less than people wait for a page.', { env: 'DATABASE_STATEMENT_TIMEOUT_MS', min: 100 }),
    lockTimeoutMs: whole(5000, 'Longest a statement may wait for a lock: whoever holds one in the product does for milliseconds, so this is a migration or a hand at the database, and connections must not be used up by waiting for it.', { env: 'DATABASE_LOCK_TIMEOUT_MS', min: 100 }),
    idleInTransactionTimeoutMs: whole(30_000, 'Longest a transaction may stand still before the database ends it and frees its locks: that of a process that hangs.', { env: 'DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_MS', min: 1000 }),
  },

  redis: {
    url: optionalLink(/^rediss?$/, 'Redis 7.0 or newer for protocol state and counters; unset, as the cluster and the Sentinels are, leaves both in PostgreSQL.', { env: 'REDIS_URL', example: 'rediss://sso:…@redis.internal', secret: true }),
    cluster: endpoints('Nodes of a Redis Cluster to begin with, in the place of one server.', { env: 'REDIS_CLUSTER', example: '10.0.0.11:6379,10.0.0.12:6379,10.0.0.13:6379' }),
    sentinels: endpoints('Sentinels that know the master, in the place of one server.', { env: 'REDIS_SENTINELS', example: '10.0.0.11:26379,10.0.0.12:26379,10.0.0.13:26379' }),
    sentinelName: optional('Name under which the Sentinels know the master.', { env: 'REDIS_SENTINEL_NAME', example: 'sso' }),
    username: optional('User at a cluster or behind Sentinels (one server has it in its address).', { env: 'REDIS_USERNAME' }),
    password: optional('Password of it.', { env: 'REDIS_PASSWORD', secret: true }),
    sentinelPassword: optional('Password of the Sentinels themselves.', { env: 'REDIS_SENTINEL_PASSWORD', secret: true }),
    tls: flag(false, 'TLS to a cluster or Sentinels (one server says `rediss:` in its address).', { env: 'REDIS_TLS' }),
    ca: optional('PEM file of the certificate authority (or the certificate itself) that signs Redis; unset trusts the public ones.', { env: 'REDIS_CA' }),
    prefix: text('sso:', 'Stands before every key.', { env: 'REDIS_PREFIX' }),
    timeoutMs: whole(1000, 'Longest wait for an answer of Redis, a new connection included.', { env: 'REDIS_TIMEOUT_MS', min: 10 }),
  },

  keyring: optional('Keys for personal data, blind index and cookies: a file path or the JSON itself; unset makes one in the data directory (not in production).', { env: 'KEYRING', secret: true }),

  keyringCommand: command('Program that prints the keyring, in the place of KEYRING: words apart by spaces, or a JSON array. It runs without a shell, once at each start.', { env: 'KEYRING_COMMAND', example: 'vault kv get -field=keyring secret/sso' }),
  keyringCommandTimeoutMs: whole(10_000, 'Longest it may take.', { env: 'KEYRING_COMMAND_TIMEOUT_MS', min: 100 }),

  keys: {
    rotationDays: whole(90, 'How long a key signs tokens before the next takes over.', { env: 'KEYS_ROTATION_DAYS', min: 1, max: 3650 }),
    leadSeconds: whole(604_800, 'How long a key is published before it signs, at least; services must have fetched the keys once in that time.', { env: 'KEYS_LEAD_SECONDS', min: 600 }),
    retiredSeconds: whole(86_400, 'How long a key that signs no more stays published: longer than the longest token lives.', { env: 'KEYS_RETIRED_SECONDS', min: 7200 }),
    jwksSeconds: whole(300, 'How long services and proxies may keep our keys and discovery (`max-age`).', { env: 'KEYS_CACHE_SECONDS', max: 86_400 }),
  },

  dukcapil: {
    url: optionalLink(/^https?$/, 'Base address of the civil registry web service; unset uses the simulator.', { env: 'DUKCAPIL_URL', example: 'https://10.20.30.40:8000' }),
    institution: text('KEMNAKER', 'Institution in the path of the service.', { env: 'DUKCAPIL_INSTITUTION' }),
    userId: text('SIM-USER-01', 'User id given by Dukcapil.', { env: 'DUKCAPIL_USER_ID' }),
    password: text('sim-password', 'Password given by Dukcapil.', { env: 'DUKCAPIL_PASSWORD', secret: true }),
    ip: text('127.0.0.1', 'Registered address of the calling host.', { env: 'DUKCAPIL_IP' }),
    ca: optional('PEM file of the certificate authority (or the certificate itself) that signs the service.', { env: 'DUKCAPIL_CA' }),
    headers: record({}, 'Further request headers, as a JSON object.', { env: 'DUKCAPIL_HEADERS', secret: true }),
    keyStyle: choice(['upper', 'mixed'], 'upper', 'Spelling of the body fields.', { env: 'DUKCAPIL_KEY_STYLE' }),
    nameMin: whole(90, 'Least similarity of the full name.', { env: 'DUKCAPIL_NAME_MIN', max: 100 }),
    motherMin: whole(90, "Least similarity of the mother's name.", { env: 'DUKCAPIL_MOTHER_MIN', max: 100 }),
    connectTimeoutMs: whole(3000, 'Longest wait for a connection.', { min: 10 }),
    timeoutMs: whole(10_000, 'Longest wait for an answer.', { min: 10 }),
    maxAnswerBytes: whole(65_536, 'Largest answer read.', { min: 1024 }),
    maxConcurrent: whole(20, 'Most calls in flight of one process.', { min: 1 }),
    queueWaitMs: whole(2000, 'Longest wait for a free place among them.'),
    breakerFailures: whole(5, 'Failures that open the circuit.', { min: 1 }),
    breakerWindowMs: whole(30_000, 'Window in which they count.', { min: 100 }),
    breakerOpenMs: whole(30_000, 'How long the circuit stays open before one probe.', { min: 10 }),
    policyVersion: text('2026-1', 'Version of the matching policy, kept as evidence.'),
  },

  simulator: {
    port: whole(3002, 'Port of the simulated civil registry.', { env: 'DUKCAPIL_SIMULATOR_PORT', max: 65_535 }),
    residents: optional('JSON file of further residents: [{"nik","name","mother"}].', { env: 'DUKCAPIL_SIMULATOR_RESIDENTS' }),
    quota: whole(100_000, 'Calls a day that the simulator grants.', { min: 1 }),
  },

  sampleService: {
    enabled: flag(true, 'Make the services and people of `config/seed` at each start, and run the sample service; `false` begins empty, to try out an installation.', { env: 'SAMPLES' }),
    port: whole(3001, 'Port of the sample service.', { env: 'SAMPLE_SERVICE_PORT', max: 65_535 }),
  },

  sms: smsSettings,

  mail: {
    smtpUrl: optionalLink(/^smtps?$/, 'SMTP server; unset uses the outbox.', { env: 'SMTP_URL', example: 'smtps://user:…@mail.internal', secret: true }),
    from: text('SIAPkerja ID <tidak-dibalas@contoh.test>', 'Sender of e-mail.', { env: 'MAIL_FROM' }),
  },

  courier: {
    pollMs: whole(1000, 'How often the queue is looked at besides the wake-up after a commit.', { min: 10 }),
    leaseSeconds: whole(30, 'How long one process owns a message it is sending; one that dies leaves it lying so long.', { min: 1 }),
    retrySeconds: numbers([2, 5, 15, 45, 120, 600, 1800, 7200], 'Waits between tries; after the last the message is given up. A code waits 30 seconds at most, and is tried until it expires.'),
    batch: whole(20, 'Messages claimed at once.', { min: 1 }),
  },

  identity: {
    allowTestRange: flag(true, 'Accept NIKs that begin with 99.', { env: 'NIK_ALLOW_TEST_RANGE' }),
    minAge: whole(15, 'Youngest age that may register.', { env: 'MIN_AGE' }),
    provinces: list(PROVINCES, 'Province codes a NIK may begin with.', { env: 'NIK_PROVINCES' }),
    timeZone: zone('Asia/Jakarta', 'Zone in which times are shown.', { env: 'TIME_ZONE' }),
  },

  password: {
    profile: choice(['kemnaker', 'modern'], 'kemnaker', "Rules for new passwords: the guide's five, or 15 characters of any kind.", { env: 'PASSWORD_PROFILE' }),
    passphrase: flag(false, 'A passphrase of 20 or more characters satisfies the kemnaker profile too.', { env: 'PASSWORD_PASSPHRASE' }),
    memoryKib: whole(19_456, 'Argon2id memory.', { env: 'ARGON2_MEMORY_KIB', min: 8 }),
    passes: whole(2, 'Argon2id passes.', { env: 'ARGON2_PASSES', min: 1 }),
    parallelism: whole(1, 'Argon2id lanes.', { env: 'ARGON2_PARALLELISM', min: 1 }),
    slots: whole(0, 'Hashes at once in one process; 0 takes the processors less one.', { env: 'PASSWORD_SLOTS' }),
    queue: whole(64, 'Hashes that may wait for a slot.', { env: 'PASSWORD_QUEUE' }),
    deadlineMs: whole(8000, 'Longest wait for a slot.', { min: 10 }),
  },

  otp: {
    ttlSeconds: whole(300, 'Life of a code.', { min: 30, max: 600 }),
    triesPerCode: whole(5, 'Wrong tries that kill a code.', { min: 1 }),
    triesPerDay: whole(15, 'Wrong tries for one account or applicant in a day.', { min: 1 }),
    resendSeconds: numbers([60, 120, 300, 900], 'Waits before each further code.'),
    sendsPerNumber: whole(5, 'Codes to one number in a day.', { min: 1 }),
    sendsPerNik: whole(8, 'Codes for one NIK in a day.', { min: 1 }),
    undeliveredPerNumber: whole(3, 'Codes to one number that the gateway reported as undelivered in a day, after which it gets no more; one that arrives begins anew.', { min: 1 }),
    sendsPerPrefix: whole(300, 'Codes to numbers that differ only in the last four digits, an hour.', { min: 1 }),
    sendsPerDay: whole(500_000, 'Codes in all, a day.', { env: 'OTP_DAILY_BUDGET', min: 1 }),
    numberChanges: whole(3, 'Changes of number in one registration.'),
    phoneProofDays: whole(180, 'Days after which a number that was not proved again cannot recover an account: numbers are sold again.', { min: 1 }),
    emailLinkSeconds: whole(604_800, 'Life of the link that confirms an e-mail address.', { min: 60 }),
  },

  limits: {
    trustedNetworks: ranges([], 'CIDR ranges exempt from the limits per network.', { env: 'LIMITS_TRUSTED_NETWORKS', example: '10.0.0.0/8,203.0.113.0/24' }),
    identityCallsPerNik: whole(20, 'Identity checks for one NIK in a day, good ones included: each costs a call of the quota.', { min: 1 }),
    identityPerNik: whole(5, 'Failed identity checks for one NIK in a day.', { min: 1 }),
    identityPerDevice: whole(10, 'Failed identity checks from one device in a day.', { min: 1 }),
    identityPerNetwork: whole(300, 'Failed identity checks from one network in an hour.', { min: 1 }),
    signInPerAccount: whole(10, 'Failed sign-ins that pause a password.', { min: 1 }),
    signInPauseSeconds: whole(900, 'How long the pause lasts.', { min: 1 }),
    signInDelaySeconds: numbers([1, 2, 4, 8, 16, 32, 60], 'Wait after each failed sign-in.'),
    signInPerDevice: whole(60, 'Failed sign-ins from one device in an hour.', { min: 1 }),
    signInPerNetwork: whole(1000, 'Failed sign-ins from one network in an hour.', { min: 1 }),
    codesPerNetwork: whole(500, 'Codes sent on behalf of one network in an hour.', { min: 1 }),
    userCodesPerDevice: whole(10, 'Codes of devices that nobody has, typed on one device in an hour.', { min: 1 }),
    userCodesPerNetwork: whole(300, 'Codes of devices that nobody has, typed in one network in an hour.', { min: 1 }),
    operatorSearches: whole(120, 'Searches for accounts by one operator or machine in an hour.', { min: 1 }),
    clientDrafts: whole(50, 'Drafts of client applications by one operator, with their machines: those that wait for a decision and those of the last day.', { min: 1 }),
    operatorReveals: whole(40, 'Data shown in full to one operator in a day.', { min: 1 }),
    operatorWaits: whole(20, 'Waits of a NIK or a number that one operator ends in a day.', { min: 1 }),
    waitsEnded: whole(1, 'How often in a day the wait of one NIK may be ended, and by operators at the console that of one number.', { min: 1 }),
    operatorLogos: whole(50, 'Logos kept on behalf of one operator, with their machines, in a day.', { min: 1 }),
    registrationsPerNetwork: whole(300, 'Requests to register or manage clients from one network in an hour.', { min: 1 }),
    bridgeSecretsPerNetwork: whole(300, 'Wrong secrets of one client at the former interface, from one network in an hour.', { min: 1 }),
    registrationChangesPerClient: whole(100, 'Changes of one client by its team, at the registration endpoint, in a day.', { min: 1 }),
    sandboxPerNetwork: whole(6000, 'Requests to the sandbox from one network in an hour.', { min: 1 }),
    checkStepsPerClient: whole(1000, 'Steps of the integration check of one client in a day.', { min: 1 }),
    secondFactorPerAccount: whole(5, 'Wrong codes of a second factor until the account must wait.', { min: 1 }),
    secondFactorPauseSeconds: whole(900, 'How long it waits.', { min: 1 }),
    secondFactorPerDay: whole(20, 'Wrong codes of the second factor of one account in a day.', { min: 1 }),
    secondFactorRenewals: whole(5, 'How often an account makes new recovery codes in a day.', { min: 1 }),
    secondFactorEnrolments: whole(5, 'How often an account sets up an authenticator app in a day.', { min: 1 }),
    contactNumbersPerAccount: whole(3, 'Other numbers that one account may send a code to in a day.', { min: 1 }),
    contactLettersPerAccount: whole(5, 'Links to confirm an address that one account may ask for in a day.', { min: 1 }),
    contactLettersPerAddress: whole(5, 'Such links to one address in a day, whichever accounts ask for them.', { min: 1 }),
    contactLettersPerNetwork: whole(300, 'Such links asked for in one network in an hour.', { min: 1 }),
    recoveryPerDevice: whole(20, 'Recovery codes asked for from one device in an hour, sent or not.', { min: 1 }),
    recoveryPerNetwork: whole(500, 'Recovery codes asked for from one network in an hour, sent or not.', { min: 1 }),
  },

  lifetimes: {
    interactionSeconds: whole(3600, 'How long a sign-in may take.', { min: 60 }),
    draftSeconds: whole(86_400, 'How long an unfinished registration is kept.', { min: 60 }),
    sessionSeconds: whole(1_209_600, 'How long a session lasts on a personal device.', { min: 60 }),
    offlineSeconds: whole(7_776_000, 'How long a service that may act while the person is away (`offline_access`) can do so before it asks again.', { env: 'OFFLINE_ACCESS_SECONDS', min: 3600 }),
    resumeSeconds: whole(86_400, 'How long an expired sign-in can be taken up again.', { min: 60 }),
    auditMonths: whole(60, 'How long the audit log and the evidence of identity checks are kept, in months; then whole months are removed. 0 keeps them for ever. What the privacy notice says is five years.', { env: 'AUDIT_RETENTION_MONTHS', max: 1200 }),
    deviceSeconds: whole(34_128_000, 'How long a device is remembered.', { min: 60 }),
    formerAccountDays: whole(730, 'How long a record of a former system waits for its person; then it is removed. 0 keeps it for ever.', { env: 'FORMER_ACCOUNT_DAYS', max: 36_500 }),
  },
  sandbox: {
    enabled: flag(true, 'Offer the sandbox: an issuer of its own at `/sandbox` with invented people, where services try their sign-in.', { env: 'SANDBOX' }),
  },
  console: { signInSeconds: whole(28_800, 'How long ago an operator may have signed in; after that the console asks again.', { env: 'CONSOLE_SIGN_IN_SECONDS', min: 300 }) },
  outbound: {
    allow: list([], 'Hosts or CIDR ranges in private address space that calls to addresses of services (back-channel logout, keys) may reach; loopback may be reached outside production.', { env: 'OUTBOUND_ALLOW' }),
  },

  help: {
    phone: text('1500630', 'Telephone number of the help desk.', { env: 'HELP_PHONE' }),
    email: text('bantuan@contoh.test', 'E-mail address of the help desk.', { env: 'HELP_EMAIL' }),
    dataOfficer: text('dpo@contoh.test', 'E-mail address of the data protection officer.', { env: 'DPO_EMAIL' }),
  },

  metrics: {
    host: text('127.0.0.1', 'Address on which monitoring asks for `/metrics`, `/healthz` and `/readyz`; nothing of it is for the public.', { env: 'METRICS_HOST' }),
    port: whole(9464, 'Port of it; `off` serves none.', { env: 'METRICS_PORT', max: 65_535 }),
  },

  tracing: {
    endpoint: optionalLink(/^https?$/, 'Base address of an OpenTelemetry collector (OTLP over HTTP); unset traces nothing.', { env: 'OTEL_EXPORTER_OTLP_ENDPOINT', example: 'http://127.0.0.1:4318' }),
    percent: whole(10, 'How many of a hundred requests are traced, where no proxy has decided.', { env: 'TRACES_PERCENT', max: 100 }),
  },

  log: {
    level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', 'Least level written.', { env: 'LOG_LEVEL' }),
  },
} as const;
