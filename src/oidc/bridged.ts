import type { Context } from 'koa';
import Provider from 'oidc-provider';

/** What the bridge leaves on a request that it has translated from the former interface; nothing else can set it. */
export interface BridgedState {
  bridged?: true;
}

export const isBridged = ({ state }: Pick<Context, 'state'>): boolean => (state as BridgedState).bridged === true;

interface InteractionModel {
  readonly IN_PAYLOAD: readonly string[];
  readonly prototype: { save: (this: BridgedState, ttl: number) => Promise<unknown> };
}

/**
 * Every step of a sign-in knows that it began in the former interface: one that begins anew is asked for as it was, and
 * translated again.
 */
export function rememberBridged(provider: Provider): void {
  const model = provider.Interaction as unknown as InteractionModel;
  const { IN_PAYLOAD: kept, prototype } = model;
  const { save } = prototype;
  Object.defineProperty(model, 'IN_PAYLOAD', { value: [...kept, 'bridged'] });
  prototype.save = function (ttl) {
    const { ctx } = Provider;
    const before = ctx?.oidc.entities.Interaction as BridgedState | undefined;
    if (ctx !== undefined && (isBridged(ctx) || before?.bridged === true)) this.bridged = true;
    return save.call(this, ttl);
  };
}
