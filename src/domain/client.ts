import type { Sensitive } from './sensitive.ts';
import type { DataUse } from './sharing.ts';

/** `web` is confidential and server side; `spa` and `native` are public and use PKCE; `machine` has no person. */
export type ClientType = 'web' | 'spa' | 'native' | 'machine';
export const clientTypes: readonly ClientType[] = ['web', 'spa', 'native', 'machine'];

/** The portal is a client of the sign-on like any other service, but it is no place of its own to the citizen. */
export const PORTAL_CLIENT_ID = 'siapkerja-portal';

export type ClientStatus = 'active' | 'disabled';

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
  readonly initiate_login_uri?: string;
  readonly backchannel_logout_uri?: string;
  readonly application_type?: 'web' | 'native';
  /** What the data of each scope are wanted for. */
  readonly data_use?: Readonly<Partial<Record<string, DataUse>>>;
  /** False for a service of somebody else: it asks people, where those of the house tell them. */
  readonly first_party?: boolean;
  /** A service of the house has a page of its own for that, also for people who have signed in already. */
  readonly notice_page?: boolean;
  readonly [further: string]: unknown;
}

/** What the portal says of a service. */
export interface Listing {
  readonly url: string;
  readonly id: string;
  readonly en: string;
}

export interface Client {
  readonly id: string;
  readonly status: ClientStatus;
  readonly type: ClientType;
  readonly metadata: ClientMetadata;
  readonly secret: Sensitive<string> | undefined;
  readonly listing: Listing | undefined;
  /** Nothing that it was given up to then counts: it was stopped. */
  readonly tokensValidAfter?: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
