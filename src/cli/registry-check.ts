import { connect } from 'node:tls';
import type { Config } from '../config.ts';
import { createTransport, trustFor } from '../ports/civil-registry/transport.ts';
import { fail, ok, warn, type Finding } from './finding.ts';
import { reach } from './reach.ts';

const check = 'civil registry';

/**
 * Whether what answers there has a certificate that DUKCAPIL_CA vouches for; with another, every registration would
 * fail.
 */
function shakeHands(url: URL, ca: string | undefined, timeoutMs: number): Promise<Finding> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);
  const where = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host, port, ...trustFor(url, ca), timeout: timeoutMs });
    const end = (finding: Finding): void => {
      socket.destroy();
      resolve(finding);
    };
    socket.once('secureConnect', () => {
      end(ok(check, `${where} answers, by a certificate that DUKCAPIL_CA vouches for`));
    });
    socket.once('timeout', () => {
      end(
        fail(
          check,
          `${where} takes the connection and says nothing of TLS within ${timeoutMs} ms`,
          'see whether DUKCAPIL_URL means https, and what stands in between',
        ),
      );
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(
        fail(
          check,
          `${where} answers, and its certificate is refused: ${error.code ?? error.message}`,
          'see whether DUKCAPIL_CA is the authority (or certificate) that Dukcapil gives for this very address',
        ),
      );
    });
  });
}

/** Whether the settings of the civil registry can work, and whether it is there. Nobody is asked about. */
export async function examineRegistry({ dukcapil }: Pick<Config, 'dukcapil'>): Promise<Finding> {
  if (dukcapil.url === undefined)
    return warn(check, 'simulated: invented people only', 'before production: set DUKCAPIL_URL');
  try {
    // An instance makes the same of the settings when it starts, and does not start where it cannot.
    await createTransport(dukcapil.url, dukcapil).close();
  } catch (error) {
    return fail(check, (error as Error).message, 'mend the setting: no instance starts with it');
  }
  const url = new URL(dukcapil.url);
  const isTls = url.protocol === 'https:';
  const reached = await reach(check, url, isTls ? 443 : 80, dukcapil.connectTimeoutMs);
  return isTls && reached.state === 'ok' ? shakeHands(url, dukcapil.ca, dukcapil.connectTimeoutMs) : reached;
}
