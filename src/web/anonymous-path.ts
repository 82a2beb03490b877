/**
 * A path for the log, without what opens something in it: the ids of sign-ins, the personal links of checks, the
 * address of the SMS gateway.
 */
export const anonymousPath = (path: string): string =>
  path
    .replace(/^((?:\/sandbox)?\/(?:interaction|auth|device)|\/sandbox\/check)\/[^/]+/, '$1/:uid')
    // However somebody else has written it down: in capitals, with a slash too many, behind something.
    .replace(/(\/receipts)\/.*$/i, '$1/:uid')
    .slice(0, 200);
