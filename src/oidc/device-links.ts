import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import type { IsFirstUse } from './state/replays.ts';

/** What this request did with a code. */
const DONE = Symbol('done here');
/** What stood in the code that this browser has confirmed before. */
const BEFORE = Symbol('confirmed here before');

/** A code is taken by whoever says yes or no to it, and settled by what comes of the sign-in that follows a yes. */
type Stage = 'taken' | 'settled';

/** Who has taken it, and how often. */
interface Taking {
  readonly by: string;
  readonly times: number;
}

interface DeviceCodeModel {
  readonly jti: string;
  readonly clientId?: string;
  readonly exp: number;
  readonly userCode: string;
  readonly accountId?: string;
  readonly error?: string;
  inFlight?: boolean | undefined;
  /** Kept with the code by the library, whatever stands in it. */
  deviceInfo?: { readonly taken?: Taking } | undefined;
  [DONE]?: Set<Stage>;
  [BEFORE]?: Taking;
  save: (this: DeviceCodeModel, ttl?: number) => Promise<unknown>;
}

const hasEnd = ({ accountId, error }: Pick<DeviceCodeModel, 'accountId' | 'error'>): boolean =>
  accountId !== undefined || error !== undefined;

function stageOf(code: DeviceCodeModel): Stage | undefined {
  if (hasEnd(code)) return code.inFlight === true || code[BEFORE] !== undefined ? 'settled' : 'taken';
  return code.inFlight === true ? 'taken' : undefined;
}

/** As the library calls it where it sees so in time. */
class CodeTaken extends Error {
  override readonly name = 'AlreadyUsedError';
  readonly expose = true;
  readonly statusCode = 422;
}

/**
 * Our fault, or a session that ended on the way: nothing that a device should hear, for the person may confirm again.
 */
const NO_END = new Set(['server_error', 'temporarily_unavailable', 'invalid_request']);

/** By what a browser is known in a code. */
const browserOf = (ctx: Pick<KoaContextWithOIDC, 'oidc'> | undefined): string | undefined => {
  const uid = ctx?.oidc.session?.uid;
  return uid === undefined ? undefined : createHash('sha256').update(uid).digest('base64url').slice(0, 22);
};

/** As long as another request may take from saying that it is first until the code says so too. */
const LOOK_AGAIN_MS = 100;
const PATIENCE = 10;
/** Who was first so many times and came to no end. */
const MOST_LOST = 5;

type Library = KoaContextWithOIDC['oidc']['provider'];
const findModel = async (provider: Library, jti: string): Promise<DeviceCodeModel | undefined> =>
  (await provider.DeviceCode.find(jti, { ignoreExpiration: true })) as unknown as DeviceCodeModel | undefined;
const findTyped = async (provider: Library, typed: unknown): Promise<DeviceCodeModel | undefined> =>
  (await provider.DeviceCode.findByUserCode(String(typed).toUpperCase().replaceAll(/\W/g, ''), {
    ignoreExpiration: true,
  })) as unknown as DeviceCodeModel | undefined;

async function becomes(what: () => Promise<boolean>): Promise<boolean> {
  for (let waits = 0; waits < PATIENCE; waits += 1) {
    if (await what()) return true;
    await delay(LOOK_AGAIN_MS);
  }
  return false;
}

/**
 * A code is taken once, and a device linked or turned away once. The library looks whether somebody has done so and
 * writes it down then: of two people who confirmed at the same moment both were told that the device is theirs, and it
 * was whose request came last, or nobody's where that undid the link.
 *
 * What fails on the way is no end. Who was first and could not write it down is stepped over; and the browser that has
 * confirmed a code may do so again as long as nothing came of it, which ends what it had begun before: a sign-in that
 * was left, a page that failed, an answer that was lost. So does a no that could not be written down.
 */
export function settleDevicesOnce(provider: Provider, isFirstUse: IsFirstUse): void {
  const model = provider.DeviceCode as unknown as {
    prototype: DeviceCodeModel;
    findByUserCode: (this: unknown, userCode: string, options?: object) => Promise<DeviceCodeModel | undefined>;
  };
  const { prototype } = model;
  const { save } = prototype;
  const isPast = async (stage: Stage, { jti }: DeviceCodeModel): Promise<boolean> => {
    const now = await findModel(provider, jti);
    return now === undefined || hasEnd(now) || (stage === 'taken' && now.inFlight === true);
  };
  /**
   * For each time that it was confirmed something may come of it once. A code that a former release took says nothing
   * of that.
   */
  const settles = (
    { jti, exp }: DeviceCodeModel,
    { times }: Pick<Taking, 'times'> = { times: 1 },
    lost = 0,
  ): Promise<boolean> =>
    isFirstUse(
      'device-code settled',
      times === 1 && lost === 0 ? jti : `${jti} ${times}${lost === 0 ? '' : ` ${lost}`}`,
      exp,
    );

  /**
   * Whoever was first has written it down by now, or never will, and is stepped over. @returns false where it is over.
   */
  async function isFirst(use: (lost: number) => Promise<boolean>, isOver: () => Promise<boolean>): Promise<boolean> {
    for (let lost = 0; lost < MOST_LOST; lost += 1) {
      if (await use(lost)) return true;
      if (await becomes(isOver)) return false;
    }
    return false;
  }
  const takesFirst = (code: DeviceCodeModel): Promise<boolean> =>
    isFirst(
      (lost) => isFirstUse('device-code taken', lost === 0 ? code.jti : `${code.jti} ${lost}`, code.exp),
      () => isPast('taken', code),
    );

  /**
   * From here on nothing comes of what was begun before. Where something is coming of it, that counts: of two presses
   * of who is signed in, the first leads to the end by itself.
   */
  async function takesAgain(code: DeviceCodeModel, before: Taking, isSignedIn: boolean): Promise<boolean> {
    const isOver = (): Promise<boolean> => isPast('settled', code);
    if (isSignedIn && (await becomes(isOver))) return false;
    return isFirst((lost) => settles(code, before, lost), isOver);
  }

  /** What comes of it. Nothing, where it was confirmed again since. */
  function settlesFirst(code: DeviceCodeModel): Promise<boolean> {
    const taken = code.deviceInfo?.taken;
    return isFirst(
      (lost) => settles(code, taken, lost),
      async () => {
        const now = await findModel(provider, code.jti);
        return now === undefined || hasEnd(now) || now.deviceInfo?.taken?.times !== taken?.times;
      },
    );
  }

  async function take(code: DeviceCodeModel, ctx: KoaContextWithOIDC | undefined): Promise<void> {
    const [before, by] = [code[BEFORE], browserOf(ctx)];
    const isOurs = await (before === undefined
      ? takesFirst(code)
      : takesAgain(code, before, ctx?.oidc.session?.accountId !== undefined));
    if (!isOurs) throw new CodeTaken('the code was used');
    if (by !== undefined) code.deviceInfo = { ...code.deviceInfo, taken: { by, times: (before?.times ?? 0) + 1 } };
  }

  prototype.save = async function (ttl) {
    if (this.error !== undefined && NO_END.has(this.error)) return undefined;
    const stage = stageOf(this);
    const done = this[DONE] ?? new Set();
    // What went wrong when it was to be linked is told to the device.
    if (stage !== undefined && !done.has(stage)) {
      if (stage === 'taken') await take(this, Provider.ctx);
      else if (!(await settlesFirst(this))) throw new CodeTaken('the code was used');
      if (this[DONE] === undefined) Object.defineProperty(this, DONE, { value: done });
      done.add(stage);
    }
    return save.call(this, ttl);
  };

  const { findByUserCode } = model;
  model.findByUserCode = async function (userCode, options) {
    const code = await findByUserCode.call(this, userCode, options);
    const before = code?.inFlight === true && !hasEnd(code) ? code.deviceInfo?.taken : undefined;
    // To the library it is free again.
    if (code !== undefined && before !== undefined && before.by === browserOf(Provider.ctx)) {
      Object.defineProperty(code, BEFORE, { value: before });
      code.inFlight = undefined;
    }
    return code;
  };
}

/** The code of a sign-in that this browser has confirmed and of which nothing came: it may confirm it again. */
export async function confirmedBefore(ctx: KoaContextWithOIDC): Promise<string | undefined> {
  const { deviceCode } = (ctx.oidc.entities.Interaction ?? {}) as { deviceCode?: string };
  const { user_code: typed } = (ctx.oidc.params ?? {}) as { user_code?: unknown };
  const code = await (deviceCode === undefined
    ? findTyped(ctx.oidc.provider, typed)
    : findModel(ctx.oidc.provider, deviceCode));
  const isOurs =
    code !== undefined &&
    !hasEnd(code) &&
    code.deviceInfo?.taken?.by === browserOf(ctx) &&
    code.exp * 1000 > Date.now();
  return isOurs ? code.userCode : undefined;
}

/** What the press before has done in the name of the same person, where the code of this one has been used. */
export async function doneBefore(ctx: KoaContextWithOIDC): Promise<'linked' | 'declined' | undefined> {
  const { provider, params, session, entities } = ctx.oidc;
  const {
    user_code: typed,
    confirm,
    abort,
  } = (params ?? {}) as { user_code?: unknown; confirm?: unknown; abort?: unknown };
  const { deviceCode } = (entities.Interaction ?? {}) as { deviceCode?: string };
  const find = (): Promise<DeviceCodeModel | undefined> =>
    deviceCode === undefined ? findTyped(provider, typed) : findModel(provider, deviceCode);

  let code = await find();
  const isPress = abort !== undefined || (confirm !== undefined && session?.accountId !== undefined);
  for (
    let waits = 0;
    isPress && waits < PATIENCE && code !== undefined && code.accountId === undefined && code.error === undefined;
    waits += 1
  ) {
    await delay(LOOK_AGAIN_MS);
    code = await find();
  }
  if (code?.error === 'access_denied') return abort === undefined && deviceCode === undefined ? undefined : 'declined';
  if (code?.accountId === undefined || code.accountId !== session?.accountId) return undefined;
  if (ctx.oidc.client === undefined) ctx.oidc.entity('Client', await provider.Client.find(String(code.clientId)));
  return 'linked';
}
