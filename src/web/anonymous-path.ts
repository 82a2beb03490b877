/** A path for the log, without what opens something in it: the ids of sign-ins, the personal links of checks, the address of the SMS gateway. */
export const anonymousPath = (path: string): string => path.replace(/^((?:\/sandbox)?\/(?:interaction|auth|device)|\/sandbox\/check|\/receipts)\/[^/]+/, '$1/:uid').slice(0, 200);
