import type { Context, Middleware } from 'koa';
import type { Config } from '../config.ts';
import { signatureOf, type Permission } from '../domain/operator.ts';
import { guardForm, type Csrf } from '../web/csrf.ts';
import { form } from '../web/form.ts';
import { upload } from '../web/upload.ts';
import { Refused } from '../web/refused.ts';
import { renderScreen } from '../web/render.ts';
import type { Screen } from '../web/screen.ts';
import { operatorOf, type Guard } from './guard.ts';
import type { Asked, FindNames, Names } from './names.ts';
import type { RefusedChange, Refusals } from './refusals.ts';

/** What the pages of every area have in common. */
export interface Desk extends Pick<Guard, 'may'> {
  show(ctx: Context, screen: Screen, status?: number): Promise<void>;
  /**
   * What this operator may know them by who stand on a page.
   * @param wholeFor  the right of those who see operators by their whole names there.
   */
  names(ctx: Context, asked: Omit<Asked, 'whole'>, wholeFor?: Permission): Promise<Names>;
  /** Remembers that an operator wanted what no operator may at the console. */
  turnedAway(ctx: Context, reason: string): Promise<void>;
  /** Remembers what a page refuses by itself, before any service is asked. */
  refusedChange(ctx: Context, refused: RefusedChange): Promise<void>;
  /** Reads a form that a page of this operator's made; to be put behind `may`. */
  readonly form: Middleware;
  /** The same for a form that may be longer than most. */
  readonly longForm: (limitBytes: number) => Middleware;
  /** The same for a form with a file of so many bytes at most. */
  readonly upload: (limitBytes: number) => Middleware;
  /** The same for a form in which a file may be chosen. */
  readonly formWithFile: (limitBytes: number) => Middleware;
}

export interface DeskDeps {
  readonly guard: Guard;
  readonly csrf: Csrf;
  readonly findNames: FindNames;
  readonly refusals: Refusals;
  readonly config: Pick<Config, 'http'>;
}

export function createDesk({ guard, csrf, findNames, refusals, config }: DeskDeps): Desk {
  const scopeOf = (ctx: Context): string => `admin.${operatorOf(ctx).accountId}`;
  const check = guardForm(csrf, scopeOf);
  async function turnedAway(ctx: Context, reason: string): Promise<void> {
    const { _matchedRoute: route } = ctx as Context & { readonly _matchedRoute?: unknown };
    await refusals.request({
      reason,
      address: `${ctx.method} ${String(route)}`,
      by: signatureOf(operatorOf(ctx).actor),
    });
  }
  /** Remembers who sends what cannot be read, be it too long or of another kind. */
  const reading =
    (read: Middleware): Middleware =>
    async (ctx, next) => {
      const state = { isRead: false };
      try {
        await read(ctx, () => {
          state.isRead = true;
          return check(ctx, next) as Promise<void>;
        });
      } catch (error) {
        if (error instanceof Refused && !state.isRead) {
          await turnedAway(ctx, error.key.replace(/^errors\./, ''));
        }
        throw error;
      }
    };
  const longForm = (limitBytes: number): Middleware => reading(form({ limitBytes }));
  const uploaded = (limitBytes: number): Middleware =>
    reading(upload({ limitBytes, fieldBytes: config.http.bodyLimitBytes }));
  return {
    may: guard.may,
    turnedAway,
    refusedChange: (ctx, refused) => refusals.change(signatureOf(operatorOf(ctx).actor), refused),
    show: (ctx, screen, status = 200) => renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, scopeOf(ctx)) }),
    names: (ctx, asked, wholeFor = 'colleagues.read') =>
      findNames({ ...asked, whole: operatorOf(ctx).permissions.has(wholeFor) }),
    form: longForm(config.http.bodyLimitBytes),
    longForm,
    upload: uploaded,
    // Whoever fills it in by a program, or checks it while it is filled in, sends no file.
    formWithFile: (limitBytes) => {
      const [withFile, without] = [uploaded(limitBytes), longForm(config.http.bodyLimitBytes)];
      return (ctx, next) =>
        (ctx.is('multipart/form-data') === 'multipart/form-data' ? withFile : without)(ctx, next) as Promise<void>;
    },
  };
}
