import type { LogEvent } from '../domain/log-event.ts';
import type { Random } from '../ports/random/random.ts';
import type { Log } from '../telemetry/log.ts';
import { helpCodeOf } from './help-code.ts';

export interface TellErrorDeps {
  readonly log: Log;
  readonly random: Random;
}

/** An error that a service is told: the word of OAuth, and which client asked, where that is known. */
export interface ToldError {
  readonly status: number;
  readonly error: string;
  readonly clientId?: string | undefined;
}

/**
 * Writes the line in the log by which an operator finds what a service was told.
 *
 * @returns the help code of the request, to stand in the answer.
 */
export function tellError(
  ctx: { readonly state: object },
  { log, random }: TellErrorDeps,
  told: ToldError & Readonly<Record<string, unknown>>,
): string {
  const helpCode = helpCodeOf(ctx, random);
  log.info(
    {
      event: 'error.answered' satisfies LogEvent,
      helpCode,
      ...told,
      requestId: (ctx.state as { requestId?: string }).requestId,
    },
    'a service was answered by an error',
  );
  return helpCode;
}

/** How the code stands behind a description, where an answer has no member of its own for it. */
export const inWords = (helpCode: string): string => ` (help code ${helpCode})`;
