import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Where the suite and the sign-on find each other. */
export interface ConformanceOptions {
  /** Base address of the suite. */
  readonly suite: string;
  /** The `alias` of the suite's configuration, which is a part of its addresses. */
  readonly alias: string;
  /** Our address as the suite and the tester's browser reach it; https. */
  readonly issuer: string;
  /** Where TLS is answered. */
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Instead of the embedded database. */
  readonly databaseUrl?: string;
}

/** The addresses that the suite answers at, which clients register. */
export const suiteAddresses = ({
  suite,
  alias,
}: Pick<ConformanceOptions, 'suite' | 'alias'>): { callback: string; afterLogout: string; logoutNotice: string } => {
  const base = `${suite}/test/a/${alias}`;
  return {
    callback: `${base}/callback`,
    afterLogout: `${base}/post_logout_redirect`,
    logoutNotice: `${base}/backchannel_logout`,
  };
};

export const USAGE = `npm run start:conformance -- [options]

  --suite <url>    base address of the conformance suite   https://localhost.emobix.co.uk:8443
  --alias <name>   alias in its configuration               siapkerja
  --port <port>    where the sign-on answers                3443
  --host <address> on which address                         127.0.0.1
  --issuer <url>   how suite and browser reach it           https://localhost:<port>
`;

/** A mistake of the person at the terminal. */
export class ConformanceMisuse extends Error {}

const origin = (flag: string, text: string): string => {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.origin !== text)
    throw new ConformanceMisuse(`--${flag} must be https, host and port alone, for instance https://localhost:3443`);
  return text;
};

/** @throws {ConformanceMisuse} */
export function readOptions(args: readonly string[]): ConformanceOptions {
  let given;
  try {
    given = parseArgs({
      args: [...args],
      options: {
        suite: { type: 'string' },
        alias: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        issuer: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new ConformanceMisuse((error as Error).message);
  }
  const port = Number(given.port ?? 3443);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new ConformanceMisuse('--port must be 1 to 65535');
  const alias = given.alias ?? 'siapkerja';
  if (!/^[\w-]+$/.test(alias)) throw new ConformanceMisuse('--alias must be of letters, digits, - and _');
  return {
    suite: origin('suite', given.suite ?? 'https://localhost.emobix.co.uk:8443'),
    alias,
    issuer: origin('issuer', given.issuer ?? `https://localhost:${port}`),
    host: given.host ?? '127.0.0.1',
    port,
    dataDir: join('.data', 'conformance'),
  };
}
