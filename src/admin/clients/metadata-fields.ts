import { z } from 'zod';
import { clientTypes, PORTAL_CLIENT_ID } from '../../domain/client.ts';
import { isDay } from '../../domain/day.ts';
import { LOGO_NAME } from '../../domain/logo/logo.ts';
import { PLAIN_LINE } from '../../domain/plain-line.ts';
import { legalBases, personalScopes } from '../../domain/sharing.ts';
import { findTestUriProblem, findWebUriProblem } from './uris.ts';

/** RFC 8628, 3.4. */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** What stands in the place of an id in the addresses of the console. */
const ADDRESSES: readonly string[] = ['errors', 'new', 'teams'];

const line = z
  .string()
  .trim()
  .min(1)
  .max(100, { error: 'must have 1 to 100 characters in one line' })
  .regex(PLAIN_LINE, { error: 'must be one line of text' });
const uris = z.array(z.string()).max(100);
/** The address of a page or end point of a service. */
const webUri = z.string().superRefine((text, ctx) => {
  const problem = findWebUriProblem(text);
  if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem });
});
const testUri = z.string().superRefine((text, ctx) => {
  const problem = findTestUriProblem(text);
  if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem });
});
/** What we sign with, what a client signs with, and how we encrypt to it: as src/oidc/algorithms.ts has them. */
const signingAlg = z.enum(['ES256', 'RS256', 'EdDSA']);
const clientSigningAlg = z.enum(['ES256', 'PS256', 'RS256', 'EdDSA']);
const encryptionAlg = z.enum(['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW']);
const encryptionEnc = z.enum(['A256GCM', 'A128GCM', 'A128CBC-HS256', 'A256CBC-HS512']);

/** Read by everybody who is asked, before they answer: short, and in both languages. */
const purpose = z
  .string()
  .trim()
  .min(10, { error: 'must say it in 10 to 200 characters' })
  .max(200, { error: 'must say it in 10 to 200 characters' })
  .regex(PLAIN_LINE, { error: 'must be one line of text' });
const dataUse = z.strictObject({
  purpose: z.strictObject({ id: purpose, en: purpose }),
  legal_basis: z.enum(legalBases),
});

const portalLine = z
  .string()
  .trim()
  .min(1)
  .max(200, { error: 'must have 1 to 200 characters in one line' })
  .regex(PLAIN_LINE, { error: 'must be one line of text' });
/** What the portal says of a service, beside its registration. */
export const listing = z.strictObject({ url: webUri, id: portalLine, en: portalLine });

/** As `sso api` takes it: whatever else it holds, no API is called so, and no database keeps it. */
const apiIdentifier = z
  .string()
  .max(255)
  .regex(/^[\x21-\x7e]+$/, { error: 'names no API: an identifier is an absolute URI in plain characters' });

/**
 * Each member of a client metadata document by itself; what they must be to one another stands in `metadata-rules.ts`.
 */
export const fields = {
  client_id: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{3,64}$/, { error: 'must be 3 to 64 of A-Z a-z 0-9 . _ ~ -' })
    .refine((id) => id !== PORTAL_CLIENT_ID, { error: 'is the portal’s own' })
    .refine((id) => !ADDRESSES.includes(id), { error: 'is a word of our own addresses' })
    .optional(),
  client_name: line,
  client_secret: z.undefined({ error: 'is made here and cannot be given' }).optional(),
  application_type: z.enum(['web', 'native']).optional(),
  redirect_uris: uris.default([]),
  post_logout_redirect_uris: uris.default([]),
  test_redirect_uris: uris.optional(),
  test_post_logout_redirect_uris: uris.optional(),
  test_backchannel_logout_uri: testUri.optional(),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials', DEVICE_GRANT]))
    .min(1)
    .optional(),
  response_types: z.array(z.literal('code', { error: 'may only hold "code"' })).optional(),
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .optional(),
  scope: z.string().trim().min(1).optional(),
  id_token_signed_response_alg: signingAlg.default('ES256'),
  id_token_encrypted_response_alg: encryptionAlg.optional(),
  id_token_encrypted_response_enc: encryptionEnc.optional(),
  userinfo_signed_response_alg: signingAlg.optional(),
  userinfo_encrypted_response_alg: encryptionAlg.optional(),
  userinfo_encrypted_response_enc: encryptionEnc.optional(),
  introspection_signed_response_alg: signingAlg.optional(),
  introspection_encrypted_response_alg: encryptionAlg.optional(),
  introspection_encrypted_response_enc: encryptionEnc.optional(),
  token_endpoint_auth_signing_alg: clientSigningAlg.optional(),
  request_object_signing_alg: clientSigningAlg.optional(),
  require_signed_request_object: z.boolean().optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  dpop_bound_access_tokens: z.boolean().optional(),
  response_modes: z
    .array(z.enum(['query', 'form_post']))
    .min(1)
    .optional(),
  security_profile: z.literal('fapi2').optional(),
  pkce_waived_because: z
    .string()
    .trim()
    .min(20, { error: 'must say why, in 20 to 500 characters' })
    .max(500, { error: 'must say why, in 20 to 500 characters' })
    .regex(PLAIN_LINE, { error: 'must be one line of text' })
    .optional(),
  jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) }).optional(),
  jwks_uri: webUri.optional(),
  client_uri: webUri.optional(),
  logo: z.string().regex(LOGO_NAME, { error: 'must name a stored logo: use client logo <id> <file>' }).optional(),
  logo_uri: webUri.optional(),
  policy_uri: webUri.optional(),
  tos_uri: webUri.optional(),
  initiate_login_uri: webUri.optional(),
  backchannel_logout_uri: webUri
    .refine((text) => !text.includes('#'), { error: 'must not hold a fragment' })
    .optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  contacts: z.array(z.email()).max(20).optional(),
  default_max_age: z.int().min(0).optional(),
  default_acr_values: z.array(z.string()).optional(),
  require_auth_time: z.boolean().optional(),
  subject_type: z.enum(['public', 'pairwise']).optional(),
  sector_identifier_uri: webUri.refine((text) => text.startsWith('https:'), { error: 'must be https' }).optional(),
  data_use: z.partialRecord(z.enum(personalScopes), dataUse).optional(),
  first_party: z.boolean().optional(),
  notice_page: z.boolean().optional(),
  resources: z
    .record(apiIdentifier, z.array(z.string().max(64)).max(100))
    .refine((all) => Object.keys(all).length <= 50, { error: 'names too many APIs' })
    .optional(),
  bridge: z
    .strictObject({
      until: z.string().refine(isDay, { error: 'must be the last day, as 2026-12-31' }),
      state_required: z.boolean().optional(),
    })
    .optional(),
  may_introspect: z.array(apiIdentifier).min(1).max(50).optional(),
  operated_by: z.uuid({ error: 'must be the account id (sub) of an operator' }).optional(),
  allow_nik: z.boolean().default(false),
  type: z.enum(clientTypes).optional(),
};
export const document = z.object(fields);
export type Document = z.infer<typeof document>;
