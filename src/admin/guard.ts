import type { Context, Middleware } from 'koa';
import type { Audit } from '../audit/log.ts';
import type { Config } from '../config.ts';
import type { AccountId } from '../domain/account.ts';
import { acr } from '../domain/assurance.ts';
import { signatureOf, type Actor, type Permission, type Role } from '../domain/operator.ts';
import type { Store } from '../store/store.ts';
import { lookAgain } from '../web/let-in.ts';
import { Refused } from '../web/refused.ts';
import { renderScreen } from '../web/render.ts';
import { sessionOf, SIGN_OUT, type Sessions } from '../web/session.ts';
import { frameFor, type Frame } from './frame.ts';
import { errorPlace, forbiddenScreen } from './screens.ts';

const HOME = '/admin';

/** Who is at the console, with the rights of this very request. */
export interface PresentOperator {
  readonly accountId: AccountId;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly permissions: ReadonlySet<Permission>;
  readonly actor: Extract<Actor, { kind: 'operator' }>;
  readonly frame: Frame;
}

export const operatorOf = (ctx: Context): PresentOperator => ctx.state.operator as PresentOperator;
export const frameOf = (ctx: Context): Frame => operatorOf(ctx).frame;

export interface Guard {
  /** Lets in operators with a recent sign-in; whoever else asks hears the same about every address of the console. */
  readonly enter: Middleware;
  /** Lets in whose roles give the right. */
  readonly may: (permission: Permission) => Middleware;
}

export interface GuardDeps {
  readonly sessions: Pick<Sessions, 'require'>;
  readonly rightsOf: (
    accountId: AccountId,
  ) => Promise<{ readonly roles: readonly Role[]; readonly permissions: ReadonlySet<Permission> }>;
  readonly store: Store;
  readonly audit: Audit;
  readonly config: Pick<Config, 'console'>;
}

/**
 * The one place that decides who comes in. Roles are read anew for each request: one that is taken away ends at once.
 */
export function createGuard({ sessions, rightsOf, store, audit, config }: GuardDeps): Guard {
  const signedIn = sessions.require({ home: HOME });
  // A stolen password alone opens nothing here.
  const provedAnew = sessions.require({ home: HOME, maxAgeSeconds: config.console.signInSeconds, acr: acr.twoFactor });

  const remember = (accountId: AccountId, permission: string): Promise<void> =>
    audit.recordOnce(
      store,
      [accountId, permission],
      'operator.refused',
      { by: signatureOf({ kind: 'operator', accountId }), permission },
      { accountId },
    );

  return {
    enter: (ctx, next) =>
      signedIn(ctx, async () => {
        const { accountId } = sessionOf(ctx);
        const { roles, permissions } = await rightsOf(accountId);
        const account = roles.length === 0 ? undefined : await store.accounts.findById(accountId);
        if (account === undefined) {
          await remember(accountId, 'console');
          throw new Refused(403, 'errors.forbidden');
        }
        const name = account.name.reveal();
        // Only now: whoever strays here by mistake is not talked into an authenticator app for a page that stays shut.
        await provedAnew(ctx, async () => {
          const frame = frameFor({ name, roles }, permissions, ctx.path, SIGN_OUT);
          ctx.state.operator = {
            accountId,
            name,
            roles,
            permissions,
            actor: { kind: 'operator', accountId },
            frame,
          } satisfies PresentOperator;
          ctx.state.errorPlace = errorPlace(frame);
          await next();
        });
      }) as Promise<void>,

    may: (permission) => async (ctx, next) => {
      const { accountId, permissions, frame } = operatorOf(ctx);
      const isGranted = async (granted: ReadonlySet<Permission>): Promise<boolean> => {
        if (granted.has(permission)) return true;
        await remember(accountId, permission);
        await renderScreen(ctx, forbiddenScreen({ frame }), { status: 403 });
        return false;
      };
      await lookAgain(ctx, async () => isGranted((await rightsOf(accountId)).permissions));
      if (await isGranted(permissions)) await next();
    },
  };
}
