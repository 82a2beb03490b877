import type { Context } from 'koa';

/** The cookie that says to which check the sign-ins of a browser belong. */
export const markName = (issuer: string): string =>
  issuer.startsWith('https:') ? '__Secure-sandbox-check' : 'sandbox-check';

/** Sign-ins of this browser belong to the check from now on; those of anybody else do not. */
export function markBrowser(ctx: Context, mark: string, issuer: string): void {
  ctx.cookies.set(markName(issuer), mark, {
    path: '/sandbox',
    httpOnly: true,
    sameSite: 'lax',
    secure: issuer.startsWith('https:'),
    signed: false,
    overwrite: true,
  });
}

export const markOf = (ctx: Context, issuer: string): string | undefined =>
  ctx.cookies.get(markName(issuer), { signed: false });
