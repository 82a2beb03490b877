import { errors, type AdapterPayload, type KoaContextWithOIDC } from 'oidc-provider';
import type Provider from 'oidc-provider';
import type { ProtocolAdapter, ProtocolAdapterDeps } from './state/adapter.ts';
import type { SenderState } from '../web/sender.ts';

const MODEL = 'EndedSignIn';
/** How long a browser that heard nothing of it can ask what came of its sign-in: a press of the button again, on a slow network. */
const KEPT_SECONDS = 120;

/** The uid of the session that a sign-in led to: it stays the same where the session gets another id. */
export interface EndedSignIns {
  /** @param device  the mark of the browser: it comes by a cookie that no other host can set, and the one of the interaction does not. */
  remember(uid: string, device: string, sessionUid: string): Promise<void>;
  /** @returns undefined for every other browser, and where the sign-in did not end within the last two minutes. */
  find(uid: string, device: string): Promise<string | undefined>;
}

export function createEndedSignIns({ state, sealer, keyedHash }: ProtocolAdapterDeps): EndedSignIns {
  const idOf = (uid: string, device: string): Buffer => keyedHash.hash('protocol-id', MODEL, uid, device);
  return {
    async remember(uid, device, sessionUid) {
      const payload = sealer.seal('protocol-state', MODEL, sessionUid);
      await state.upsert({ model: MODEL, id: idOf(uid, device), payload, grantId: undefined, uid: undefined, userCode: undefined, holder: undefined, ttlSeconds: KEPT_SECONDS });
    },
    async find(uid, device) {
      const row = await state.find(MODEL, idOf(uid, device));
      return row === undefined ? undefined : sealer.open('protocol-state', MODEL, row.payload).toString();
    },
  };
}

/** Remembers what came of a sign-in in which somebody proved who they are. What could not be remembered is lost only to whoever loses the answer too. */
export async function rememberEnd(ended: Pick<EndedSignIns, 'remember'>, { oidc, state }: KoaContextWithOIDC): Promise<void> {
  const { device } = (state as Partial<SenderState>).sender?.() ?? {};
  const uid = oidc.entities.Interaction?.uid;
  if (uid === undefined || device === undefined || oidc.result?.login === undefined || oidc.session?.accountId === undefined) return;
  await ended.remember(uid, device, oidc.session.uid).catch(() => undefined);
}

interface InteractionModel {
  readonly jti: string;
  readonly exp?: number;
  readonly adapter: ProtocolAdapter;
  getValueAndPayload(): Promise<{ readonly payload: AdapterPayload }>;
  save: (this: InteractionModel, ttl: number) => Promise<unknown>;
}

/**
 * What is still under way with an interaction when another press of the button has ended it writes it no more: it would be there again, and whoever came
 * with it be asked once more. They hear `SessionNotFound`, as who comes a moment later does.
 */
export function leaveEndedInteractions(provider: Provider): void {
  const { prototype } = provider.Interaction as unknown as { prototype: InteractionModel };
  const { save } = prototype;
  prototype.save = async function (ttl) {
    // Only what has been written already knows its end.
    if (this.exp === undefined) return save.call(this, ttl);
    const { payload } = await this.getValueAndPayload();
    if (!(await this.adapter.replace(this.jti, payload, ttl))) throw new errors.SessionNotFound('interaction session has ended');
    return this.jti;
  };
}
