import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import type { SenderState } from '../web/sender.ts';

interface InteractionModel {
  readonly IN_PAYLOAD: readonly string[];
  find: (this: unknown, id: string, options?: object) => Promise<{ readonly browser?: string } | undefined>;
}

const WAYS_BACK: readonly (string | undefined)[] = ['resume', 'device_resume'];

/**
 * A sign-in knows whose it is, by the mark of the browser in which something was proved (`interaction/entrance.ts`), and comes to its end there alone: whoever else brings the cookie for the way
 * back finds it gone. It may have been planted, here or there.
 */
export function endInOneBrowser(provider: Provider): void {
  const model = provider.Interaction as unknown as InteractionModel;
  Object.defineProperty(model, 'IN_PAYLOAD', { value: [...model.IN_PAYLOAD, 'browser'] });
  const { find } = model;
  model.find = async function (id, options) {
    const found = await find.call(this, id, options);
    const { oidc, state } = (Provider.ctx ?? {}) as Partial<KoaContextWithOIDC>;
    if (found?.browser === undefined || !WAYS_BACK.includes(oidc?.route)) return found;
    return (state as Partial<SenderState>).sender?.().device === found.browser ? found : undefined;
  };
}
