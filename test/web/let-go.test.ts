import { once } from 'node:events';
import { request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import Koa, { type Context, type Middleware } from 'koa';
import { letGo } from '../../src/web/let-go.ts';

describe('What a request needed', () => {
  async function serve(
    step: Middleware,
    work: (url: string) => Promise<void>,
  ): Promise<{ readonly ctx: Context; readonly further: readonly Context[] }> {
    let seen: Context | undefined;
    const further: Context[] = [];
    const app = new Koa();
    app.silent = true;
    app.use(letGo(app, (ctx) => further.push(ctx)));
    app.use((ctx, next) => {
      seen = ctx;
      return step(ctx, next) as unknown;
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    } finally {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
    // Whatever was put off to the next turn of the event loop has been done then.
    await turn();
    await turn();
    if (seen === undefined) throw new Error('nobody asked');
    return { ctx: seen, further };
  }

  it('is gone when it is answered, and looking for it hurts nobody', async () => {
    const { ctx, further } = await serve(
      (ctx) => {
        ctx.body = { path: ctx.path, cookie: ctx.cookies.get('none') };
      },
      async (url) => {
        expect(await (await fetch(`${url}halaman`)).json()).to.deep.equal({ path: '/halaman' });
      },
    );
    expect([ctx.req.headers, ctx.get('cookie'), ctx.ip, ctx.body, ctx.headerSent]).to.deep.equal([
      {},
      '',
      '',
      undefined,
      true,
    ]);
    expect(ctx.cookies, 'leads to it as well').to.have.property('request', ctx.req);
    expect(further).to.deep.equal([ctx]);
  });

  it('is there while somebody works for who has hung up, and for what is said of it afterwards', async () => {
    const arrival = Promise.withResolvers<undefined>();
    const failure = Promise.withResolvers<string>();
    const { ctx, further } = await serve(
      async (ctx) => {
        ctx.app.once('error', (error: Error, failed: Context) => {
          failure.resolve(`${error.message} ${failed.path}`);
        });
        arrival.resolve(undefined);
        await once(ctx.res, 'close');
        await turn();
        await turn();
        throw new Error(`still ${ctx.path}`);
      },
      async (url) => {
        const asked = ask(`${url}lama`);
        asked.on('error', () => undefined);
        asked.end();
        await arrival.promise;
        asked.destroy();
        expect(await failure.promise).to.equal('still /lama /lama');
      },
    );
    expect(ctx.get('host')).to.equal('');
    expect(further).to.have.length(1);
  });

  it('is not written into by what fails when nobody is there any more', async () => {
    const failure = Promise.withResolvers<Error & { readonly headerSent?: boolean }>();
    let begun = false;
    const { ctx } = await serve(
      (ctx) => {
        ctx.app.once('error', (error: Error) => {
          failure.resolve(error);
        });
        ctx.body = new Readable({
          read() {
            if (begun) return;
            begun = true;
            this.push('the beginning');
          },
          destroy(_error, done) {
            void turn()
              .then(turn)
              .then(turn)
              .then(() => {
                done(new Error('late'));
              });
          },
        });
      },
      async (url) => {
        const asked = ask(url, (answer) => {
          answer.once('data', () => {
            asked.destroy();
          });
        });
        asked.on('error', () => undefined);
        asked.end();
        expect(await failure.promise).to.include({ message: 'late', headerSent: true });
      },
    );
    ctx.set('X-Late', 'yes');
    expect(ctx.response.headers).to.not.have.any.keys('x-late', 'content-length');
    expect([ctx.req.socket.destroyed, ctx.status]).to.deep.equal([true, 200]);
  });
});
