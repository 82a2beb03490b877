import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import type { SenderState } from '../web/sender.ts';

interface Interaction {
  readonly exp?: number;
  readonly deviceCode?: string;
  browser?: string | undefined;
  save: (this: Interaction, ttl: number) => Promise<unknown>;
}

interface InteractionModel {
  readonly IN_PAYLOAD: readonly string[];
  readonly prototype: Interaction;
  find: (this: unknown, id: string, options?: object) => Promise<Interaction | undefined>;
}

const currentRequest = (): Partial<KoaContextWithOIDC> | undefined => Provider.ctx;
const markOfBrowser = (): string | undefined =>
  (currentRequest()?.state as Partial<SenderState> | undefined)?.sender?.().device;

const WAYS_BACK: readonly (string | undefined)[] = ['resume', 'device_resume'];

/**
 * A sign-in knows whose it is, by the mark of the browser in which something was proved (`interaction/entrance.ts`),
 * and comes to its end there alone: whoever else brings the cookie for the way back finds it gone. It may have been
 * planted, here or there.
 *
 * That for a device has been proved something before its first page: somebody has compared the code. Whoever has
 * compared that of a device of his own must not have another person sign in there.
 */
export function endInOneBrowser(provider: Provider): void {
  const model = provider.Interaction as unknown as InteractionModel;
  Object.defineProperty(model, 'IN_PAYLOAD', { value: [...model.IN_PAYLOAD, 'browser'] });
  const { find } = model;
  model.find = async function (id, options) {
    const found = await find.call(this, id, options);
    if (found?.browser === undefined || !WAYS_BACK.includes(currentRequest()?.oidc?.route)) return found;
    return markOfBrowser() === found.browser ? found : undefined;
  };
  const { save } = model.prototype;
  model.prototype.save = function (ttl) {
    if (this.exp === undefined && this.deviceCode !== undefined) this.browser ??= markOfBrowser();
    return save.call(this, ttl);
  };
}
