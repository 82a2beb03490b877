import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { Browser } from './browser.ts';

export interface Heard {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookies: string;
}

export interface SlowForm {
  /** Sends the rest of it. */
  end(fields?: Readonly<Record<string, string>>): Promise<Heard>;
}

/** When that method has answered so many times from now on. */
export function answered(of: object, method: string, times = 1): Promise<void> {
  const owner = of as Record<string, (...asked: unknown[]) => Promise<unknown>>;
  const usual = owner[method];
  if (usual === undefined) throw new Error(`nothing is called ${method}`);
  let left = times;
  return new Promise((resolve) => {
    owner[method] = async function (...asked) {
      left -= 1;
      const isLast = left === 0;
      if (isLast) owner[method] = usual;
      const found = await usual.apply(this, asked);
      if (isLast) setImmediate(resolve);
      return found;
    };
  });
}

/**
 * Sends the head of a request and the beginning of its body. @param looked by when the server has looked whether it may
 * come. @returns what sends the rest.
 */
export async function beginBody(
  address: string,
  headers: Readonly<Record<string, string>>,
  first: string,
  looked: Promise<void>,
): Promise<(rest: string) => Promise<Heard>> {
  const sending = request(address, { method: 'POST', headers });
  sending.write(first);
  await looked;
  return async (rest) => {
    sending.end(rest);
    const [answer] = (await once(sending, 'response')) as [IncomingMessage];
    answer.resume();
    return {
      status: answer.statusCode ?? 0,
      location: answer.headers.location,
      cookies: (answer.headers['set-cookie'] ?? []).join(),
    };
  };
}

/** The same of a form. */
export async function beginForm(
  browser: Browser,
  address: string,
  csrf: string,
  looked: Promise<void>,
): Promise<SlowForm> {
  const headers = {
    ...browser.headers,
    cookie: browser.cookieHeader(new URL(address)),
    'content-type': 'application/x-www-form-urlencoded',
  };
  const end = await beginBody(address, headers, `csrf=${csrf}`, looked);
  return {
    end: (fields = {}) =>
      end(
        Object.entries(fields)
          .map(([name, value]) => `&${name}=${encodeURIComponent(value)}`)
          .join(''),
      ),
  };
}
