/**
 * What a machine may do at the operators' API. A scope is granted to a machine client when it is registered; no service
 * that people sign in to can have one.
 */
export const adminScopes = [
  'admin:accounts:read',
  'admin:accounts:write',
  'admin:audit:read',
  'admin:clients:read',
  'admin:clients:write',
  'admin:clients:approve',
  'admin:clients:waive',
  'admin:operators:read',
  'admin:operators:write',
  'admin:reports:read',
] as const;
export type AdminScope = (typeof adminScopes)[number];
