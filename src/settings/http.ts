/** What the server listens on and what it bears. */
import { link, text, whole } from './kinds.ts';

export const httpSettings = {
  host: text('127.0.0.1', 'Address the server listens on.', { env: 'HOST' }),
  port: whole(3000, 'Port the server listens on; 0 takes a free one.', { env: 'PORT', max: 65_535 }),
  issuer: link('http://localhost:3000', 'Public address of the sign-on and its OpenID issuer.', {
    env: 'ISSUER',
    example: 'https://account.kemnaker.go.id',
  }),
  trustProxy: whole(0, 'Number of proxies in front whose forwarding headers count.', { env: 'TRUST_PROXY', max: 10 }),
  bodyLimitBytes: whole(16_384, 'Largest form accepted.', { min: 1024 }),
  drainDelaySeconds: whole(
    0,
    'How long a stop goes on serving after `/readyz` says so, until no proxy sends anybody any more.',
    { env: 'DRAIN_DELAY_SECONDS' },
  ),
  drainSeconds: whole(10, 'How long a stop waits for requests under way.', { env: 'DRAIN_SECONDS' }),
  maxConnections: whole(4000, 'Most connections of one process; further ones are closed at once.', {
    env: 'MAX_CONNECTIONS',
    min: 1,
  }),
  headersTimeoutMs: whole(10_000, 'Longest the head of a request may take to arrive.', {
    env: 'HEADERS_TIMEOUT_MS',
    min: 10,
  }),
  requestTimeoutMs: whole(30_000, 'Longest a whole request may take to arrive, body included.', {
    env: 'REQUEST_TIMEOUT_MS',
    min: 10,
  }),
  idleTimeoutMs: whole(
    60_000,
    'Longest nothing may move on a connection during a request: longer than the longest answer takes to make.',
    { env: 'IDLE_TIMEOUT_MS', min: 10 },
  ),
  keepAliveMs: whole(
    75_000,
    'How long a connection is kept between requests: longer than the proxy keeps it, since the side that closes first must not be this one.',
    { env: 'KEEP_ALIVE_MS', min: 10 },
  ),
} as const;

export const overloadSettings = {
  requests: whole(
    400,
    'Requests that one process works on at once; beyond it what is new is refused (503), and what belongs to a sign-in under way at twice as many.',
    { env: 'OVERLOAD_REQUESTS', min: 1 },
  ),
  lagMs: whole(
    250,
    'Delay of the event loop from which on what is new is refused, and what is under way at twice as much.',
    { env: 'OVERLOAD_LAG_MS', min: 10 },
  ),
} as const;
