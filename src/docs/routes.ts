import type { Context } from 'koa';
import Router from 'koa-router';
import type { Config } from '../config.ts';
import { renderScreen } from '../web/render.ts';
import { Refused } from '../web/refused.ts';
import { seeOther } from '../web/see-other.ts';
import { createLibrary, guides, isGuide } from './library.ts';
import { guideScreen } from './screens.ts';

/** `/docs`: the guide of docs/integrasi/ for the teams of services, open to everybody. */
export function createDocs({ config }: { readonly config: Pick<Config, 'http'> }): Router {
  // Rendered for the first who reads, so that no start waits for it.
  let library: ReturnType<typeof createLibrary> | undefined;
  const router = new Router();
  router.get('/docs', (ctx) => {
    seeOther(ctx, `/docs/${guides[0]}`);
  });
  router.get('/docs/:guide', async (ctx: Context & { params: { guide?: string } }) => {
    const { guide = '' } = ctx.params;
    if (!isGuide(guide)) throw new Refused(404, 'errors.not-found');
    await renderScreen(ctx, guideScreen(guide, (library ??= createLibrary(config.http.issuer))[guide]));
  });
  return router;
}
