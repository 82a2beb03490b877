import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/**
 * A certificate and its private key in PEM form, made for a day of trying things out: none is kept in the repository.
 */
export interface Certificate {
  readonly subject: string;
  readonly cert: string;
  readonly key: string;
}

/** DER, as much of it as a certificate needs: a tag, a length, a value. */
const tlv = (tag: number, ...parts: Buffer[]): Buffer => {
  const value = Buffer.concat(parts);
  const size = value.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
};
const sequence = (...parts: Buffer[]): Buffer => tlv(0x30, ...parts);
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'));
const time = (date: Date): Buffer => tlv(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const commonName = (name: string): Buffer => sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from(name)))));
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), tlv(0x04, value));
const isAuthority = extension('551d13', sequence(tlv(0x01, Buffer.from([0xff]))));
const isFor = (hosts: readonly string[]): Buffer =>
  extension(
    '551d11',
    sequence(
      ...hosts.map((host) =>
        isIPv4(host) ? tlv(0x87, Buffer.from(host.split('.').map(Number))) : tlv(0x82, Buffer.from(host)),
      ),
    ),
  );

const HOUR_MS = 3_600_000;

function issue(subject: string, extensions: Buffer, issuer?: Certificate): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.from([1]), randomBytes(8)),
    ECDSA_WITH_SHA256,
    commonName(issuer?.subject ?? subject),
    sequence(time(new Date(now - HOUR_MS)), time(new Date(now + 24 * HOUR_MS))),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(extensions)),
  );
  const signature = sign('sha256', toBeSigned, issuer === undefined ? privateKey : createPrivateKey(issuer.key));
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, tlv(0x03, Buffer.from([0]), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    subject,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

export const createAuthority = (subject: string): Certificate => issue(subject, isAuthority);

/** A server certificate of the authority for these names and IPv4 addresses. */
export const createServerCertificate = (
  authority: Certificate,
  hosts: readonly string[] = ['127.0.0.1'],
): Certificate => issue(`server ${hosts[0] ?? ''}`, isFor(hosts), authority);
