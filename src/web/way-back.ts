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
export const leadBack = (ctx: Context, way: WayBack): void => {
  (ctx.state as { wayBack?: WayBack }).wayBack = way;
};

export const wayBackOf = (ctx: Context): WayBack | undefined => (ctx.state as { wayBack?: WayBack }).wayBack;

/**
 * What the page before has shown of what a service gets; kept only where it is new to the person, which is looked at on
 * the way home in any case.
 */
type Settle = () => Promise<boolean>;

export const settleOnTheWay = (ctx: Context, settle: Settle): void => {
  (ctx.state as { settle?: Settle | undefined }).settle = settle;
};

/**
 * @returns whether the person was shown what is new to them, and that is written down now; false where it was not, and
 *   when asked again.
 */
export async function settleShown(ctx: Pick<Context, 'state'>): Promise<boolean> {
  const state = ctx.state as { settle?: Settle | undefined };
  const { settle } = state;
  state.settle = undefined;
  return (await settle?.()) === true;
}
