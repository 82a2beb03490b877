import type { Config } from '../config.ts';
import { settings } from '../settings.ts';

export interface Problem {
  /** The environment variable, or the dotted path where there is none. */
  readonly name: string;
  readonly what: string;
  readonly example: string;
}

const LEAST_AUDIT_MONTHS = 12;
/** The least of the pairs that OWASP names, from 47104 KiB with one pass to 7168 with five. */
const LEAST_HASH = { memoryKib: 7168, work: 7168 * 5 };

/** Values that only make sense while developing; production refuses them. */
export function productionProblems(config: Config): Problem[] {
  const problems: Problem[] = [];
  const demand = (good: boolean, name: string, what: string, example: string): void => {
    if (!good) problems.push({ name, what, example });
  };
  demand(
    config.http.issuer.startsWith('https://'),
    'ISSUER',
    'production needs an https address',
    'https://account.kemnaker.go.id',
  );
  demand(
    config.database.url !== undefined,
    'DATABASE_URL',
    'production needs a PostgreSQL server of its own',
    'postgres://sso:secret@db.internal/sso',
  );
  demand(
    config.keyring !== undefined || config.keyringCommand.length > 0,
    'KEYRING',
    'production needs a keyring kept outside the data directory',
    '/run/secrets/keyring.json',
  );
  demand(
    config.dukcapil.url !== undefined,
    'DUKCAPIL_URL',
    'production needs the civil registry, not the simulator',
    'https://10.20.30.40:8000',
  );
  demand(
    config.dukcapil.userId !== settings.dukcapil.userId.fallback,
    'DUKCAPIL_USER_ID',
    "production needs the registry's user id, not the simulator's",
    'given-by-dukcapil',
  );
  demand(
    config.dukcapil.ip !== settings.dukcapil.ip.fallback,
    'DUKCAPIL_IP',
    'production needs the address that Dukcapil has registered for this host',
    '203.0.113.10',
  );
  demand(
    config.dukcapil.password !== settings.dukcapil.password.fallback,
    'DUKCAPIL_PASSWORD',
    "production needs the registry's password, not the simulator's",
    'given-by-dukcapil',
  );
  demand(config.sms.driver !== 'outbox', 'SMS_DRIVER', 'production needs a gateway, not the outbox', 'http');
  demand(
    config.mail.smtpUrl !== undefined,
    'SMTP_URL',
    'production needs a mail server, not the outbox',
    'smtps://user:secret@mail.internal',
  );
  demand(
    !config.mail.from.includes('.test'),
    'MAIL_FROM',
    'production needs a real sender address',
    'SIAPkerja ID <tidak-dibalas@kemnaker.go.id>',
  );
  demand(
    config.help.email !== settings.help.email.fallback,
    'HELP_EMAIL',
    'production needs a help desk that somebody reads',
    'bantuan@kemnaker.go.id',
  );
  demand(
    config.help.dataOfficer !== settings.help.dataOfficer.fallback,
    'DPO_EMAIL',
    'production needs the address of the data protection officer',
    'dpo@kemnaker.go.id',
  );
  const { memoryKib, passes } = config.password;
  demand(
    memoryKib >= LEAST_HASH.memoryKib && memoryKib * passes >= LEAST_HASH.work,
    'ARGON2_MEMORY_KIB',
    'production needs hashes that are dear to guess at: 19456 with 2 passes (ARGON2_PASSES), or no less work, the least that OWASP asks for',
    String(settings.password.memoryKib.fallback),
  );
  const { auditMonths } = config.lifetimes;
  demand(
    auditMonths === 0 || auditMonths >= LEAST_AUDIT_MONTHS,
    'AUDIT_RETENTION_MONTHS',
    'production keeps the audit log for a year at least: reports to the civil registry, and whoever asks what happened, would have nothing to count',
    String(settings.lifetimes.auditMonths.fallback),
  );
  demand(
    !config.identity.allowTestRange,
    'NIK_ALLOW_TEST_RANGE',
    'production must refuse NIKs that belong to nobody',
    'false',
  );
  return problems;
}

/** What a field of SMPP has room for. */
const isShortAscii = (value: string, most: number): boolean => value.length <= most && /^[\x20-\x7e]+$/.test(value);

/** Mistakes that no single setting shows. */
export function crossProblems(config: Config): Problem[] {
  const problems: Problem[] = [];
  if (config.sms.driver === 'http' && config.sms.http.url === undefined) {
    problems.push({
      name: 'SMS_HTTP_URL',
      what: 'SMS_DRIVER=http needs the address of the gateway',
      example: 'https://gateway.example/sms',
    });
  }
  const { url: centre, systemId, password, source, systemType, serviceType } = config.sms.smpp;
  if (config.sms.driver === 'smpp') {
    for (const [value, most, name, example] of [
      [centre, 2000, 'SMS_SMPP_URL', 'smpps://smsc.operator.example:3550'],
      [systemId, 15, 'SMS_SMPP_SYSTEM_ID', 'siapkerja'],
      [password, 63, 'SMS_SMPP_PASSWORD', '…'],
      [source, 20, 'SMS_SMPP_SOURCE', 'SIAPkerja'],
    ] as const) {
      if (value === undefined) problems.push({ name, what: 'SMS_DRIVER=smpp needs it', example });
      else if (!isShortAscii(value, most))
        problems.push({ name, what: `at most ${most} characters, all of them ASCII`, example });
    }
    for (const [value, most, name, example] of [
      [systemType, 12, 'SMS_SMPP_SYSTEM_TYPE', 'CP'],
      [serviceType, 5, 'SMS_SMPP_SERVICE_TYPE', 'OTP'],
    ] as const) {
      if (value !== undefined && !isShortAscii(value, most))
        problems.push({ name, what: `at most ${most} characters, all of them ASCII`, example });
    }
  }
  const { secret, formerSecret, networks, signatureHeader, signatureKey, formerSignatureKey } = config.sms.receipts;
  if ((signatureHeader === undefined) !== (signatureKey === undefined)) {
    problems.push({
      name: 'SMS_RECEIPT_SIGNATURE_KEY',
      what: 'the header of the signature (SMS_RECEIPT_SIGNATURE_HEADER) and its key belong together',
      example: '…',
    });
  }
  if (secret === undefined && (networks.length > 0 || signatureKey !== undefined)) {
    problems.push({
      name: 'SMS_RECEIPT_SECRET',
      what: 'there is no address to report at without it, so who may report means nothing',
      example: '…',
    });
  }
  for (const [former, now, name, of] of [
    [formerSecret, secret, 'SMS_RECEIPT_FORMER_SECRET', 'SMS_RECEIPT_SECRET'],
    [formerSignatureKey, signatureKey, 'SMS_RECEIPT_FORMER_SIGNATURE_KEY', 'SMS_RECEIPT_SIGNATURE_KEY'],
  ] as const) {
    if (former !== undefined && (now === undefined || former === now))
      problems.push({ name, what: `the one before that of ${of}, so there must be another there`, example: '…' });
  }
  if (new URL(config.http.issuer).origin !== config.http.issuer) {
    problems.push({
      name: 'ISSUER',
      what: 'the issuer is scheme, host and port alone: no path, no slash at the end, small letters',
      example: 'https://account.kemnaker.go.id',
    });
  }
  const { url, cluster, sentinels, sentinelName } = config.redis;
  if ([url !== undefined, cluster.length > 0, sentinels.length > 0].filter(Boolean).length > 1) {
    problems.push({
      name: 'REDIS_URL',
      what: 'one of REDIS_URL, REDIS_CLUSTER and REDIS_SENTINELS, not several',
      example: 'redis://redis.internal',
    });
  }
  if (sentinels.length > 0 !== (sentinelName !== undefined)) {
    problems.push({
      name: 'REDIS_SENTINEL_NAME',
      what: 'REDIS_SENTINELS and the name under which they know the master belong together',
      example: 'sso',
    });
  }
  if (config.keyring !== undefined && config.keyringCommand.length > 0) {
    problems.push({
      name: 'KEYRING_COMMAND',
      what: 'one of KEYRING and KEYRING_COMMAND, not both',
      example: 'vault kv get -field=keyring secret/sso',
    });
  }
  const { leadSeconds, jwksSeconds, rotationDays } = config.keys;
  if (leadSeconds < 2 * jwksSeconds) {
    problems.push({
      name: 'KEYS_LEAD_SECONDS',
      what: 'a key must be published for at least twice as long as services may keep the former set (KEYS_CACHE_SECONDS): a proxy may stand between',
      example: String(2 * jwksSeconds),
    });
  }
  if (rotationDays * 86_400 < leadSeconds) {
    problems.push({
      name: 'KEYS_ROTATION_DAYS',
      what: 'a key cannot sign for a shorter time than the next one is published ahead (KEYS_LEAD_SECONDS)',
      example: String(Math.ceil(leadSeconds / 86_400)),
    });
  }
  const registry = config.dukcapil.url === undefined ? undefined : new URL(config.dukcapil.url);
  if (registry?.protocol === 'http:' && !['127.0.0.1', 'localhost', '[::1]'].includes(registry.hostname)) {
    problems.push({
      name: 'DUKCAPIL_URL',
      what: 'plain http is for loopback only: names of citizens travel there',
      example: 'https://10.20.30.40:8000',
    });
  }
  if (registry?.protocol === 'https:' && config.dukcapil.ca === undefined) {
    problems.push({
      name: 'DUKCAPIL_CA',
      what: 'https to the registry needs the certificate authority that signs it: no public one does',
      example: '/etc/sso/dukcapil-ca.pem',
    });
  }
  return problems;
}
