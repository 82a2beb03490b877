import type { AdapterPayload } from 'oidc-provider';
import type { Client } from '../../domain/client.ts';
import { PLACEHOLDER } from '../client-secrets.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

const hostsOf = (uris: readonly string[]): ReadonlySet<string> =>
  new Set(uris.map((uri) => URL.parse(uri)?.host ?? uri));

/**
 * How the sandbox sees a client application: the same registration, with its test addresses in the place of those of
 * production, which do not exist here. A draft may be tried out, a disabled client may not; nor one without a test
 * address.
 */
export function toSandboxMetadata({ status, metadata, secrets }: Client): AdapterPayload | undefined {
  const {
    test_redirect_uris: redirectUris = [],
    test_post_logout_redirect_uris: afterLogout = [],
    test_backchannel_logout_uri: backchannel,
    ...rest
  } = metadata;
  if (status === 'disabled' || redirectUris.length === 0) return undefined;
  // The document of a sector names the addresses of production: here the host of the test addresses stands for it.
  const {
    sector_identifier_uri: _sector,
    backchannel_logout_uri: _uri,
    backchannel_logout_session_required: sid,
    ...kept
  } = rest;
  const pairwise = metadata.subject_type === 'pairwise' && hostsOf(redirectUris).size === 1;
  return {
    ...kept,
    subject_type: pairwise ? 'pairwise' : 'public',
    grant_types: (metadata.grant_types ?? ['authorization_code']).filter((grant) => grant !== DEVICE_GRANT),
    redirect_uris: redirectUris,
    post_logout_redirect_uris: afterLogout,
    ...(backchannel === undefined
      ? {}
      : {
          backchannel_logout_uri: backchannel,
          ...(sid === undefined ? {} : { backchannel_logout_session_required: sid }),
        }),
    ...(secrets.length === 0 ? {} : { client_secret: PLACEHOLDER }),
  } as unknown as AdapterPayload;
}
