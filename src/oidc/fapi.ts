import { errors, type Client, type KoaContextWithOIDC } from 'oidc-provider';
import { isFapi2 } from './client-rules.ts';

type Claims = Readonly<Record<string, unknown>>;

/** FAPI 2.0 Security Profile, 5.4.1: no other signatures, whatever the registration allows. */
const ALGORITHMS: readonly unknown[] = ['ES256', 'PS256', 'EdDSA', 'Ed25519'];
/** FAPI 2.0 Message Signing, 5.3.1. */
const LONGEST_SECONDS = 3600;

/** The assertion by which a client proves itself: signed well, and made for us alone (FAPI 2.0 Security Profile, 5.3.2.1). */
export function assertClientAssertion({ oidc }: KoaContextWithOIDC, claims: Claims, header: Claims, client: Client): void {
  if (!isFapi2(client)) return;
  if (!ALGORITHMS.includes(header.alg)) throw new errors.InvalidClientAuth('the assertion must be signed by ES256, PS256 or EdDSA');
  if (claims.aud !== oidc.provider.issuer) throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier url');
}

/** A signed request: signed as well, and for no longer than it takes. */
export function assertRequestObject({ oidc }: KoaContextWithOIDC, claims: Claims, header: Claims, client: Client): void {
  if (!isFapi2(client)) return;
  // A pushed request comes by here again when it is used: as we have written it, signed by nobody.
  const isOurs = oidc.entities.PushedAuthorizationRequest !== undefined;
  if (!isOurs && !ALGORITHMS.includes(header.alg)) throw new errors.InvalidRequestObject('the request object must be signed by ES256, PS256 or EdDSA');
  const { exp, nbf, aud } = claims;
  if (aud === undefined || typeof exp !== 'number' || typeof nbf !== 'number') throw new errors.InvalidRequestObject('the request object must hold aud, exp and nbf');
  if (exp <= nbf || exp - nbf > LONGEST_SECONDS) throw new errors.InvalidRequestObject('exp must follow nbf within an hour');
}
