import type { Knex } from 'knex';
import { createAudit, type Audit } from './audit/log.ts';
import type { Config } from './config.ts';
import { createBlindIndex } from './crypto/blind-index.ts';
import { createCookieSigner, type CookieSigner } from './crypto/cookie-signer.ts';
import { createEnvelope } from './crypto/envelope.ts';
import { createKeyedHash, type KeyedHash } from './crypto/keyed-hash.ts';
import { loadKeyring, type Keyring } from './crypto/keyring.ts';
import { createPasswordHasher, type PasswordHasher } from './crypto/password-hash.ts';
import { createSealer, type Sealer } from './crypto/seal.ts';
import { makeKey as makeNewKey, type MakeKey } from './crypto/signing-key.ts';
import { createTotp } from './crypto/totp.ts';
import { longestGrantSeconds } from './oidc/offline-access.ts';
import { createCourier, type Courier } from './messages/courier.ts';
import { createReceipts, type Receipts } from './messages/receipts.ts';
import { systemClock, type Clock } from './ports/clock/clock.ts';
import { severalInTurn, type Counters } from './ports/counters/counters.ts';
import { createLimits, type Limits } from './ports/counters/limits.ts';
import { createPostgresCounters } from './ports/counters/postgres.ts';
import { createRedisCounters } from './ports/counters/redis.ts';
import type { Mailer } from './ports/mail/mail.ts';
import { createMailOutbox } from './ports/mail/outbox.ts';
import { createSmtpMailer } from './ports/mail/smtp.ts';
import { createOutbound, type Outbound } from './ports/outbound/outbound.ts';
import { systemRandom, type Random } from './ports/random/random.ts';
import { createHttpGateway } from './ports/sms/http-gateway.ts';
import { createSmppGateway } from './ports/sms/smpp/gateway.ts';
import { areReceiptsExpected } from './ports/sms/receipt.ts';
import { createSmsOutbox } from './ports/sms/outbox.ts';
import type { SmsGateway } from './ports/sms/sms.ts';
import { createSecondFactors, type SecondFactors } from './second-factor/service.ts';
import { createKnex } from './store/knex.ts';
import { reconnecting } from './store/reconnect.ts';
import { openRedis, type RedisConnection } from './store/redis/connection.ts';
import { createRedisProtocolState } from './store/redis/protocol-state.ts';
import { createRedisSealed, type RedisSealed } from './store/redis/sealed.ts';
import { createStore, type Store } from './store/store.ts';
import type { Log } from './telemetry/log.ts';

/**
 * What the server and the operator's command line have in common: the keys, the store and what stands right above it.
 */
export interface Core {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  /** Whether nobody knows at the moment what time it is: the clock has jumped, and has not been compared yet. */
  readonly isTimeUncertain: () => boolean;
  readonly random: Random;
  readonly knex: Knex;
  /** Carries protocol state and counters; undefined leaves both in PostgreSQL. */
  readonly redis: RedisConnection | undefined;
  /** What lies sealed in Redis. */
  readonly redisSealed: RedisSealed | undefined;
  readonly keyring: Keyring;
  /** Makes the keys that sign tokens. */
  readonly makeKey: MakeKey;
  readonly sealer: Sealer;
  readonly keyedHash: KeyedHash;
  readonly cookieSigner: CookieSigner;
  readonly store: Store;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly passwords: PasswordHasher;
  readonly audit: Audit;
  readonly courier: Courier;
  /** Where text messages leave; they do so by the courier alone. */
  readonly sms: Pick<SmsGateway, 'isBound' | 'throttled'>;
  /** What gateways report of text messages. */
  readonly receipts: Receipts;
  readonly secondFactors: SecondFactors;
  /** Calls to addresses that somebody registered. */
  readonly outbound: Outbound;
  close(): Promise<void>;
}

export interface CoreDeps {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly isTimeUncertain?: () => boolean;
  readonly random?: Random;
  readonly makeKey?: MakeKey;
  /**
   * For what an operator asks that takes as long as it takes: a database that says nothing is not taken for one that is
   * gone.
   */
  readonly waitsLong?: boolean;
}

function createSms({ sms }: Config, store: Store, clock: Clock, log: Log): SmsGateway {
  if (sms.driver === 'smpp') return createSmppGateway(sms.smpp, log);
  if (sms.driver === 'outbox') return createSmsOutbox({ outbox: store.outbox, clock });
  const { url, ...settings } = sms.http;
  if (url === undefined) throw new Error('the SMS gateway has no address'); // the configuration refuses this before
  const { refPath } = sms.receipts;
  return createHttpGateway({
    ...settings,
    url,
    reportsBy: !areReceiptsExpected(sms) ? undefined : refPath === undefined ? 'id' : 'ref',
  });
}

const createMail = ({ mail }: Config, store: Store, clock: Clock): Mailer =>
  mail.smtpUrl === undefined
    ? createMailOutbox({ outbox: store.outbox, clock })
    : createSmtpMailer({ smtpUrl: mail.smtpUrl, from: mail.from });

/** Reports are few, and each reads much. */
const REPLICA_POOL = 2;

/** A database that keeps its own limit has told of it by then. */
const SILENCE_MARGIN_MS = 1000;

export function createCore({
  config,
  databaseUrl,
  log,
  clock = systemClock,
  isTimeUncertain = () => false,
  random = systemRandom,
  makeKey = makeNewKey,
  waitsLong = false,
}: CoreDeps): Core {
  const keyring = loadKeyring({ ...config, random });
  const sealer = createSealer(keyring, random);
  const keyedHash = createKeyedHash(keyring);
  const { poolMax, statementTimeoutMs, lockTimeoutMs, idleInTransactionTimeoutMs, directUrl, replicaUrl } =
    config.database;
  const silenceMs = statementTimeoutMs + SILENCE_MARGIN_MS;
  const limitsOfDatabase = {
    statementTimeoutMs,
    lockTimeoutMs,
    idleInTransactionTimeoutMs,
    ...(waitsLong ? {} : { silenceMs }),
    pooled: directUrl !== undefined,
  };
  const knex = createKnex({ url: databaseUrl, poolMax, ...limitsOfDatabase });
  const replica =
    replicaUrl === undefined
      ? undefined
      : createKnex({ url: replicaUrl, poolMax: REPLICA_POOL, ...limitsOfDatabase, readsOnly: true });
  const redis = openRedis(config.redis, log);
  const protocolState =
    redis === undefined
      ? undefined
      : createRedisProtocolState({ redis, longestSeconds: longestGrantSeconds(config.lifetimes) });
  const store = createStore({
    knex,
    replica,
    envelope: createEnvelope(keyring, random),
    blindIndex: createBlindIndex(keyring),
    sealer,
    keyedHash,
    keyIds: keyring.ids,
    protocolState,
  });
  const redisSealed = redis === undefined ? undefined : createRedisSealed({ redis, sealer, keyIds: keyring.ids });
  const sms = createSms(config, store, clock, log);
  const mail = createMail(config, store, clock);

  // A count that is lost and done again may count twice, which errs on the safe side.
  const counters =
    redis === undefined
      ? severalInTurn(reconnecting(createPostgresCounters({ db: knex, clock })))
      : createRedisCounters({ redis, clock });

  const limits = createLimits(config);
  const receipts = createReceipts({ store, counters, limits, keyedHash, clock, log });
  const courier = createCourier({
    store,
    sms,
    mail,
    receipts,
    countAgain: () => counters.take(limits.code.day, 'all'),
    clock,
    isTimeUncertain,
    random,
    config: config.courier,
    log,
  });
  const audit = createAudit({ keyedHash, counters, clock, random, log });

  return {
    config,
    log,
    clock,
    isTimeUncertain,
    random,
    knex,
    redis,
    redisSealed,
    keyring,
    makeKey,
    sealer,
    keyedHash,
    cookieSigner: createCookieSigner(keyring.cookies),
    store,
    counters,
    limits,
    passwords: createPasswordHasher({ config: config.password, random }),
    audit,
    courier,
    sms,
    receipts,
    secondFactors: createSecondFactors({
      store,
      totp: createTotp({ random }),
      counters,
      limits,
      keyedHash,
      courier,
      audit,
      clock,
      random,
      config,
    }),
    outbound: createOutbound({ allow: config.outbound.allow, loopback: config.environment !== 'production' }),
    async close() {
      await courier.stop();
      await Promise.all([sms.close(), mail.close()]);
      redis?.close();
      await Promise.all([knex.destroy(), replica?.destroy()]);
    },
  };
}
