import type { ApiRights } from './api.ts';
import type { Bridge } from './bridge.ts';
import type { DataUse } from './sharing.ts';

/** `web` is confidential and server side; `spa` and `native` are public and use PKCE; `machine` has no person. */
export type ClientType = 'web' | 'spa' | 'native' | 'machine';
export const clientTypes: readonly ClientType[] = ['web', 'spa', 'native', 'machine'];

/** The portal is a client of the sign-on like any other service, but it is no place of its own to the citizen. */
export const PORTAL_CLIENT_ID = 'siapkerja-portal';
export const PORTAL_CLIENT_NAME = 'SIAPkerja ID';

/** A `draft` was never approved: to the protocol it does not exist, no more than one that is `disabled`. */
export const clientStatuses = ['draft', 'active', 'disabled'] as const;
export type ClientStatus = (typeof clientStatuses)[number];

/** OpenID client metadata as RFC 7591 and OpenID Connect Registration spell it, without `client_secret`. */
export interface ClientMetadata {
  readonly client_id: string;
  readonly client_name: string;
  readonly redirect_uris?: readonly string[];
  readonly post_logout_redirect_uris?: readonly string[];
  readonly grant_types?: readonly string[];
  readonly response_types?: readonly string[];
  readonly token_endpoint_auth_method?: string;
  readonly scope?: string;
  readonly client_uri?: string;
  readonly jwks_uri?: string;
  /** The name of a stored logo. */
  readonly logo?: string;
  readonly initiate_login_uri?: string;
  readonly backchannel_logout_uri?: string;
  /**
   * Where the sandbox, and it alone, sends browsers and notices; production never does (src/oidc/sandbox/clients.ts).
   */
  readonly test_redirect_uris?: readonly string[];
  readonly test_post_logout_redirect_uris?: readonly string[];
  readonly test_backchannel_logout_uri?: string;
  readonly application_type?: 'web' | 'native';
  /** What the data of each scope are wanted for. */
  readonly data_use?: Readonly<Partial<Record<string, DataUse>>>;
  /**
   * A service of the house tells people what it gets, where those of somebody else ask them. Silence is no claim to be
   * one.
   */
  readonly first_party?: boolean;
  /** A service of the house has a page of its own for that, also for people who have signed in already. */
  readonly notice_page?: boolean;
  /** Which registered APIs it may get tokens for, and with which of their scopes. */
  readonly resources?: ApiRights;
  /** It may go on calling the former interface. */
  readonly bridge?: Bridge;
  readonly [further: string]: unknown;
}

/** What the portal says of a service. */
export interface Listing {
  readonly url: string;
  readonly id: string;
  readonly en: string;
}

/** A secret of a client: what it is nobody here knows. */
export interface ClientSecret {
  /** Counted from 1 for each client; what people call it by. */
  readonly number: number;
  readonly hash: Buffer;
  /** As the audit log names them. */
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  /** To the hour. */
  readonly lastUsedAt: Date | undefined;
}

export const isLiveSecret = ({ expiresAt }: Pick<ClientSecret, 'expiresAt'>, now: Date): boolean =>
  expiresAt === undefined || expiresAt > now;

export interface Client {
  readonly id: string;
  readonly status: ClientStatus;
  readonly type: ClientType;
  readonly metadata: ClientMetadata;
  /** All it ever had, oldest first, also those that have ended. */
  readonly secrets: readonly ClientSecret[];
  readonly listing: Listing | undefined;
  /** Nothing that it was given up to then counts: it was stopped. */
  readonly tokensValidAfter?: Date | undefined;
  /**
   * The number of the version in effect; a draft has none, nor one that was not changed since before there were
   * versions.
   */
  readonly version?: number | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type VersionState = 'proposed' | 'approved' | 'rejected' | 'withdrawn';

/**
 * What became of the last thing that was proposed; what somebody changed at once was not.
 * @param versions  newest first.
 */
export const lastProposal = (versions: readonly ClientVersion[]): ClientVersion | undefined =>
  versions.find(({ state, decided, proposedBy }) => state !== 'approved' || decided?.by !== proposedBy);

/**
 * One state that a registration was in, or was meant to come into. Who did what is named as the audit log names them.
 */
export interface ClientVersion {
  readonly clientId: string;
  readonly number: number;
  readonly state: VersionState;
  /** The version that it was made on top of, which it replaced where it was approved. */
  readonly base: number | undefined;
  /** Grows with each change of an open proposal. */
  readonly edition: number;
  readonly metadata: ClientMetadata;
  readonly listing: Listing | undefined;
  /** Members that widen access. */
  readonly widens: readonly string[];
  readonly proposedBy: string;
  /** Everybody who had a hand in it: none of them approves it. */
  readonly involved: readonly string[];
  readonly reason: string | undefined;
  readonly proposedAt: Date;
  readonly decided: { readonly by: string; readonly note: string | undefined; readonly at: Date } | undefined;
  /** An administrator lets it pass without the integration check. */
  readonly waiver: { readonly by: string; readonly reason: string; readonly at: Date } | undefined;
}
