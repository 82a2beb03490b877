import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import type { TestApp } from './app.ts';

export interface ClientKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  /** The public half, as a service publishes it. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** What nobody may publish. */
  readonly privateJwk: Readonly<Record<string, unknown>>;
}

export async function makeKey(kid: string, alg = 'ES256', use = 'sig'): Promise<ClientKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const about = { kid, use, alg };
  return {
    kid,
    alg,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), ...about },
    privateJwk: { ...(await exportJWK(privateKey)), ...about },
  };
}

/** The fields by which a client proves itself by its key (RFC 7523). */
export async function proofBy(
  app: Pick<TestApp, 'clock' | 'config'>,
  clientId: string,
  { kid, alg, privateKey }: ClientKey,
): Promise<Readonly<Record<string, string>>> {
  const seconds = Math.floor(app.clock.now().getTime() / 1000);
  const assertion = await new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg, kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(app.config.http.issuer)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 60)
    .sign(privateKey);
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  };
}
