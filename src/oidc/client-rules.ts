import type { Client } from 'oidc-provider';
import type { KeyedHash } from '../crypto/keyed-hash.ts';

/** Members of a registration that are ours alone; the protocol keeps them by their name. */
export const extraClientMetadata: string[] = [
  'pkce_waived_because',
  'security_profile',
  'data_use',
  'first_party',
  'notice_page',
  'resources',
  'may_introspect',
  'bridge',
  'operated_by',
];

/** What a registration says under this name. */
export const memberOf = (client: Client | undefined, name: string): unknown =>
  (client as Readonly<Record<string, unknown>> | undefined)?.[name];

/** Whether FAPI 2.0 Security Profile rules hold for the client. */
export const isFapi2 = (client: Client | undefined): boolean => memberOf(client, 'security_profile') === 'fapi2';

/** RFC 9700, 2.1.1. Whatever a registration says, a public client has nothing else that binds the code to it. */
export const needsPkce = (client: Client): boolean =>
  client.clientAuthMethod === 'none' || isFapi2(client) || memberOf(client, 'pkce_waived_because') === undefined;

/**
 * Whether a page of this origin may call the token endpoint and userinfo for the client: pages of a browser-only app
 * may, and no page calls for a client that keeps a secret.
 */
export const mayCallFrom = (origin: string, client: Client): boolean =>
  client.clientAuthMethod === 'none' && (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin);

/**
 * The subject that the clients of one sector know (OpenID Connect Core, 8.1). It must never change: it hangs on the
 * sector and the account alone, by a key that only the keyring holds.
 */
export const createPairwiseSubject =
  (keyedHash: KeyedHash) =>
  (accountId: string, client: Client): string => {
    const sector = memberOf(client, 'sectorIdentifier');
    if (typeof sector !== 'string' || sector === '') throw new Error(`client ${client.clientId} has no sector`);
    return keyedHash.hash('pairwise-subject', sector, accountId).toString('base64url');
  };
