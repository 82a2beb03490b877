import { errors, type AdapterPayload, type KoaContextWithOIDC } from 'oidc-provider';
import type Provider from 'oidc-provider';
import { NOT_SHARED, type SignInEnd } from '../domain/sign-in-end.ts';
import { asRead, type ProtocolAdapter, type ProtocolAdapterDeps } from './state/adapter.ts';
import type { SenderState } from '../web/sender.ts';

const MODEL = 'EndedSignIn';
/**
 * How long a browser that heard nothing of it can ask what came of its sign-in: a press of the button again, on a slow
 * network.
 */
const KEPT_SECONDS = 120;

export interface EndedSignIns {
  /**
   * @param device  the mark of the browser: it comes by a cookie that no other host can set, and the one of the
   *   interaction does not.
   */
  remember(uid: string, device: string, end: SignInEnd): Promise<void>;
  /** @returns undefined for every other browser, and where the sign-in did not end within the last two minutes. */
  find(uid: string, device: string): Promise<SignInEnd | undefined>;
}

export function createEndedSignIns({ state, sealer, keyedHash }: ProtocolAdapterDeps): EndedSignIns {
  const idOf = (uid: string, device: string): Buffer => keyedHash.hash('protocol-id', MODEL, uid, device);
  return {
    async remember(uid, device, end) {
      const payload = sealer.seal('protocol-state', MODEL, JSON.stringify(end));
      await state.upsert({
        model: MODEL,
        id: idOf(uid, device),
        payload,
        grantId: undefined,
        uid: undefined,
        userCode: undefined,
        holder: undefined,
        ttlSeconds: KEPT_SECONDS,
      });
    },
    async find(uid, device) {
      const row = await state.find(MODEL, idOf(uid, device));
      const text = row === undefined ? '' : sealer.open('protocol-state', MODEL, row.payload).toString();
      // An instance of an older version, beside which this one starts, writes the id of a session alone.
      return text.startsWith('{') ? (JSON.parse(text) as SignInEnd) : undefined;
    },
  };
}

/** What came of the sign-in whose result this is. */
function endOf(
  { session, params }: KoaContextWithOIDC['oidc'],
  { login, error, error_description: words, sharing, secondFactor }: Result,
): SignInEnd | undefined {
  // Only a device's request has no way back.
  if (params !== undefined && params.redirect_uri === undefined) return undefined;
  const told =
    sharing === 'declined'
      ? NOT_SHARED
      : error === undefined
        ? undefined
        : { error, ...(words === undefined ? {} : { error_description: words }) };
  const proved = login !== undefined && session?.accountId !== undefined ? session.uid : undefined;
  if (told === undefined && proved === undefined) return undefined;
  return {
    ...(proved === undefined ? {} : { session: proved }),
    ...(told === undefined ? {} : { error: told }),
    ...(secondFactor === 'declined' ? { secondFactor } : {}),
  };
}

/**
 * Remembers what came of a sign-in in which somebody proved who they are, or turned back. What could not be remembered
 * is lost only to whoever loses the answer too.
 */
export async function rememberEnd(
  ended: Pick<EndedSignIns, 'remember'>,
  { oidc, state }: KoaContextWithOIDC,
): Promise<void> {
  const { device } = (state as Partial<SenderState>).sender?.() ?? {};
  const { Interaction: interaction } = oidc.entities;
  const end = endOf(oidc, oidc.result ?? interaction?.result ?? {});
  if (interaction === undefined || device === undefined || end === undefined) return;
  await ended.remember(interaction.uid, device, end).catch(() => undefined);
}

/** What an interaction came to. */
interface Result {
  readonly login?: object | undefined;
  readonly error?: string | undefined;
  readonly error_description?: string | undefined;
  readonly sharing?: 'declined' | undefined;
  readonly secondFactor?: 'declined' | undefined;
}

/** What stood in the store when an interaction was read, and whether the mark of a browser was in it. */
const READ = Symbol('as it was read');
const WAS_MARKED = Symbol('it had a mark');
/** Requests of one browser that write its interaction at the same moment. */
const MOST_TRIES = 30;

interface InteractionModel {
  readonly jti: string;
  readonly exp?: number;
  readonly browser?: string;
  readonly result?: object;
  [READ]?: Buffer | undefined;
  [WAS_MARKED]?: boolean;
  readonly adapter: ProtocolAdapter;
  getValueAndPayload(): Promise<{ readonly payload: AdapterPayload }>;
  save: (this: InteractionModel, ttl: number) => Promise<unknown>;
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
    return Object.defineProperties(instantiate.call(this, payload), {
      [READ]: { value: asRead(payload), writable: true },
      [WAS_MARKED]: { value: payload.browser !== undefined, writable: true },
    });
  };

  const { save } = prototype;
  prototype.save = async function (ttl) {
    // Only what has been written already knows its end.
    if (this.exp === undefined) return save.call(this, ttl);
    const { payload } = await this.getValueAndPayload();
    // Who merely adds the mark undoes nothing that another press has written.
    const addsMark = this[WAS_MARKED] === false && this.browser !== undefined && this.result === undefined;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      if (await this.adapter.replace(this.jti, payload, ttl, this[READ])) {
        this[READ] = asRead(payload);
        this[WAS_MARKED] = this.browser !== undefined;
        return this.jti;
      }
      const now = this[READ] === undefined ? undefined : await this.adapter.find(this.jti);
      // Of the presses of one browser the last counts.
      if (now === undefined || (now.browser !== undefined && (addsMark || now.browser !== this.browser))) break;
      this[READ] = asRead(now);
    }
    throw new errors.SessionNotFound('interaction session has ended, or is that of another browser');
  };
}
