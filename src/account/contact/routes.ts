import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { maskEmail } from '../../domain/mask.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { form } from '../../web/form.ts';
import { renderScreen } from '../../web/render.ts';
import { seeOther } from '../../web/see-other.ts';
import { confirmEmailScreen, type ConfirmEmailModel } from './screens.ts';
import type { ContactService } from './service.ts';

const SCOPE = 'account.contact';
const PATH = '/account/contact/email';

export function addContact({ contact, csrf, config }: { contact: ContactService; csrf: Csrf; config: Pick<Config, 'http'> }): (router: Router) => void {
  const tokenOf = (ctx: Context): string => (typeof ctx.query.token === 'string' ? ctx.query.token : '');
  async function show(ctx: Context, model: ConfirmEmailModel, status = 200): Promise<void> {
    ctx.set('Cache-Control', 'no-store');
    await renderScreen(ctx, confirmEmailScreen(model), { status, csrf: csrf.token(ctx, SCOPE) });
  }

  return (router) => {
    // Opening the link changes nothing: scanners of mail open every link they see.
    router.get(PATH, async (ctx) => {
      const seen = await contact.look(tokenOf(ctx));
      if (seen === undefined) return show(ctx, { state: 'invalid', email: undefined }, 410);
      const confirmed = ctx.query.moved === 'yes' ? 'moved' : 'confirmed';
      return show(ctx, { state: seen.confirmed ? confirmed : 'ask', email: maskEmail(seen.email.reveal()) });
    });
    router.post(PATH, form({ limitBytes: config.http.bodyLimitBytes }), guardForm(csrf, () => SCOPE), async (ctx) => {
      const outcome = await contact.confirmEmail(tokenOf(ctx));
      const query = new URLSearchParams({ token: tokenOf(ctx), ...(outcome.ok && outcome.value.moved ? { moved: 'yes' } : {}) });
      seeOther(ctx, `${PATH}?${query.toString()}`);
    });
  };
}
