import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Pdu, Session, Smpp } from 'smpp';
import type { Config } from '../../../config.ts';
import { STATUS, statusText } from './status.ts';

export type SmppSettings = Config['sms']['smpp'];

/** The centre was reached, and does not let us in. */
export class BindRefused extends Error {
  override readonly name = 'BindRefused';
  readonly status: number;

  constructor(status: number) {
    super(statusText(status));
    this.status = status;
  }
}

export interface Bound {
  /** Whether it was given to the line; what answers it comes to `onPdu`. */
  send(pdu: Pdu): boolean;
  pause(): void;
  resume(): void;
  /** Takes leave of the centre, and waits a moment for its answer. */
  unbind(): Promise<void>;
  destroy(): void;
}

export interface SessionDeps {
  readonly smpp: Smpp;
  readonly settings: SmppSettings;
  /** Answers to submissions, and what the centre delivers. */
  readonly onPdu: (pdu: Pdu, session: Bound) => void;
  /** The line is gone: told once, and only where it was bound. */
  readonly onLost: () => void;
}

const DEFAULT_PORT = { 'smpp:': 2775, 'smpps:': 3550 } as const;
const VERSION_3_4 = 0x34;
const UNBIND_MS = 2000;
const MOST_UNREAD_BYTES = 262_144;

/** Not loaded where nobody speaks SMPP. */
export const loadSmpp = async (): Promise<Smpp> => (await import('smpp')).default;

const certificate = (ca: string): string => (ca.includes('-----BEGIN') ? ca : readFileSync(ca, 'utf8'));

function placeOf({ url, ca }: SmppSettings): object {
  const { protocol, hostname, port } = new URL(url ?? '');
  const isTls = protocol !== 'smpp:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: port === '' ? DEFAULT_PORT[isTls ? 'smpps:' : 'smpp:'] : Number(port),
    ...(isTls
      ? {
          tls: true,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(ca === undefined ? {} : { ca: certificate(ca) }),
        }
      : {}),
  };
}

/**
 * One session: connected, bound as transceiver (SMPP 3.4, 2.2.1), and looked after while it lasts. Whatever is wrong
 * with it ends it: after a PDU that cannot be read the library reads no further one.
 *
 * @throws {BindRefused} the centre does not let us in.
 * @throws {Error} it cannot be reached, or does not answer within `timeoutMs`.
 */
export function openSession({ smpp, settings, onPdu, onLost }: SessionDeps): Promise<Bound> {
  const { systemId = '', password = '', systemType, timeoutMs, enquireSeconds } = settings;
  return new Promise((resolve, reject) => {
    const session: Session = smpp.connect(placeOf(settings));
    let isBound = false;
    let heardAt = performance.now();
    let enquiry: NodeJS.Timeout | undefined;
    let onUnbound = (): void => undefined;

    const destroy = (): void => {
      session.destroy();
    };
    /**
     * Nobody reads what waits here beyond a moment: a centre that only talks would fill our memory with answers to it.
     */
    function send(pdu: Pdu): boolean {
      if (session.socket.writableLength <= MOST_UNREAD_BYTES) return session.send(pdu);
      destroy();
      return false;
    }
    const fail = (error: Error): void => {
      reject(error);
      destroy();
    };
    const patience = setTimeout(() => {
      fail(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);

    /**
     * A line that is open and silent is no line. By a clock that nobody sets: one set back before the answer would say
     * that nobody had been heard since.
     */
    function enquire(): void {
      const askedAt = performance.now();
      send(new smpp.PDU('enquire_link'));
      setTimeout(() => {
        if (heardAt < askedAt) destroy();
      }, timeoutMs).unref();
    }

    const bound: Bound = {
      send,
      pause: () => {
        session.pause();
      },
      resume: () => {
        session.resume();
      },
      destroy,
      async unbind() {
        await new Promise<void>((done) => {
          onUnbound = done;
          session.once('close', done);
          setTimeout(done, Math.min(UNBIND_MS, timeoutMs)).unref();
          if (!send(new smpp.PDU('unbind'))) done();
        });
        destroy();
      },
    };

    function take(pdu: Pdu): void {
      heardAt = performance.now();
      switch (pdu.command) {
        case 'bind_transceiver_resp':
          if (isBound) return;
          clearTimeout(patience);
          if (pdu.command_status !== STATUS.ok) {
            fail(new BindRefused(pdu.command_status));
            return;
          }
          isBound = true;
          enquiry = setInterval(enquire, enquireSeconds * 1000).unref();
          resolve(bound);
          return;
        case 'enquire_link':
          send(pdu.response());
          return;
        case 'enquire_link_resp':
          return;
        case 'unbind':
          send(pdu.response());
          session.close();
          return;
        case 'unbind_resp':
          onUnbound();
          return;
        case 'unknown':
          send(pdu.response());
          return;
        default:
          if (isBound) onPdu(pdu, bound);
      }
    }

    const greet = (): void => {
      send(
        new smpp.PDU('bind_transceiver', {
          system_id: systemId,
          password,
          system_type: systemType ?? '',
          interface_version: VERSION_3_4,
        }),
      );
    };
    session.on(new URL(settings.url ?? '').protocol === 'smpp:' ? 'connect' : 'secureConnect', greet);
    session.on('pdu', (pdu: Pdu) => {
      try {
        take(pdu);
      } catch {
        // What is thrown in here would end the process.
        destroy();
      }
    });
    session.on('error', (error: Error) => {
      fail(error);
    });
    session.on('close', () => {
      clearTimeout(patience);
      clearInterval(enquiry);
      if (isBound) onLost();
      else reject(new Error('the centre hung up'));
    });
  });
}

/** Whether the centre lets us in; nothing is sent. @throws as {@link openSession}. */
export async function probeSmpp(settings: SmppSettings): Promise<void> {
  const session = await openSession({
    smpp: await loadSmpp(),
    settings,
    onPdu: () => undefined,
    onLost: () => undefined,
  });
  await session.unbind();
}
