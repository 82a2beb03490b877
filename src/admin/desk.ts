import type { Context, Middleware } from 'koa';
import type { Config } from '../config.ts';
import { guardForm, type Csrf } from '../web/csrf.ts';
import { form } from '../web/form.ts';
import { upload } from '../web/upload.ts';
import { renderScreen } from '../web/render.ts';
import type { Screen } from '../web/screen.ts';
import { operatorOf, type Guard } from './guard.ts';
import type { Asked, FindNames, Names } from './names.ts';

/** What the pages of every area have in common. */
export interface Desk extends Pick<Guard, 'may'> {
  show(ctx: Context, screen: Screen, status?: number): Promise<void>;
  /** What this operator may know them by who stand on a page. */
  names(ctx: Context, asked: Omit<Asked, 'whole'>): Promise<Names>;
  /** Reads a form that a page of this operator's made; to be put behind `may`. */
  readonly form: Middleware;
  /** The same for a form that may be longer than most. */
  readonly longForm: (limitBytes: number) => Middleware;
  /** The same for a form with a file of so many bytes at most. */
  readonly upload: (limitBytes: number) => Middleware;
  /** The same for a form in which a file may be chosen. */
  readonly formWithFile: (limitBytes: number) => Middleware;
}

export function createDesk({ guard, csrf, findNames, config }: { guard: Guard; csrf: Csrf; findNames: FindNames; config: Pick<Config, 'http'> }): Desk {
  const scopeOf = (ctx: Context): string => `admin.${operatorOf(ctx).accountId}`;
  const check = guardForm(csrf, scopeOf);
  const longForm = (limitBytes: number): Middleware => {
    const read = form({ limitBytes });
    return (ctx, next) => read(ctx, () => check(ctx, next) as Promise<void>) as Promise<void>;
  };
  const uploaded = (limitBytes: number): Middleware => {
    const read = upload({ limitBytes, fieldBytes: config.http.bodyLimitBytes });
    return (ctx, next) => read(ctx, () => check(ctx, next) as Promise<void>) as Promise<void>;
  };
  return {
    may: guard.may,
    show: (ctx, screen, status = 200) => renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, scopeOf(ctx)) }),
    names: (ctx, asked) => findNames({ ...asked, whole: operatorOf(ctx).permissions.has('colleagues.read') }),
    form: longForm(config.http.bodyLimitBytes),
    longForm,
    upload: uploaded,
    // Whoever fills it in by a program, or checks it while it is filled in, sends no file.
    formWithFile: (limitBytes) => {
      const [withFile, without] = [uploaded(limitBytes), longForm(config.http.bodyLimitBytes)];
      return (ctx, next) => (ctx.is('multipart/form-data') === 'multipart/form-data' ? withFile : without)(ctx, next) as Promise<void>;
    },
  };
}
