import type { KoaContextWithOIDC } from 'oidc-provider';
import { NOT_SHARED, type SignInEnd } from '../domain/sign-in-end.ts';
import type { ProtocolAdapterDeps } from './state/adapter.ts';
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
