import { errors, type Client, type KoaContextWithOIDC } from 'oidc-provider';
import { isFapi2 } from './client-rules.ts';

type Claims = Readonly<Record<string, unknown>>;

/** FAPI 2.0 Security Profile, 5.4.1: no other signatures, whatever the registration allows. */
const ALGORITHMS: readonly unknown[] = ['ES256', 'PS256', 'EdDSA', 'Ed25519'];
/** FAPI 2.0 Message Signing, 5.3.1. */
const LONGEST_SECONDS = 3600;
/**
 * That an assertion was used is remembered until it ends (RFC 7523, 3: one that is good for unreasonably long may be
 * refused).
 */
const LONGEST_ASSERTION_SECONDS = 86_400;
/** The last second that a date can have, of ECMAScript as of PostgreSQL. */
const LAST_SECOND = 8.64e12;

/** Which of the times is none: JSON has room for numbers that no clock will ever show. */
const absurdTime = (claims: Claims): string | undefined =>
  ['exp', 'nbf', 'iat'].find(
    (name) =>
      claims[name] !== undefined && !(typeof claims[name] === 'number' && Math.abs(claims[name]) <= LAST_SECOND),
  );

/**
 * The assertion by which a client proves itself: signed well, and made for us alone (FAPI 2.0 Security Profile,
 * 5.3.2.1).
 */
export function assertClientAssertion(
  { oidc }: KoaContextWithOIDC,
  claims: Claims,
  header: Claims,
  client: Client,
): void {
  const absurd = absurdTime(claims);
  if (absurd !== undefined) throw new errors.InvalidClientAuth(`${absurd} of the assertion is no time`);
  if (Number(claims.exp) > Date.now() / 1000 + LONGEST_ASSERTION_SECONDS)
    throw new errors.InvalidClientAuth('exp of the assertion must be within a day');
  if (!isFapi2(client)) return;
  if (!ALGORITHMS.includes(header.alg))
    throw new errors.InvalidClientAuth('the assertion must be signed by ES256, PS256 or EdDSA');
  if (claims.aud !== oidc.provider.issuer)
    throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier url');
}

/** A signed request: signed as well, and for no longer than it takes. */
export function assertRequestObject(
  { oidc }: KoaContextWithOIDC,
  claims: Claims,
  header: Claims,
  client: Client,
): void {
  const absurd = absurdTime(claims);
  if (absurd !== undefined) throw new errors.InvalidRequestObject(`${absurd} of the request object is no time`);
  if (!isFapi2(client)) return;
  // A pushed request comes by here again when it is used: as we have written it, signed by nobody.
  const isOurs = oidc.entities.PushedAuthorizationRequest !== undefined;
  if (!isOurs && !ALGORITHMS.includes(header.alg))
    throw new errors.InvalidRequestObject('the request object must be signed by ES256, PS256 or EdDSA');
  const { exp, nbf, aud } = claims;
  if (aud === undefined || typeof exp !== 'number' || typeof nbf !== 'number')
    throw new errors.InvalidRequestObject('the request object must hold aud, exp and nbf');
  if (exp <= nbf || exp - nbf > LONGEST_SECONDS)
    throw new errors.InvalidRequestObject('exp must follow nbf within an hour');
}
