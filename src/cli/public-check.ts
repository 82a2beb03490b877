import { connect } from 'node:tls';
import type { Config } from '../config.ts';
import { loadKeyring } from '../crypto/keyring.ts';
import { createKeyedHash } from '../crypto/keyed-hash.ts';
import { counted } from '../domain/plural.ts';
import { systemClock, type Clock } from '../ports/clock/clock.ts';
import { systemRandom } from '../ports/random/random.ts';
import { MIRROR_PATH, proveDoctor } from '../web/mirror.ts';
import { fail, ok, warn, type Finding } from './finding.ts';

const TIMEOUT_MS = 5000;
const DAY_MS = 86_400_000;
/** A certificate that is renewed by itself is renewed a month ahead; later somebody has to look. */
const EXPIRY_DAYS = { warn: 21, fail: 3 };

/** Addresses for documentation (RFC 5737): nobody has them, so whoever reports one has believed us. */
const FORGED = Array.from({ length: 12 }, (_, index) => `192.0.2.${index + 1}`);

const CHAIN =
  'give the proxy the whole chain of a certificate for this very name; one of an authority of your own is trusted here, and by instances, by NODE_EXTRA_CA_CERTS=<file of the authority>, and in browsers once they know it';

/** What a proxy says for itself where it finds no instance. */
const NOBODY = new Set([502, 503, 504]);

interface Certificate {
  readonly validTo: Date;
  /** Why a browser would refuse it. */
  readonly objection: string | undefined;
}

function certificateOf({ hostname, port }: URL): Promise<Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      {
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? 443 : Number(port),
        servername: hostname,
        rejectUnauthorized: false,
        timeout: TIMEOUT_MS,
      },
      () => {
        const { valid_to: validTo } = socket.getPeerCertificate();
        // `authorizationError` is a code or an error; either says in a word what is wrong.
        const objection = socket.authorized ? undefined : String(socket.authorizationError);
        socket.destroy();
        resolve({ validTo: new Date(validTo), objection });
      },
    );
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    socket.once('error', reject);
  });
}

async function checkCertificate(issuer: URL): Promise<Finding> {
  const check = 'certificate';
  try {
    const { validTo, objection } = await certificateOf(issuer);
    const days = Math.floor((validTo.getTime() - systemClock.now().getTime()) / DAY_MS);
    const what = `of ${issuer.host}, good for ${counted(days, 'day')}`;
    const renew = 'renew it, and see why the renewal does not run by itself';
    if (objection !== undefined) return fail(check, `of ${issuer.host} is refused by browsers: ${objection}`, CHAIN);
    return days < EXPIRY_DAYS.fail
      ? fail(check, what, renew)
      : days < EXPIRY_DAYS.warn
        ? warn(check, what, renew)
        : ok(check, what);
  } catch (error) {
    return fail(
      check,
      `of ${issuer.host} cannot be seen: ${(error as Error).message}`,
      'let the proxy answer by TLS at the address of ISSUER',
    );
  }
}

/**
 * Judges TRUST_PROXY by what arrived of a request with twelve invented forwarders.
 *
 * @param hops     what arrived, the peer last.
 */
function judgeHops(hops: readonly string[], trustProxy: number): Finding {
  const check = 'proxies';
  const proxies = hops.filter((hop) => !FORGED.includes(hop)).length - 1;
  const set = `set TRUST_PROXY=${proxies}`;
  if (trustProxy > proxies)
    return fail(
      check,
      `TRUST_PROXY=${trustProxy}, but ${proxies} stand in front: anybody can claim any address, and pass by the limits`,
      set,
    );
  if (trustProxy < proxies)
    return fail(
      check,
      `TRUST_PROXY=${trustProxy}, but ${proxies} stand in front: everybody has the address of a proxy and shares its limits`,
      set,
    );
  return ok(check, `${proxies} in front, as TRUST_PROXY says`);
}

/** Asks the running sign-on, by way of its public address, how the request looked when it arrived. */
async function checkProxies(config: Config, clock: Clock): Promise<Finding> {
  const { http, environment } = config;
  const check = 'public address';
  const absent = (what: string, remedy: string): Finding =>
    (environment === 'production' ? fail : warn)(check, what, remedy);
  try {
    const keyedHash = createKeyedHash(loadKeyring({ ...config, random: systemRandom }));
    const answer = await fetch(`${http.issuer}${MIRROR_PATH}`, {
      headers: { authorization: proveDoctor(keyedHash, clock.now()), 'x-forwarded-for': FORGED.join(', ') },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (NOBODY.has(answer.status))
      return absent(
        `${http.issuer} answers ${answer.status}: no instance stands behind the proxy`,
        'start the instances, and look again; a proxy asks one that has failed again after some seconds',
      );
    if (answer.status !== 200)
      return absent(
        `${http.issuer} answers ${answer.status}: not by an instance with this keyring and this hour`,
        'see where the proxy leads, whether the instances have the same KEYRING, and whether the clocks agree',
      );
    const { hops } = (await answer.json()) as { hops: readonly string[] };
    return judgeHops(hops, http.trustProxy);
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message;
    return absent(
      `${http.issuer} cannot be reached: ${why}`,
      /CERT|SIGNATURE|ALTNAME/.test(why)
        ? 'first mend the certificate'
        : 'start the sign-on and its proxy, and look again',
    );
  }
}

/** What people and services meet at the address of the issuer: the certificate, and whose address arrives. */
export async function examinePublic(config: Config, clock: Clock = systemClock): Promise<readonly Finding[]> {
  const issuer = new URL(config.http.issuer);
  return Promise.all([
    ...(issuer.protocol === 'https:' ? [checkCertificate(issuer)] : []),
    checkProxies(config, clock),
  ]);
}
