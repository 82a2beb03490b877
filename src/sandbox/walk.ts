import { CookieJar } from 'tough-cookie';
import { markName } from './mark.ts';

/** Where a walk ended: a page of the service, if all went well. */
export interface WalkEnd {
  /** 0 where nobody answered, or the way had no end. */
  readonly status: number;
  /** Origin and path, without what a query may say of a person. */
  readonly place: string;
  /** The service sent the person straight back to sign in. */
  readonly looped: boolean;
}

export interface WalkWish {
  readonly deny: boolean;
  /** By which the sandbox counts the walk among those of a check. */
  readonly mark?: string | undefined;
}

export interface WalkDeps {
  /** Guarded, and follows no redirect by itself: the walk sees each. */
  readonly fetch: typeof globalThis.fetch;
  /** The sandbox's issuer. */
  readonly issuer: string;
  /** Lets time pass where the sign-on is too busy: that is not the service's doing. */
  readonly wait: (ms: number) => Promise<void>;
}

const MOST_HOPS = 30;
const MOST_REFUSALS = 5;
const LARGEST_PAGE = 1_000_000;

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#x27;': "'",
};
const plain = (text: string): string =>
  text.replaceAll(/&(?:amp|lt|gt|quot|#39|#x27);/g, (entity) => ENTITIES[entity] ?? entity);
const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : plain(found);
};

/** The forms of a page that the sandbox made; nobody else's pages are read. */
function formsOf(html: string, url: URL): { action: URL; fields: Record<string, string> }[] {
  return [...html.matchAll(/<form\b([^>]*)>([^]*?)<\/form>/g)].map(([, head = '', body = '']) => ({
    action: new URL(attribute(` ${head}`, 'action') ?? '', url),
    fields: Object.fromEntries(
      [...body.matchAll(/<input\b[^>]*>/g)].map(([tag]) => [
        attribute(tag, 'name') ?? '',
        attribute(tag, 'value') ?? '',
      ]),
    ),
  }));
}

/**
 * Goes through a sign-in as a browser without script would: from the service to the sandbox, as the citizen that the
 * scenario of the check names, and home. It keeps cookies, follows a bounded number of redirects and reads no page but
 * ours.
 */
export function createWalk({ fetch, issuer, wait }: WalkDeps): (start: string, wish: WalkWish) => Promise<WalkEnd> {
  const { origin, pathname: base } = new URL(issuer);
  const isOurs = (url: URL, below: string): boolean =>
    url.origin === origin && url.pathname.startsWith(`${base}${below}`);

  return async (start, { deny, mark }) => {
    const jar = new CookieJar(undefined, { rejectPublicSuffixes: false });
    if (mark !== undefined)
      await jar.setCookie(
        `${markName(issuer)}=${mark}; Path=${base}; HttpOnly${issuer.startsWith('https:') ? '; Secure' : ''}`,
        issuer,
      );
    let url = new URL(start);
    let form: Record<string, string> | undefined;
    let signIns = 0;
    let refusals = 0;
    const end = (status: number, looped = false): WalkEnd => ({
      status,
      place: `${url.origin}${url.pathname}`,
      looped,
    });

    for (let hops = 0; hops < MOST_HOPS; hops += 1) {
      let response: Response;
      try {
        response = await fetch(url.href, {
          method: form === undefined ? 'GET' : 'POST',
          redirect: 'manual',
          headers: {
            accept: 'text/html',
            cookie: await jar.getCookieString(url.href),
            ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          },
          ...(form === undefined ? {} : { body: new URLSearchParams(form).toString() }),
        });
      } catch {
        return end(0);
      }
      const again = Number(response.headers.get('retry-after'));
      if (response.status === 503 && url.origin === origin && again > 0 && refusals < MOST_REFUSALS) {
        refusals += 1;
        await response.body?.cancel();
        await wait(again * 1000);
        continue;
      }
      for (const line of response.headers.getSetCookie()) await jar.setCookie(line, url.href, { ignoreError: true });
      form = undefined;
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location !== null && URL.canParse(location, url)) {
        await response.body?.cancel();
        const next = new URL(location, url);
        if (next.protocol !== 'https:' && next.protocol !== 'http:') return end(response.status);
        url = next;
        continue;
      }
      if (!isOurs(url, '/interaction/') && !isOurs(url, '/auth')) {
        await response.body?.cancel();
        return end(response.status);
      }
      const found = formsOf((await response.text()).slice(0, LARGEST_PAGE), url);
      const [login, consent] = ['/login', '/consent'].map((step) =>
        found.find(({ action }) => isOurs(action, '/interaction/') && action.pathname.endsWith(step)),
      );
      const home = isOurs(url, '/auth') ? found[0] : undefined;
      if (login !== undefined) {
        signIns += 1;
        if (signIns > 1) return end(response.status, true);
        // The sandbox knows by the scenario who signs in; of a bystander's sign-in it would be this one.
        form = { ...login.fields, citizen: 'ordinary' };
        url = login.action;
      } else if (consent !== undefined) {
        form = { ...consent.fields, answer: deny ? 'deny' : 'allow' };
        url = consent.action;
      } else if (home !== undefined) {
        // The page of `response_mode=form_post`, which a script would send.
        form = home.fields;
        url = home.action;
      } else {
        return end(response.status);
      }
    }
    return end(0, true);
  };
}
