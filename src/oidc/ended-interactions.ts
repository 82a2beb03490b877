import { errors, type AdapterPayload } from 'oidc-provider';
import type Provider from 'oidc-provider';
import { asRead, type ProtocolAdapter } from './state/adapter.ts';

/** What stood in the store when an interaction was read, or was written last. */
const READ = Symbol('as it was read');
/** Requests of one browser that write its interaction at the same moment. */
const MOST_TRIES = 30;

interface InteractionModel {
  readonly jti: string;
  readonly exp?: number;
  readonly browser?: string;
  readonly result?: object;
  [READ]?: AdapterPayload;
  readonly adapter: ProtocolAdapter;
  getValueAndPayload(): Promise<{ readonly payload: AdapterPayload }>;
  save: (this: InteractionModel, ttl: number) => Promise<unknown>;
}

/**
 * Whether a press may write over what another has written since it has read the interaction. Of the presses of one
 * browser the last counts. But where all that it brings is the mark of the browser, or that a session is over, it
 * undoes nothing of what came of another.
 */
function mayWriteOver({ browser, result, [READ]: read }: InteractionModel, now: AdapterPayload): boolean {
  if (now.browser !== undefined && now.browser !== browser) return false;
  if (result !== read?.result) return true;
  return now.result === undefined && now.browser === read?.browser;
}

/**
 * What is still under way with an interaction when another press of the button has ended it writes it no more: it would
 * be there again, and whoever came with it be asked once more. They hear `SessionNotFound`, as who comes a moment later
 * does. So does who has read it before it became another browser's: the body of a form may take its time, and what
 * stands there meanwhile was proved elsewhere.
 */
export function leaveEndedInteractions(provider: Provider): void {
  const model = provider.Interaction as unknown as {
    prototype: InteractionModel;
    instantiate: (this: unknown, payload: AdapterPayload) => InteractionModel;
  };
  const { prototype, instantiate } = model;
  model.instantiate = function (payload) {
    return Object.defineProperty(instantiate.call(this, payload), READ, { value: payload, writable: true });
  };

  const { save } = prototype;
  prototype.save = async function (ttl) {
    // Only what has been written already knows its end.
    if (this.exp === undefined) return save.call(this, ttl);
    const { payload } = await this.getValueAndPayload();
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { [READ]: read } = this;
      if (await this.adapter.replace(this.jti, payload, ttl, read === undefined ? undefined : asRead(read))) {
        this[READ] = payload;
        return this.jti;
      }
      const now = read === undefined ? undefined : await this.adapter.find(this.jti);
      if (now === undefined || !mayWriteOver(this, now)) break;
      this[READ] = now;
    }
    throw new errors.SessionNotFound('interaction session has ended, or was overtaken');
  };
}
