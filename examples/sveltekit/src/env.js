import { defineEnvVars } from '@sveltejs/kit/env';
import { building } from '$app/env';

/** Nobody needs the secret to build. */
function atStart(value) {
  if (!value && !building) throw new Error('set it to what the registration printed');
  return value ?? '';
}

export const variables = defineEnvVars({
  ISSUER: { schema: (value = 'http://localhost:3000') => value },
  CLIENT_ID: { schema: atStart },
  CLIENT_SECRET: { schema: atStart },
  PORT: { schema: (value = '8087') => value },
});
