import type { Context } from 'koa';
import Router from 'koa-router';
import type { Container } from '../container.ts';
import { faultNik, faults } from '../ports/civil-registry/faults.ts';
import { outboxFaults } from '../ports/outbox.ts';
import type { Simulator } from '../ports/civil-registry/simulator.ts';
import { renderScreen } from '../web/render.ts';
import { say } from '../web/screen.ts';
import { createGallery } from './gallery.ts';

/**
 * Aids of development: messages that were not sent, people who can register, every screen. Never mounted in production.
 */
export function createDevelopmentPages(
  { store }: Pick<Container, 'store'>,
  simulator: Simulator | undefined,
): Router[] {
  const router = new Router();
  const wanted = (ctx: Context): { to?: string } => (typeof ctx.query.to === 'string' ? { to: ctx.query.to } : {});

  router.get('/dev/outbox', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const messages = await store.outbox.newest({ ...wanted(ctx), limit: 100 });
    await renderScreen(
      ctx,
      { view: 'dev/outbox', title: say('dev.outbox.title'), model: { messages } },
      { locale: 'en' },
    );
  });
  router.get('/dev/outbox.json', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await store.outbox.newest(wanted(ctx));
  });
  router.get('/dev/registry', async (ctx) => {
    const model = {
      residents: simulator?.residents() ?? [],
      faults: faults.map(({ ending, behaviour }) => ({ nik: faultNik(ending), behaviour })),
      smsFaults: outboxFaults.map(({ ending, fault }) => ({ ending, behaviour: fault })),
    };
    await renderScreen(ctx, { view: 'dev/registry', title: say('dev.registry.title'), model }, { locale: 'en' });
  });
  return [router, createGallery()];
}
