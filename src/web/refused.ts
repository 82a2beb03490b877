/**
 * A request that cannot be served, with the sentence that says why. For what a person can act on within a form use a
 * `Result` instead.
 */
export class Refused extends Error {
  readonly status: number;
  readonly expose = true;
  readonly key: string;
  readonly params: Readonly<Record<string, string | number>> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    key: string,
    options: { params?: Readonly<Record<string, string | number>>; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(key, { cause: options.cause });
    this.status = status;
    this.key = key;
    this.params = options.params;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
