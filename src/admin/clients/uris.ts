import type { ClientType } from '../../domain/client.ts';

const MAX_LENGTH = 2048;
const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** What URL parsers mend or drop in silence: the address compared later must be the one that was meant. */
const MENDED = /[\s\\\p{Cc}]/u;

/**
 * A private-use scheme is a domain of the app's maker in reverse (RFC 8252, 7.1): without a dot anybody may claim it.
 */
const REVERSE_DOMAIN = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/i;

function readUri(text: string): URL | string {
  if (text === '' || text.length > MAX_LENGTH) return `must have 1 to ${MAX_LENGTH} characters`;
  if (MENDED.test(text) || !URL.canParse(text))
    return 'must be a complete address, for instance https://layanan.example/callback';
  const url = new URL(text);
  if (/^https?:/i.test(text) && !/^https?:\/\/[^/]/i.test(text))
    return 'must be a complete address, for instance https://layanan.example/callback';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  return url;
}

const isLoopback = (url: URL): boolean => LOOPBACK_HOSTS.includes(url.hostname);

/** The address of a page or end point of the service: https, or http on the machine itself. */
export function findWebUriProblem(text: string): string | undefined {
  const url = readUri(text);
  if (typeof url === 'string') return url;
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) return undefined;
  return 'must be https (http only for localhost, 127.0.0.1 or [::1])';
}

const PRIVATE_HOST = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[f[cd])|\.(?:local|internal|test|localhost)$/i;

/** The address of a test: https, or http on the machine itself and on hosts that only an inner network knows. */
export function findTestUriProblem(text: string, type: ClientType = 'web'): string | undefined {
  const url = readUri(text);
  if (typeof url === 'string') return url;
  if (text.includes('*')) return 'must not hold a wildcard: register each address';
  if (text.includes('#')) return 'must not hold a fragment';
  if (url.protocol === 'http:' && PRIVATE_HOST.test(url.hostname) && type !== 'native') return undefined;
  return findRedirectUriProblem(text, type);
}

/**
 * What is wrong with an address to which a browser is sent back. They are compared letter by letter (RFC 9700, 2.1),
 * so nothing in one may stand for something else.
 */
export function findRedirectUriProblem(text: string, type: ClientType): string | undefined {
  const url = readUri(text);
  if (typeof url === 'string') return url;
  if (text.includes('*')) return 'must not hold a wildcard: register each address';
  if (text.includes('#')) return 'must not hold a fragment';
  if (type !== 'native') return findWebUriProblem(text);
  switch (url.protocol) {
    case 'https:':
      return isLoopback(url) ? 'must be http where the app listens on the device itself' : undefined;
    case 'http:':
      return isLoopback(url) ? undefined : 'must be https, http on 127.0.0.1 or [::1], or a scheme of the app’s own';
    default:
      return REVERSE_DOMAIN.test(text)
        ? undefined
        : 'must use a scheme with a dot, a domain of the maker in reverse: com.example.app:/callback';
  }
}
