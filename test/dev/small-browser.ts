interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const covers = (path: string, pathname: string): boolean =>
  path === '/' || pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);

/** Cookies and redirects as a browser treats them: cookies of `localhost` go to every port. */
export class SmallBrowser {
  #cookies: Cookie[] = [];
  readonly #language: string;

  constructor(language = 'id') {
    this.#language = language;
  }

  cookie(name: string): string | undefined {
    return this.#cookies.find((cookie) => cookie.name === name)?.value;
  }

  /** As someone would who can write cookies but not read them. */
  plant(name: string, value: string): void {
    this.#cookies.push({ name, value, path: '/' });
  }

  /** One request, no redirect followed. */
  async ask(url: string | URL, form?: Record<string, string>): Promise<Page> {
    const target = new URL(url);
    const cookie = this.#cookies
      .filter(({ path }) => covers(path, target.pathname))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(target, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie, 'accept-language': this.#language },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    });
    for (const header of response.headers.getSetCookie()) this.#keep(header);
    return { url: target, status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Follows redirects to the end, or until one leads to an address that `stop` holds back. */
  async open(
    url: string | URL,
    { form, stop = () => false }: { form?: Record<string, string>; stop?: (url: URL) => boolean } = {},
  ): Promise<Page> {
    let page = await this.ask(url, form);
    while (page.headers.get('location') !== null) {
      const next = new URL(page.headers.get('location') ?? '', page.url);
      if (stop(next)) return { ...page, url: next };
      page = await this.ask(next);
    }
    return page;
  }

  #keep(header: string): void {
    const [pair = '', ...attributes] = header.split(/;\s*/);
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
    this.#cookies = this.#cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
    if (value !== '') this.#cookies.push({ name, value, path });
  }
}

/** The hidden fields of the forms of a page. */
export const hidden = (page: Page, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1] ?? '';
