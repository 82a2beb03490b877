import type { Context } from 'koa';
import type { Sealer } from '../../crypto/seal.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import { pathCookieName } from '../../web/cookies.ts';

export interface Receipt {
  /** Gives the browser the receipt of its sign-out, or takes an older one away. */
  give(ctx: Context, signOutId: string | undefined): void;
  read(ctx: Context): string | undefined;
}

const PURPOSE = 'signed-out';
/** Somebody else may use the device next: names of services are all it shows, and not for long. */
const SECONDS = 300;

/** Lets the browser that signed out, and no other, ask which services have answered. */
export function createReceipt({ sealer, clock, issuer }: { sealer: Sealer; clock: Clock; issuer: string }): Receipt {
  const secure = issuer.startsWith('https://');
  const name = pathCookieName('signed-out', secure);
  const attributes = {
    path: '/session/end',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    signed: false,
    overwrite: true,
  } as const;
  return {
    give(ctx, signOutId) {
      const sealed =
        signOutId === undefined ? null : sealer.sealTicket(PURPOSE, { signOutId }, addSeconds(clock.now(), SECONDS));
      ctx.cookies.set(name, sealed, attributes);
    },
    read(ctx) {
      const sealed = ctx.cookies.get(name, { signed: false });
      if (sealed === undefined) return undefined;
      return (sealer.openTicket(PURPOSE, sealed, clock.now()) as { signOutId: string } | undefined)?.signOutId;
    },
  };
}
