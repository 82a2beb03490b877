import { HELP_CODE_BYTES, toHelpCode } from '../domain/help-code.ts';
import type { Random } from '../ports/random/random.ts';

interface HelpState {
  helpCode?: string;
  errorShown?: boolean;
}

/** The help code of a request: what the page says, what the log says and what a service is told are the same. */
export function helpCodeOf({ state }: { readonly state: object }, random: Random): string {
  const known = state as HelpState;
  return (known.helpCode ??= toHelpCode(random.bytes(HELP_CODE_BYTES)));
}

/** The answer to this request is an error of ours, which names the code and stands in the log. */
export const markErrorShown = ({ state }: { readonly state: object }): void => {
  (state as HelpState).errorShown = true;
};
export const hasShownError = ({ state }: { readonly state: object }): boolean =>
  (state as HelpState).errorShown === true;
