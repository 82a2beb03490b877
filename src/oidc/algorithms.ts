import type { Configuration } from 'oidc-provider';

/** What we sign with: one key stands ready for each (signing-keys.ts). */
const ours = ['ES256', 'RS256', 'EdDSA'] as const;
/** What a client may sign with. Nothing symmetric: a secret that signs would have to be known in clear by both. */
const theirs = ['ES256', 'PS256', 'RS256', 'EdDSA'] as const;
/** No RSA1_5 and no RSA-OAEP with SHA-1. */
const keyWrapping = ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW'] as const;
const content = ['A256GCM', 'A128GCM', 'A128CBC-HS256', 'A256CBC-HS512'] as const;

export const algorithms: NonNullable<Configuration['enabledJWA']> = {
  idTokenSigningAlgValues: [...ours],
  userinfoSigningAlgValues: [...ours],
  introspectionSigningAlgValues: [...ours],
  clientAuthSigningAlgValues: [...theirs],
  requestObjectSigningAlgValues: [...theirs],
  // Keys made for the purpose, by young libraries: none of them needs RS256, which FAPI 2.0 forbids here too.
  dPoPSigningAlgValues: theirs.filter((name) => name !== 'RS256'),
  idTokenEncryptionAlgValues: [...keyWrapping],
  userinfoEncryptionAlgValues: [...keyWrapping],
  introspectionEncryptionAlgValues: [...keyWrapping],
  idTokenEncryptionEncValues: [...content],
  userinfoEncryptionEncValues: [...content],
  introspectionEncryptionEncValues: [...content],
  // Nothing is encrypted towards us: a pushed request is as private, and we need no keys for it.
  requestObjectEncryptionAlgValues: [],
  requestObjectEncryptionEncValues: [],
};
