import type { Context, Middleware } from 'koa';
import { HELP_CODE_BYTES, toHelpCode } from '../domain/help-code.ts';
import type { LogEvent } from '../domain/log-event.ts';
import type { Random } from '../ports/random/random.ts';
import type { Log } from '../telemetry/log.ts';
import { Refused } from './refused.ts';

/** A member of the request by its path, and what is wrong with it. */
export interface FieldProblem {
  readonly field: string;
  readonly what: string;
}

/** A request to an API that cannot be served; `code` is what programs switch on. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly FieldProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    {
      fields = [],
      headers = {},
      cause,
    }: { fields?: readonly FieldProblem[]; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(detail, { cause });
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.headers = headers;
  }
}

export interface ProblemDeps {
  readonly log: Log;
  readonly random: Random;
  readonly isDatabaseAway: (error: unknown) => boolean;
}

function toProblem(error: unknown, isDatabaseAway: (error: unknown) => boolean): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refused)
    return new Problem(error.status, error.key.replace(/^errors\./, ''), 'The request cannot be read.');
  if (isDatabaseAway(error))
    return new Problem(503, 'temporarily-unavailable', 'Try again in a moment.', {
      headers: { 'Retry-After': '5' },
      cause: error,
    });
  return new Problem(500, 'internal', 'Something failed here. The help code finds it in the log.', { cause: error });
}

/** Answers with RFC 9457 problem details; the help code stands in the log as well. */
export function problems({ log, random, isDatabaseAway }: ProblemDeps): Middleware {
  return async (ctx: Context, next) => {
    ctx.set('Cache-Control', 'no-store');
    try {
      await next();
    } catch (error) {
      const { status, code, message, fields, headers, cause } = toProblem(error, isDatabaseAway);
      const helpCode = toHelpCode(random.bytes(HELP_CODE_BYTES));
      const entry = {
        event: 'error.shown' satisfies LogEvent,
        helpCode,
        status,
        code,
        requestId: ctx.state.requestId as string,
        ...(status >= 500 ? { err: cause } : {}),
      };
      if (status >= 500) log.error(entry, 'an API request failed');
      else log.warn(entry, 'an API request was refused');
      ctx.set(headers);
      ctx.status = status;
      ctx.body = {
        type: 'about:blank',
        title: code,
        status,
        detail: message,
        code,
        help_code: helpCode,
        ...(fields.length === 0 ? {} : { errors: fields }),
      };
      ctx.type = 'application/problem+json';
    }
  };
}
