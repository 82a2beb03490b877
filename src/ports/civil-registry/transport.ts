import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from 'node:tls';
import { buildConnector, errors, Pool, type Dispatcher } from 'undici';
import type { Config } from '../../config.ts';
import { createDeadline } from '../deadline.ts';
import { RegistryUnavailable, type RegistryTrouble } from './civil-registry.ts';

/** Carries a request body to the registry and brings back the text of a 200 answer. */
export interface Transport {
  /**
   * @throws {RegistryUnavailable} `timeout`, `network` or `protocol`; neither it nor its cause holds the body.
   * @throws the reason of `signal` where the caller gave up.
   */
  post(body: string, signal?: AbortSignal): Promise<string>;
  /** Lets calls under way finish. */
  close(): Promise<void>;
}

type TransportConfig = Pick<
  Config['dukcapil'],
  'ca' | 'headers' | 'institution' | 'connectTimeoutMs' | 'timeoutMs' | 'maxAnswerBytes' | 'maxConcurrent'
>;

/** No connection came about, so that no byte of the request has left: the one case in which a repeat is free. */
class ConnectionFailed extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

type Trust = Required<Pick<ConnectionOptions, 'allowPartialTrustChain' | 'checkServerIdentity'>> & {
  readonly ca: string[];
};

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const TIMEOUTS: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);
const UNREADABLE = /^(?:HPE_|UND_ERR_RES_EXCEEDED_MAX_SIZE|UND_ERR_HEADERS_OVERFLOW|ERR_ENCODING_INVALID_ENCODED_DATA)/;

function codeOf(error: unknown): string {
  // The parser names most of its complaints, but not all.
  if (error instanceof errors.HTTPParserError) return error.code || 'HPE_INVALID';
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}

function troubleOf(code: string): RegistryTrouble {
  if (TIMEOUTS.has(code)) return 'timeout';
  return UNREADABLE.test(code) ? 'protocol' : 'network';
}

/** Only the code of a library's error goes on: its other parts are not ours to vouch for. */
const unavailable = (trouble: RegistryTrouble, code: string, wasAsked = true): RegistryUnavailable =>
  new RegistryUnavailable(trouble, { cause: new Error(code), wasAsked });

function readCertificates(ca: string): readonly string[] {
  let pem = ca;
  try {
    if (!ca.includes('-----BEGIN')) pem = readFileSync(ca, 'utf8');
  } catch (cause) {
    throw new Error(`DUKCAPIL_CA: the file cannot be read (${codeOf(cause)})`, { cause });
  }
  const certificates = pem.match(PEM);
  if (certificates === null) throw new Error('DUKCAPIL_CA: no certificate in PEM form found');
  return certificates;
}

/**
 * Trusts the configured certificates and nothing else. One that the server itself presents is pinned: it needs no
 * matching host name, which certificates on private addresses often lack.
 */
function trust(ca: string): Trust {
  const certificates = readCertificates(ca);
  const pinned = new Set(certificates.map((pem) => new X509Certificate(pem).fingerprint256));
  return {
    ca: [...certificates],
    allowPartialTrustChain: true,
    checkServerIdentity: (host: string, presented: PeerCertificate) =>
      pinned.has(presented.fingerprint256) ? undefined : checkServerIdentity(host, presented),
  };
}

/**
 * What a connection to the registry trusts.
 * @throws {Error} naming the setting that cannot work.
 */
export function trustFor(url: URL, ca: string | undefined): Trust | undefined {
  if (url.protocol === 'https:') {
    if (ca === undefined)
      throw new Error('DUKCAPIL_CA: https needs the certificate authority or certificate of the civil registry');
    return trust(ca);
  }
  if (url.protocol !== 'http:' || !LOOPBACK.test(url.hostname))
    throw new Error('DUKCAPIL_URL: https is needed; plain http is for loopback only');
  return undefined;
}

function headersFrom(extra: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  for (const [name, value] of Object.entries(extra)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (cause) {
      throw new Error(`DUKCAPIL_HEADERS: "${name}" is not a valid header (${codeOf(cause)})`, { cause });
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/**
 * @param url  base address of the service; plain http only to loopback, https only with `config.ca`.
 * @throws {Error} naming the setting that cannot work.
 */
export function createTransport(url: string, config: TransportConfig): Transport {
  const base = new URL(url);
  const trusted = trustFor(base, config.ca);
  const headers = headersFrom(config.headers);
  const path = `${base.pathname.replace(/\/+$/, '')}/dukcapil/get_json/${encodeURIComponent(config.institution)}/CALL_VERIFY_BY_ELEMEN`;
  const connect = buildConnector({ ...trusted, timeout: config.connectTimeoutMs, allowH2: false });
  const pool = new Pool(base.origin, {
    connections: config.maxConcurrent,
    pipelining: 1,
    allowH2: false,
    maxResponseSize: config.maxAnswerBytes,
    connect: (options, callback) => {
      connect(options, (...[error, socket]) => {
        if (error === null) callback(null, socket);
        else callback(new ConnectionFailed(codeOf(error)), null);
      });
    },
  });

  let closing: Promise<void> | undefined;

  async function request(body: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const once = (): Promise<Dispatcher.ResponseData> => pool.request({ method: 'POST', path, headers, body, signal });
    try {
      return await once();
    } catch (error) {
      if (error instanceof ConnectionFailed && !signal.aborted) return once();
      throw error;
    }
  }

  async function exchange(body: string, signal: AbortSignal): Promise<string> {
    const answer = await request(body, signal);
    if (answer.statusCode !== 200) {
      // The status has said it all; a body that then fails to arrive changes nothing.
      await answer.body.dump({ limit: config.maxAnswerBytes }).catch(() => undefined);
      // A redirect or a refusal is an address or gateway set up wrongly; 5xx is trouble of the infrastructure.
      throw unavailable(answer.statusCode >= 500 ? 'network' : 'protocol', `HTTP_${String(answer.statusCode)}`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await answer.body.bytes());
  }

  return {
    async post(body, signal) {
      signal?.throwIfAborted();
      const deadline = createDeadline(config.timeoutMs, signal);
      try {
        return await exchange(body, deadline.signal);
      } catch (error) {
        if (error instanceof RegistryUnavailable) throw error;
        signal?.throwIfAborted();
        if (deadline.isOver()) throw unavailable('timeout', 'DEADLINE');
        throw unavailable(troubleOf(codeOf(error)), codeOf(error), !(error instanceof ConnectionFailed));
      } finally {
        deadline.clear();
      }
    },
    close: () => (closing ??= pool.close()),
  };
}
