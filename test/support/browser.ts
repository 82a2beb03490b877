/**
 * A browser without script: cookies with paths, redirects, forms. It shows what a citizen on the poorest phone gets.
 */

interface Cookie {
  readonly value: string;
  readonly host: string;
  readonly path: string;
}

export interface Form {
  readonly action: string;
  readonly method: string;
  readonly fields: Readonly<Record<string, string>>;
  /** What a browser sends of it untouched: boxes of one name each by itself. */
  readonly sent: readonly (readonly [name: string, value: string])[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
const unescapeHtml = (text: string): string =>
  text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity);

const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : unescapeHtml(found);
};

export class Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;

  constructor(url: URL, status: number, headers: Headers, html: string) {
    this.url = url;
    this.status = status;
    this.headers = headers;
    this.html = html;
  }

  /** What a person reads: tags away, white space folded. */
  get text(): string {
    return unescapeHtml(this.html.replaceAll(/<(script|style)[^]*?<\/\1>/g, ' ').replaceAll(/<[^>]+>/g, ' '))
      .replaceAll(/\s+/g, ' ')
      .trim();
  }

  get forms(): Form[] {
    return [...this.html.matchAll(/<form\b([^>]*)>([^]*?)<\/form>/g)].map(([, head = '', body = '']) => {
      const sent: [string, string][] = [
        ...[...body.matchAll(/<input\b([^>]*)>/g)]
          .map(([, tag = '']) => ({
            name: attribute(` ${tag}`, 'name'),
            type: attribute(` ${tag}`, 'type'),
            value: attribute(` ${tag}`, 'value') ?? '',
            checked: tag.includes(' checked'),
          }))
          .flatMap(({ name, type, value, checked }): [string, string][] =>
            name === undefined || (type === 'checkbox' && !checked) ? [] : [[name, value]],
          ),
        ...[...body.matchAll(/<textarea\b([^>]*)>([^<]*)<\/textarea>/g)].map(
          ([, tag = '', text = '']): [string, string] => [
            attribute(` ${tag}`, 'name') ?? '',
            unescapeHtml(text).replace(/^\n/, ''),
          ],
        ),
        ...[...body.matchAll(/<select\b([^>]*)>([^]*?)<\/select>/g)].map(
          ([, tag = '', options = '']): [string, string] => [
            attribute(` ${tag}`, 'name') ?? '',
            attribute(
              /<option\b[^>]* selected[^>]*>/.exec(options)?.[0] ?? /<option\b[^>]*>/.exec(options)?.[0] ?? '',
              'value',
            ) ?? '',
          ],
        ),
      ];
      return {
        action: new URL(attribute(` ${head}`, 'action') ?? this.url.href, this.url).href,
        method: (attribute(` ${head}`, 'method') ?? 'get').toUpperCase(),
        fields: Object.fromEntries<string>(sent),
        sent,
      };
    });
  }

  /** The first form that has the field, or leads to an address that ends so. */
  form(wanted: string): Form {
    const found =
      this.forms.find((form) => form.action.endsWith(wanted)) ?? this.forms.find((form) => wanted in form.fields);
    if (found === undefined)
      throw new Error(`no form with ${wanted} at ${this.url.href} (${this.status}): ${this.text.slice(0, 300)}`);
    return found;
  }

  /** The address behind the first link whose text or address contains the words. */
  link(words: string): string {
    for (const [, head = '', body = ''] of this.html.matchAll(/<a\b([^>]*)>([^]*?)<\/a>/g)) {
      const href = attribute(` ${head}`, 'href') ?? '';
      if (href.includes(words) || unescapeHtml(body.replaceAll(/<[^>]+>/g, '')).includes(words))
        return new URL(href, this.url).href;
    }
    throw new Error(`no link "${words}" at ${this.url.href}`);
  }

  /** The page's title without the name of the product. */
  get title(): string {
    return unescapeHtml(/<title>([^<]*)<\/title>/.exec(this.html)?.[1] ?? '');
  }
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams | Buffer;
}

export class Browser {
  #cookies: (Cookie & { name: string })[] = [];
  /** Stop before leaving for these origins: the address is what matters, nobody answers there. */
  readonly foreign: (url: URL) => boolean;
  readonly headers: Readonly<Record<string, string>>;

  constructor(options: { foreign?: (url: URL) => boolean; headers?: Readonly<Record<string, string>> } = {}) {
    this.foreign = options.foreign ?? ((url) => url.hostname.endsWith('.test'));
    // As they are: to pack every page and to open it again is a tenth of what a run computes.
    this.headers = {
      accept: 'text/html,application/xhtml+xml',
      'accept-encoding': 'identity',
      'sec-fetch-site': 'same-origin',
      ...options.headers,
    };
  }

  /** What it sends to an address. */
  cookieHeader(url: URL): string {
    return this.#cookies
      .filter(
        ({ host, path }) =>
          host === url.hostname &&
          (url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`)),
      )
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  #keep(url: URL, lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const of = (key: string): string | undefined =>
        attributes.find((item) => item.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const path = of('path') ?? '/';
      const expires = of('expires');
      this.#cookies = this.#cookies.filter(
        (cookie) => !(cookie.name === name && cookie.host === url.hostname && cookie.path === path),
      );
      if (value !== '' && (expires === undefined || Date.parse(expires) > Date.now()))
        this.#cookies.push({ name, value, host: url.hostname, path });
    }
  }

  /**
   * Another host of the domain has put cookies of that browser into this one: such as a name does not keep from it
   * (`__Host-`, over https).
   */
  plant(from: Browser): void {
    const isKept = (name: string): boolean => /^(?:device|session|carry)(?:\.|$)/.test(name);
    this.#cookies.push(...from.#cookies.filter(({ name }) => !isKept(name)));
  }

  cookie(name: string): string | undefined {
    return this.#cookies.find((cookie) => cookie.name === name)?.value;
  }

  forgetCookies(keep: (name: string) => boolean = () => false): void {
    this.#cookies = this.#cookies.filter(({ name }) => keep(name));
  }

  /** One request, no redirect followed. */
  async request(address: string | URL, { method = 'GET', headers = {}, body }: RequestOptions = {}): Promise<Page> {
    const url = new URL(address);
    const cookies = this.cookieHeader(url);
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        ...this.headers,
        ...(cookies === '' ? {} : { cookie: cookies }),
        ...(body instanceof URLSearchParams || typeof body === 'string'
          ? { 'content-type': 'application/x-www-form-urlencoded' }
          : {}),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : {
            body:
              typeof body === 'string'
                ? body
                : body instanceof URLSearchParams
                  ? body.toString()
                  : new Uint8Array(body),
          }),
    });
    this.#keep(url, response.headers.getSetCookie());
    return new Page(url, response.status, response.headers, await response.text());
  }

  /** Follows redirects until a page, or until the way leads to a foreign address. */
  async follow(page: Page): Promise<Page> {
    let at = page;
    for (let hops = 0; hops < 12; hops += 1) {
      const location = at.headers.get('location');
      if (at.status < 300 || at.status > 399 || location === null) return at;
      const next = new URL(location, at.url);
      if (this.foreign(next)) return new Page(next, 0, at.headers, '');
      at = await this.request(next);
    }
    throw new Error(`the way from ${page.url.href} does not end`);
  }

  async open(address: string | URL): Promise<Page> {
    return this.follow(await this.request(address));
  }

  /** Fills a form of the page and sends it; the answer itself, redirect or not. */
  async post(
    page: Page,
    form: string,
    fields: Readonly<Record<string, string>> = {},
    options: RequestOptions = {},
  ): Promise<Page> {
    const { action, method, sent } = page.form(form);
    return this.request(action, {
      ...options,
      method,
      body: new URLSearchParams([
        ...sent.filter(([name]) => !(name in fields)).map(([name, value]) => [name, value] as [string, string]),
        ...Object.entries(fields),
      ]),
    });
  }

  /** As `post`, and on to where the answer leads. */
  async submit(page: Page, form: string, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.follow(await this.post(page, form, fields));
  }
}
