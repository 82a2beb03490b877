import Provider, { type KoaContextWithOIDC } from 'oidc-provider';

/**
 * Where a request has what it has read so far. It ends with the request: nothing here is older than the request itself.
 */
const MEMO = Symbol('read in this request');

interface Request {
  [MEMO]: Map<string, Promise<unknown>> | undefined;
}

/** The request that is being answered; undefined outside of the protocol. */
export const currentRequest = (): KoaContextWithOIDC | undefined => Provider.ctx;

function memoOf(): Map<string, Promise<unknown>> | undefined {
  const ctx = currentRequest() as (KoaContextWithOIDC & Request) | undefined;
  if (ctx === undefined) return undefined;
  return (ctx[MEMO] ??= new Map<string, Promise<unknown>>());
}

/**
 * Reads once for each request of the protocol, however often it is asked; outside of one, each time. What failed is
 * tried again.
 */
export function onceInRequest<T>(key: string, read: () => Promise<T>): Promise<T> {
  const memo = memoOf();
  const known = memo?.get(key) as Promise<T> | undefined;
  if (known !== undefined) return known;
  const reading = read();
  memo?.set(key, reading);
  reading.catch(() => memo?.delete(key));
  return reading;
}

/** What the request has read under the key already; undefined where it has not. */
export const readInRequest = <T>(key: string): Promise<T> | undefined => memoOf()?.get(key) as Promise<T> | undefined;

/** The request has it already, under the key, though nobody has asked for it yet. */
export function keepInRequest(key: string, value: unknown): void {
  memoOf()?.set(key, Promise.resolve(value));
}

/** The client for which an authorization is asked, where the address says it. */
export function clientInAddress(): string | undefined {
  const ctx = currentRequest();
  if ((ctx as Partial<KoaContextWithOIDC> | undefined)?.oidc?.route !== 'authorization') return undefined;
  const id = ctx?.query.client_id;
  return typeof id === 'string' ? id : undefined;
}

/** What was read under keys that begin so is read again: the request has written there. */
export function forgetInRequest(beginning: string): void {
  const memo = memoOf();
  for (const key of memo?.keys() ?? []) if (key.startsWith(beginning)) memo?.delete(key);
}

/**
 * Nobody asks any more: what was read, and what the library made of it, need not stay as long as the context does. The
 * client does, for what is still being counted.
 */
export function forgetRequest(ctx: object): void {
  if (!('oidc' in ctx)) return;
  (ctx as unknown as Request)[MEMO] = undefined;
  const oidc = ctx.oidc as {
    entities: { readonly Client?: unknown };
    params?: object;
    body?: unknown;
    [jar: symbol]: unknown;
  };
  oidc.entities = { Client: oidc.entities.Client };
  // What was asked is as much as all the rest.
  if (oidc.params !== undefined) oidc.params = NOTHING;
  if (oidc.body !== undefined) oidc.body = undefined;
  // Its cookies lead to the request; they lie under a symbol that the library shows to nobody, and are made anew for
  // whoever asks.
  for (const key of Object.getOwnPropertySymbols(oidc)) if (isJar(oidc[key])) oidc[key] = undefined;
}

const NOTHING = Object.freeze({});
const isJar = (value: unknown): boolean => typeof value === 'object' && value !== null && 'request' in value;

/** Where somebody asks about a token and the library looks for it under each kind of token that there is. */
const OF_ANY_KIND = new Set(['introspection', 'revocation']);

export const isAskedOfAnyKind = (): boolean =>
  OF_ANY_KIND.has((currentRequest() as Partial<KoaContextWithOIDC> | undefined)?.oidc?.route ?? '');
