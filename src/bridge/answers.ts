import type { Context } from 'koa';
import type { Client } from '../domain/client.ts';
import type { LogEvent } from '../domain/log-event.ts';
import { helpCodeOf } from '../web/help-code.ts';
import { tellError, type TellErrorDeps, type ToldError } from '../web/told-error.ts';

type Members = Readonly<Record<string, unknown>>;

/** The plain JSON of the former interface. */
export interface Answers {
  refuse(ctx: Context, told: ToldError & { readonly status: 400 | 401 | 404 | 429 }, message: string): void;
  /** The end date has passed: whom to ask, and the code by which they find the entry in the log. */
  ended(ctx: Context, status: 400 | 401, client: Client): void;
  /** What the protocol answered, in the other shape; its refusals keep their code. */
  reshape(ctx: Context, shape: (answer: Members) => Members): void;
}

export function createAnswers({ log, random, contact }: TellErrorDeps & { readonly contact: string }): Answers {
  const answer = (ctx: Context, status: number, body: Members): void => {
    ctx.status = status;
    ctx.body = body;
    ctx.type = 'application/json';
  };
  return {
    refuse: (ctx, told, message) => {
      answer(ctx, told.status, { error: told.error, message, help_code: tellError(ctx, { log, random }, { ...told }) });
    },

    ended(ctx, status, { id, metadata }) {
      const helpCode = helpCodeOf(ctx, random);
      log.warn(
        {
          event: 'error.shown' satisfies LogEvent,
          helpCode,
          status,
          clientId: id,
          requestId: ctx.state.requestId as string,
        },
        'the former interface has ended for a client that still calls it',
      );
      answer(ctx, status, {
        error: 'bridge_ended',
        message: `The former interface ended for this client after ${metadata.bridge?.until ?? ''}. Move to OpenID Connect, or ask ${contact} and name the help code.`,
        help_code: helpCode,
      });
    },

    reshape(ctx, shape) {
      const body = (typeof ctx.body === 'object' && ctx.body !== null ? ctx.body : {}) as Members;
      if (ctx.status === 200) {
        answer(ctx, 200, shape(body));
        return;
      }
      // One of its own failures stays one: a client that waits and tries again does right.
      const status = ctx.status >= 500 ? ctx.status : ctx.status === 401 ? 401 : 400;
      answer(ctx, status, {
        error: body.error ?? 'invalid_request',
        message: body.error_description ?? 'The request cannot be served.',
        ...(body.help_code === undefined ? {} : { help_code: body.help_code }),
      });
    },
  };
}
