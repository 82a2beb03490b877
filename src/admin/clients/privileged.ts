/** What the rules say, in the words of whoever writes documents. */
export const PRIVILEGED = 'admin: scopes are granted by the command line alone';

/**
 * Rights at the API of operators are given by the command line alone: whoever registers a machine at the console or at
 * the API itself would reach past their own roles with it.
 */
export const isPrivileged = (...scopes: readonly unknown[]): boolean =>
  scopes.some((scope) => typeof scope === 'string' && /(?:^|\s)admin:/.test(scope));
