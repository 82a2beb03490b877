import { setTimeout as delay } from 'node:timers/promises';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { IsFirstUse } from './state/replays.ts';

/** What this request did with a code. */
const DONE = Symbol('done here');

/** A code is taken by whoever says yes or no to it, and settled by what comes of the sign-in that follows a yes. */
type Stage = 'taken' | 'settled';

interface DeviceCodeModel {
  readonly jti: string;
  readonly exp: number;
  readonly accountId?: string;
  readonly error?: string;
  readonly inFlight?: boolean;
  [DONE]?: Set<Stage>;
  save: (this: DeviceCodeModel, ttl?: number) => Promise<unknown>;
}

function stageOf({ accountId, error, inFlight }: DeviceCodeModel): Stage | undefined {
  const hasEnd = accountId !== undefined || error !== undefined;
  if (inFlight === true) return hasEnd ? 'settled' : 'taken';
  return hasEnd ? 'taken' : undefined;
}

/** As the library calls it where it sees so in time. */
class CodeTaken extends Error {
  override readonly name = 'AlreadyUsedError';
  readonly expose = true;
  readonly statusCode = 422;
}

/**
 * A code is taken once, and a device linked or turned away once. The library looks whether somebody has done so and writes it down then: of two people who confirmed at the same moment both were
 * told that the device is theirs, and it was whose request came last, or nobody's where that undid the link.
 */
export function settleDevicesOnce(provider: Provider, isFirstUse: IsFirstUse): void {
  const { prototype } = provider.DeviceCode as unknown as { prototype: DeviceCodeModel };
  const { save } = prototype;
  prototype.save = async function (ttl) {
    const stage = stageOf(this);
    const done = this[DONE] ?? new Set();
    // What went wrong when it was to be linked is told to the device.
    if (stage !== undefined && !done.has(stage)) {
      if (!(await isFirstUse(`device-code ${stage}`, this.jti, this.exp))) throw new CodeTaken('the code was used');
      if (this[DONE] === undefined) Object.defineProperty(this, DONE, { value: done });
      done.add(stage);
    }
    return save.call(this, ttl);
  };
}

/** As long as the press before may take to link the device. */
const LOOK_AGAIN_MS = 100;
const PATIENCE = 10;

/** What the press before has done in the name of the same person, where the code of this one has been used. */
export async function doneBefore(ctx: KoaContextWithOIDC): Promise<'linked' | 'declined' | undefined> {
  const { provider, params, session, entities } = ctx.oidc;
  const { user_code: typed, confirm, abort } = (params ?? {}) as { user_code?: unknown; confirm?: unknown; abort?: unknown };
  const { deviceCode } = (entities.Interaction ?? {}) as { deviceCode?: string };
  const find = async () =>
    deviceCode === undefined
      ? provider.DeviceCode.findByUserCode(String(typed).toUpperCase().replaceAll(/\W/g, ''), { ignoreExpiration: true })
      : provider.DeviceCode.find(deviceCode, { ignoreExpiration: true });

  let code = await find();
  const isPress = abort !== undefined || (confirm !== undefined && session?.accountId !== undefined);
  for (let waits = 0; isPress && waits < PATIENCE && code !== undefined && code.accountId === undefined && code.error === undefined; waits += 1) {
    await delay(LOOK_AGAIN_MS);
    code = await find();
  }
  if (code?.error === 'access_denied') return abort === undefined && deviceCode === undefined ? undefined : 'declined';
  if (code?.accountId === undefined || code.accountId !== session?.accountId) return undefined;
  if (ctx.oidc.client === undefined) ctx.oidc.entity('Client', await provider.Client.find(String(code.clientId)));
  return 'linked';
}
