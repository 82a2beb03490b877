import { connect } from 'node:net';
import { fail, ok, type Finding } from './finding.ts';

const REACH = 'see whether the address is right, the service is up, and network and firewall let this machine through';

/** Whether somebody listens there. */
export function reach(check: string, address: URL, defaultPort: number, timeoutMs: number): Promise<Finding> {
  const port = address.port === '' ? defaultPort : Number(address.port);
  const where = `${address.hostname}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host: address.hostname.replace(/^\[|\]$/g, ''), port, timeout: timeoutMs });
    const end = (finding: Finding): void => {
      socket.destroy();
      resolve(finding);
    };
    socket.once('connect', () => {
      end(ok(check, `${where} answers`));
    });
    socket.once('timeout', () => {
      end(fail(check, `${where} does not answer within ${timeoutMs} ms`, REACH));
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(fail(check, `${where} cannot be reached: ${error.code ?? error.message}`, REACH));
    });
  });
}
