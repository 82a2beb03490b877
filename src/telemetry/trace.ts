import { AsyncLocalStorage } from 'node:async_hooks';

/** Words of the product, numbers, names of hosts and tables: never what a person typed, is called by or holds. */
export type Attributes = Readonly<Record<string, string | number>>;

/** A stretch of work under way, and what is found in it. */
export interface Span {
  readonly traceId: string;
  /** Whether anybody will see it; where not, nothing below it is made. */
  readonly recording: boolean;
  child(name: string, attributes: Attributes): Span;
  set(attributes: Attributes): void;
  /** @param error  of which only its code or kind is kept: words of errors quote people. */
  end(error?: unknown): void;
}

const active = new AsyncLocalStorage<Span>();

/** What is done in `work`, and all that comes of it, lies within the span. */
export const within = <T>(span: Span, work: () => T): T => active.run(span, work);

/** Of the request that is being worked on, where requests are traced. */
export const currentTraceId = (): string | undefined => active.getStore()?.traceId;

/** Whether the request that is being worked on is traced. */
export const isTraced = (): boolean => active.getStore()?.recording === true;

/** Undefined where nothing is traced: off, beside a request, or not chosen. */
export function beginSpan(name: string, attributes: Attributes): Span | undefined {
  const parent = active.getStore();
  return parent?.recording === true ? parent.child(name, attributes) : undefined;
}

/** Does the work as a span of the request it belongs to; does it, and nothing else, where there is none. */
export function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  const span = beginSpan(name, attributes);
  if (span === undefined) return work();
  return within(span, work).then(
    (result) => {
      span.end();
      return result;
    },
    (error: unknown) => {
      span.end(error);
      throw error;
    },
  );
}
