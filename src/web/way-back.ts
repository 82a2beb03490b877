import type { Context } from 'koa';

/** Where a sign-in that came to its end goes on. */
export interface WayBack {
  /** An address of the protocol, which leads to the service. */
  readonly home: string;
  /** The address of the sign-in, where it is told that it is over. */
  readonly ended: string;
  /** Where the request of the sign-in begins anew: for the second press of a button whose first was faster. */
  readonly again: string;
}

/** Who stands in front of the protocol answers (`oidc/resume-at-once.ts`). */
export const leadBack = (ctx: Context, way: WayBack): void => { (ctx.state as { wayBack?: WayBack }).wayBack = way; };

export const wayBackOf = (ctx: Context): WayBack | undefined => (ctx.state as { wayBack?: WayBack }).wayBack;
