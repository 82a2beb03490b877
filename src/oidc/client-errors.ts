import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Audit } from '../audit/log.ts';
import {
  addressOf,
  faultOf,
  isFaultOfService,
  requestKinds,
  together,
  type ClientError,
  type RequestKind,
} from '../domain/client-error.ts';
import { isMeant } from '../domain/key-set.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';
import type { ErrorsOfDay } from '../store/client-errors.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { helpCodeOf } from '../web/help-code.ts';
import type { ClientDirectory } from './clients.ts';
import { findNotPublished, type NotPublished } from './held-keys.ts';

export interface ClientErrors {
  /** Writes what was counted since the last time. Never throws. */
  flush(): Promise<void>;
  /** The same, and begins nothing more. */
  close(): Promise<void>;
}

export interface ClientErrorsDeps {
  readonly clients: Pick<ClientDirectory, 'find'>;
  readonly store: Pick<Store, 'clientErrors' | 'audit'>;
  readonly audit: Pick<Audit, 'recordOnce'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** One statement in this time, however many errors there are. */
const FLUSH_MS = 10_000;
/** What one statement writes at most; whoever causes more kinds of errors than that goes uncounted. */
const MOST = 500;
const LONGEST_WORD = 60;

/** Errors of the library carry more than their class says. */
interface ProtocolError {
  readonly error?: unknown;
  readonly error_description?: unknown;
  readonly error_detail?: unknown;
  readonly cause?: unknown;
}

/** What the library says of an error for developers, and of what it came from. */
function wordsOf(error: ProtocolError): string {
  const words = [error.error_description, error.error_detail];
  for (let one = error.cause; one instanceof Error; one = one.cause)
    words.push((one as ProtocolError).error_description);
  return words.filter((one) => typeof one === 'string').join('; ');
}

/** Which client the request says it is of; nothing is proved by that. */
function claimedClient(ctx: KoaContextWithOIDC): string | undefined {
  const { client, params, body } = ctx.oidc;
  if (client !== undefined) return client.clientId;
  const named = params?.client_id ?? (body as Record<string, unknown> | undefined)?.client_id ?? ctx.query.client_id;
  if (typeof named === 'string') return named;
  const basic = /^Basic ([A-Za-z0-9+/=]{1,2000})$/i.exec(ctx.get('authorization'))?.[1];
  const name = basic === undefined ? undefined : /^[^:]*/.exec(Buffer.from(basic, 'base64').toString('utf8'))?.[0];
  try {
    return name === undefined ? undefined : decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/**
 * Keeps what goes wrong between each client and the protocol. Counted in the process and written now and then: no
 * request waits for it or fails by it, and a flood of errors is one row that counts.
 */
export function watchClientErrors(
  provider: Provider,
  { clients, store, audit, clock, random, log }: ClientErrorsDeps,
): ClientErrors {
  let counted = new Map<string, ErrorsOfDay>();
  let uncounted = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const finding = new Set<Promise<void>>();

  function count(one: ClientError): void {
    const day = one.lastAt.toISOString().slice(0, 10);
    const key = [one.clientId, day, one.kind, one.error, one.fault].join('\n');
    const before = counted.get(key);
    if (before === undefined && counted.size >= MOST) {
      uncounted += 1;
      return;
    }
    counted.set(key, { ...(before === undefined ? one : together(before, one)), day });
    if (closed) return;
    timer ??= setTimeout(() => void flush(), FLUSH_MS).unref();
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    await Promise.all(finding);
    const written = [...counted.values()];
    if (uncounted > 0) log.warn({ uncounted }, 'more errors of services than are counted');
    counted = new Map();
    uncounted = 0;
    try {
      await store.clientErrors.add(written);
    } catch (error) {
      log.warn({ err: error, kinds: written.length }, 'errors of services could not be kept');
    }
  }

  async function remember(
    ctx: KoaContextWithOIDC,
    kind: RequestKind,
    error: string,
    words: string,
    helpCode: string,
    missing: NotPublished | undefined,
  ): Promise<void> {
    const id = claimedClient(ctx);
    // Now: the request may be answered before the client is found, and nothing is kept of it then.
    const { redirect_uri: home, post_logout_redirect_uri: afterwards } = ctx.oidc.params ?? {};
    // The library has just asked for the same one: nothing is read a second time.
    const client = id === undefined ? undefined : await clients.find(id);
    if (client === undefined || client.status === 'draft') return;
    const fault = client.status === 'disabled' ? 'stopped' : faultOf(error, words);
    const address = addressOf(
      fault === 'redirect-uri' || fault === 'redirect-differs'
        ? home
        : fault === 'post-logout'
          ? afterwards
          : fault === 'keys'
            ? client.metadata.jwks_uri
            : undefined,
    );
    const at = clock.now();
    count({
      clientId: client.id,
      kind,
      error: error.slice(0, LONGEST_WORD),
      fault,
      count: 1,
      firstAt: at,
      lastAt: at,
      helpCodes: [helpCode],
      address,
    });
    if (missing === undefined || !isMeant(missing.reason)) return;
    const { member, reason } = missing;
    if (member === 'jwks_uri')
      await audit.recordOnce(
        store,
        [client.id, reason],
        'client.keys-refused',
        { reason, by: 'protocol' },
        { clientId: client.id },
      );
    else
      await audit.recordOnce(
        store,
        [client.id, member, reason],
        'client.address-refused',
        { member, reason, by: 'protocol' },
        { clientId: client.id },
      );
  }

  const on = provider.on.bind(provider) as (
    event: string,
    listener: (ctx: KoaContextWithOIDC, error: ProtocolError) => void,
  ) => void;
  for (const kind of requestKinds) {
    on(`${kind}.error`, (ctx, thrown) => {
      const { error } = thrown;
      if (typeof error !== 'string' || !isFaultOfService(error)) return;
      const missing = findNotPublished(thrown);
      const found = remember(ctx, kind, error, wordsOf(thrown), helpCodeOf(ctx, random), missing).catch(
        (cause: unknown) => {
          log.warn({ err: cause }, 'an error of a service could not be counted');
        },
      );
      finding.add(found);
      void found.finally(() => finding.delete(found));
    });
  }

  return {
    flush,
    async close() {
      closed = true;
      await flush();
    },
  };
}
