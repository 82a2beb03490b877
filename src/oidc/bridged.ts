import type { Context } from 'koa';

/** What the bridge leaves on a request that it has translated from the former interface; nothing else can set it. */
export interface BridgedState {
  bridged?: true;
}

export const isBridged = ({ state }: Pick<Context, 'state'>): boolean => (state as BridgedState).bridged === true;
