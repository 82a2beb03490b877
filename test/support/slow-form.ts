import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { Browser } from './browser.ts';

export interface SlowForm {
  /** Sends the rest of it. */
  end(fields?: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly location: string | undefined; readonly cookies: string }>;
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

/** Sends the head of a form and nothing but the beginning of its body. @param looked  by when the server has looked whether it may come. */
export async function beginForm(browser: Browser, address: string, csrf: string, looked: Promise<void>): Promise<SlowForm> {
  const url = new URL(address);
  const sending = request(url, { method: 'POST', headers: { ...browser.headers, cookie: browser.cookieHeader(url), 'content-type': 'application/x-www-form-urlencoded' } });
  sending.write(`csrf=${csrf}`);
  await looked;
  return {
    async end(fields = {}) {
      sending.end(Object.entries(fields).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join(''));
      const [answer] = (await once(sending, 'response')) as [IncomingMessage];
      answer.resume();
      return { status: answer.statusCode ?? 0, location: answer.headers.location, cookies: (answer.headers['set-cookie'] ?? []).join() };
    },
  };
}
