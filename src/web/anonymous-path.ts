/** A path for the log, without the ids in it that open something for a while: sign-ins, and the personal links of checks. */
export const anonymousPath = (path: string): string => path.replace(/^((?:\/sandbox)?\/(?:interaction|auth|device)|\/sandbox\/check)\/[^/]+/, '$1/:uid').slice(0, 200);
