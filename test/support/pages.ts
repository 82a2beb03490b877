import { fileURLToPath } from 'node:url';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import serve from 'koa-static';
import { createGallery } from '../../src/dev/gallery.ts';
import { createTranslator } from '../../src/web/i18n.ts';
import { createRenderer, renderScreen } from '../../src/web/render.ts';
import type { Screen } from '../../src/web/screen.ts';

/** The moment at which the examples play: 14.00 in Jakarta. */
export const PLAY_TIME = new Date('2026-11-23T07:00:00Z');

export const translator = createTranslator({ timeZone: 'Asia/Jakarta', clock: { now: () => PLAY_TIME } });

/** The pages without the rest of the product: stylesheet, script, renderer and gallery need no database. */
export function createPages(further: Readonly<Record<string, Screen>> = {}): Koa {
  const app = new Koa();
  app.on('error', (error: NodeJS.ErrnoException) => {
    // A browser that leaves a page closes what it was still loading.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(error);
  });
  app.use(async (ctx, next) => {
    ctx.set(
      'Content-Security-Policy',
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    await next();
  });
  app.use(serve(fileURLToPath(new URL('../../public', import.meta.url))));
  app.use(createRenderer({ environment: 'test', translator }));
  app.use(createGallery().routes());
  app.use(async (ctx) => {
    const screen = further[ctx.path];
    if (screen !== undefined) await renderScreen(ctx, screen, { locale: 'en' });
  });
  return app;
}

/** Listens on loopback at a free port. */
export async function listen(app: Koa): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const handle = app.callback();
  const server: Server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
