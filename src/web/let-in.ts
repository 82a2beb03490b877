import type { Context } from 'koa';

/** Looks again, and answers in the place of the page where it says no. */
type Look = () => Promise<boolean>;

interface State {
  looksAgain?: Look[];
}

/**
 * Who may send a form is looked at by its head, and its body may take half a minute: whoever sent the head with a
 * session, or a right, that has ended meanwhile must not get done what it asks. Where the body is not there yet, it is
 * looked at again when it is (`guardForm`, and the operators' API).
 */
export async function lookAgain(ctx: Context, look: Look): Promise<void> {
  // A body that came together with the head is there a moment after it.
  await Promise.resolve();
  if (ctx.req.complete) return;
  const state = ctx.state as State;
  (state.looksAgain ??= []).push(look);
}

/** @returns false where the answer has been given. */
export async function isLetInStill(ctx: Context): Promise<boolean> {
  for (const look of (ctx.state as State).looksAgain ?? []) if (!(await look())) return false;
  return true;
}
