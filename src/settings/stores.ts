/** Where things are kept: PostgreSQL, and Redis beside it. */
import { database, endpoints, flag, optional, optionalLink, text, whole } from './kinds.ts';

export const databaseSettings = {
  url: database(
    'PostgreSQL 14 or newer, one server that writes (several: docs/operasi/install.md); unset starts the embedded one.',
    { env: 'DATABASE_URL', example: 'postgres://sso:…@db.internal/sso', secret: true },
  ),
  directUrl: database(
    'The same database past a pooler (PgBouncer in transaction mode) that `DATABASE_URL` names: for migrations and for hearing what other instances change. With it, connections of `DATABASE_URL` keep nothing between transactions: no named statements, and no time limits sent at the start (the pooler sets them: docs/operasi/install.md).',
    { env: 'DATABASE_DIRECT_URL', example: 'postgres://sso:…@db.internal:5432/sso', secret: true },
  ),
  replicaUrl: database(
    'A read replica of the same database. Reports are counted there, so that half a year of sign-ins costs the database nothing; what they show may be some seconds old. Unset counts them in the database itself.',
    { env: 'DATABASE_REPLICA_URL', example: 'postgres://sso:…@replica.internal/sso', secret: true },
  ),
  poolMax: whole(10, 'Most connections of one process.', { env: 'DATABASE_POOL_MAX', min: 2 }),
  statementTimeoutMs: whole(
    15_000,
    'Longest a statement may run, waits for locks included: a little less than people wait for a page.',
    { env: 'DATABASE_STATEMENT_TIMEOUT_MS', min: 100 },
  ),
  lockTimeoutMs: whole(
    5000,
    'Longest a statement may wait for a lock: whoever holds one in the product does for milliseconds, so this is a migration or a hand at the database, and connections must not be used up by waiting for it.',
    { env: 'DATABASE_LOCK_TIMEOUT_MS', min: 100 },
  ),
  idleInTransactionTimeoutMs: whole(
    30_000,
    'Longest a transaction may stand still before the database ends it and frees its locks: that of a process that hangs.',
    { env: 'DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_MS', min: 1000 },
  ),
} as const;

export const redisSettings = {
  url: optionalLink(
    /^rediss?$/,
    'Redis 7.0 or newer for protocol state and counters; unset, as the cluster and the Sentinels are, leaves both in PostgreSQL.',
    { env: 'REDIS_URL', example: 'rediss://sso:…@redis.internal', secret: true },
  ),
  cluster: endpoints('Nodes of a Redis Cluster to begin with, in the place of one server.', {
    env: 'REDIS_CLUSTER',
    example: '10.0.0.11:6379,10.0.0.12:6379,10.0.0.13:6379',
  }),
  sentinels: endpoints('Sentinels that know the master, in the place of one server.', {
    env: 'REDIS_SENTINELS',
    example: '10.0.0.11:26379,10.0.0.12:26379,10.0.0.13:26379',
  }),
  sentinelName: optional('Name under which the Sentinels know the master.', {
    env: 'REDIS_SENTINEL_NAME',
    example: 'sso',
  }),
  username: optional('User at a cluster or behind Sentinels (one server has it in its address).', {
    env: 'REDIS_USERNAME',
  }),
  password: optional('Password of it.', { env: 'REDIS_PASSWORD', secret: true }),
  sentinelPassword: optional('Password of the Sentinels themselves.', { env: 'REDIS_SENTINEL_PASSWORD', secret: true }),
  tls: flag(false, 'TLS to a cluster or Sentinels (one server says `rediss:` in its address).', { env: 'REDIS_TLS' }),
  ca: optional(
    'PEM file of the certificate authority (or the certificate itself) that signs Redis; unset trusts the public ones.',
    { env: 'REDIS_CA' },
  ),
  prefix: text('sso:', 'Stands before every key.', { env: 'REDIS_PREFIX' }),
  timeoutMs: whole(1000, 'Longest wait for an answer of Redis, a new connection included.', {
    env: 'REDIS_TIMEOUT_MS',
    min: 10,
  }),
} as const;
