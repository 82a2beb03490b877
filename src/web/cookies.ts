/** Over https a cookie for the whole host carries the prefix that ties it to the host (RFC 6265bis, 4.1.3.2). */
export const cookieName = (name: string, secure: boolean): string => (secure ? `__Host-${name}` : name);

/** As `cookieName`, for a cookie that is limited to a path. */
export const pathCookieName = (name: string, secure: boolean): string => (secure ? `__Secure-${name}` : name);
