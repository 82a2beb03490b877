import { randomInt } from 'node:crypto';
import { Agent, request } from 'undici';
import { Page } from '../../test/support/browser.ts';

/** Somebody who answers too late counts as an error. */
const TIMEOUT_MS = 30_000;
const HOPS = 12;

const agent = new Agent({
  connections: 256,
  pipelining: 1,
  headersTimeout: TIMEOUT_MS,
  bodyTimeout: TIMEOUT_MS,
  keepAliveTimeout: 60_000,
});
export const closeConnections = (): Promise<void> => agent.destroy();

export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

const headerOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;
const somewhere = (): string => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;

/** A browser, or a service's back end: connections are shared as behind a proxy, cookies and address are its own. */
export class Visitor {
  readonly #bases: readonly string[];
  readonly #address = somewhere();
  #cookies = new Map<string, { value: string; path: string }>();
  #turn: number;

  /** @param bases  the instances, which take turns: nobody sticks to one. */
  constructor(bases: readonly string[]) {
    this.#bases = bases;
    this.#turn = randomInt(bases.length);
  }

  #cookiesFor(path: string): string {
    return [...this.#cookies]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([key, { value }]) => `${key.slice(0, key.indexOf(' '))}=${value}`)
      .join('; ');
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
    const key = `${pair.slice(0, at)} ${path}`;
    if (at === pair.length - 1) this.#cookies.delete(key);
    else this.#cookies.set(key, { value: pair.slice(at + 1), path });
  }

  /** @param address  a path, or the address of a redirect: whatever host it names, it goes to one of the instances. */
  async send(
    address: string,
    {
      form,
      headers = {},
    }: { form?: Readonly<Record<string, string>>; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const { pathname, search } = new URL(address, 'http://x');
    this.#turn = (this.#turn + 1) % this.#bases.length;
    const cookies = this.#cookiesFor(pathname);
    const answer = await request(`${this.#bases[this.#turn] ?? ''}${pathname}${search}`, {
      dispatcher: agent,
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        'x-forwarded-for': this.#address,
        ...(cookies === '' ? {} : { cookie: cookies }),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(form === undefined ? {} : { body: new URLSearchParams(form).toString() }),
    });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) this.#keep(line);
    return { status: answer.statusCode, location: headerOf(answer.headers.location), body: await answer.body.text() };
  }

  /** Follows redirects as long as they stay here. @returns the last answer, with its address. */
  async follow(
    address: string,
    first: Answer,
    isHome: (location: string) => boolean,
  ): Promise<{ readonly at: string; readonly answer: Answer }> {
    let at = address;
    let answer = first;
    for (let hops = 0; hops < HOPS; hops += 1) {
      const { location } = answer;
      if (answer.status < 300 || answer.status > 399 || location === undefined || isHome(location))
        return { at, answer };
      at = location;
      answer = await this.send(at);
    }
    throw new Error(`the way from ${address} does not end`);
  }

  /** Fills the form that has the field, or leads to an address that ends so, and sends it. */
  submit(
    at: string,
    { status, body }: Answer,
    wanted: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const page = new Page(new URL(at, 'http://x'), status, new Headers(), body);
    const form = page.form(wanted);
    return this.send(form.action, { form: { ...form.fields, ...fields } });
  }
}

/** @throws {Error} with what came instead. */
export function expectStatus(answer: Answer, wanted: number, what: string): Answer {
  if (answer.status === wanted) return answer;
  const words = answer.body
    .replaceAll(/<(script|style)[^]*?<\/\1>/g, ' ')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 300);
  throw new Error(`${what}: ${answer.status} in the place of ${wanted}: ${words} ${answer.location ?? ''}`);
}
