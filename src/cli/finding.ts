/** One thing that the doctor looked at. */
export interface Finding {
  readonly check: string;
  /** `warn` works, but would be refused in production or needs an eye. */
  readonly state: 'ok' | 'warn' | 'fail';
  readonly what: string;
  /** What to do about it, where something is to be done. */
  readonly remedy?: string;
}

export const ok = (check: string, what: string): Finding => ({ check, state: 'ok', what });
export const warn = (check: string, what: string, remedy: string): Finding => ({ check, state: 'warn', what, remedy });
export const fail = (check: string, what: string, remedy: string): Finding => ({ check, state: 'fail', what, remedy });
