/** What came of a sign-in, as far as it takes to lead whoever presses the same button again to the same end. */
export interface SignInEnd {
  /**
   * The uid of the session that it led to: it stays the same where the session gets another id. Undefined where nobody
   * proved who they are.
   */
  readonly session?: string;
  /** What the service was told instead of a code. */
  readonly error?: { readonly error: string; readonly error_description?: string };
  /** The person would rather have no second factor, which was only wished for. */
  readonly secondFactor?: 'declined';
  /** Its time was over, and what was unfinished in it has been handed to that sign-in. */
  readonly goesOnIn?: { readonly uid: string; readonly page: string };
}

/** As the service hears of it where the person agreed to nothing. */
export const NOT_SHARED = {
  error: 'access_denied',
  error_description: 'the person did not agree to share the data',
} as const;
