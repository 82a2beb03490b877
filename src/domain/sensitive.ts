import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * A personal datum on its way from the form to the sealed column.
 *
 * Whatever prints it (a log line, JSON, a template, an error message) prints `[redacted]`; `reveal()` marks the few
 * places that really look.
 */
export class Sensitive<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  map<U>(transform: (value: T) => U): Sensitive<U> {
    return new Sensitive(transform(this.#value));
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

export const sensitive = <T>(value: T): Sensitive<T> => new Sensitive(value);
