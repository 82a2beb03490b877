import type { Locale } from './locale.ts';

/** One thing that a token may be good for at an API, in the words that the person reads. */
export interface ApiScope {
  readonly name: string;
  readonly means: Readonly<Record<Locale, string>>;
}

export type ApiStatus = 'active' | 'disabled';
export type TokenFormat = 'jwt' | 'opaque';
export const tokenFormats: readonly TokenFormat[] = ['jwt', 'opaque'];
export const tokenAlgorithms = ['ES256', 'RS256', 'EdDSA'] as const;
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** An API that takes access tokens of ours (RFC 8707): its address is the audience of its tokens. */
export interface Api {
  readonly identifier: string;
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** `jwt` is judged by the API itself and lives until it expires; `opaque` is asked for here and can end at once. */
  readonly tokenFormat: TokenFormat;
  readonly tokenAlgorithm: TokenAlgorithm;
  readonly tokenSeconds: number;
  readonly status: ApiStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a client may ask for, by API. */
export type ApiRights = Readonly<Partial<Record<string, readonly string[]>>>;

/** The scopes of this API that a client with these rights may have today. */
export const scopesFor = ({ identifier, scopes }: Api, rights: ApiRights | undefined): readonly ApiScope[] => {
  const mine = rights !== undefined && Object.hasOwn(rights, identifier) ? rights[identifier] : undefined;
  return mine === undefined ? [] : scopes.filter(({ name }) => mine.includes(name));
};

/** Whether the client was given anything at this API, be it no scope of today. */
export const mayUse = ({ identifier }: Pick<Api, 'identifier'>, rights: ApiRights | undefined): boolean =>
  rights !== undefined && Object.hasOwn(rights, identifier);

/** The identifier in an address of ours: proxies are at odds about a slash that is written `%2F`. */
export const toApiId = (identifier: string): string => Buffer.from(identifier).toString('base64url');

/** @returns undefined for whatever `toApiId` does not write. */
export function fromApiId(id: string): string | undefined {
  const identifier = Buffer.from(id, 'base64url').toString();
  return /^[\x21-\x7e]{1,255}$/.test(identifier) && toApiId(identifier) === id ? identifier : undefined;
}

/** Names the state that somebody read, for a change that must not meet another one. */
export const seenOf = ({ updatedAt }: Pick<Api, 'updatedAt'>): string => updatedAt.toISOString();
