import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import smpp, { type Pdu, type Session } from 'smpp';
import { settings } from '../../src/settings.ts';
import type { SmppSettings } from '../../src/ports/sms/smpp/session.ts';

export const SYSTEM_ID = 'siapkerja';
export const PASSWORD = 'rahasia1';

/** `settings.ts` without the address. */
const fallbacks = Object.fromEntries(
  Object.entries(settings.sms.smpp).map(([name, { fallback }]) => [name, fallback]),
) as unknown as SmppSettings;

/** How a gateway is told of the centre. */
export const smppSettings = (url: string, changes: Partial<SmppSettings> = {}): SmppSettings => ({
  ...fallbacks,
  url,
  systemId: SYSTEM_ID,
  password: PASSWORD,
  source: 'SIAPkerja',
  ...changes,
});

export interface Submission {
  readonly pdu: Pdu;
  /** The number, `62…`. */
  readonly to: string;
  readonly text: string;
  /** Answers it: with an id, or with an error. */
  readonly accept: (id?: string) => void;
  readonly refuse: (status: number) => void;
  /** Hangs up instead. */
  readonly hangUp: () => void;
}

export interface TestCentre {
  readonly url: string;
  readonly submitted: Submission[];
  /** Sessions that are bound, oldest first. */
  readonly bound: Session[];
  /** What the centre was asked besides: `bind_transceiver`, `enquire_link`, `unbind`, `deliver_sm_resp`, … */
  readonly heard: string[];
  /** How the next submissions are answered. */
  onSubmit: (submission: Submission) => void;
  /** Whether it answers binds and enquiries. */
  silent: boolean;
  /** Reports to the newest session, or to one. @returns the status with which the report was answered. */
  report(fields: object, session?: Session): Promise<number>;
  close(): Promise<void>;
}

/** A receipt as centres write it. */
export const receiptText = (id: string, stat: string, err = '000'): object => ({
  esm_class: 4,
  short_message: {
    message: `id:${id} sub:001 dlvrd:001 submit date:2611230700 done date:2611230700 stat:${stat} err:${err} text:SIAPkerja`,
  },
});

const INVALID_PASSWORD = 0x0e;
const INVALID_DESTINATION = 0x0b;
const THROTTLED = 0x58;

/** The reserved numbers of the outbox, played by a centre. */
export function answerByNumber(submission: Submission): void {
  if (submission.to.endsWith('90001')) submission.refuse(INVALID_DESTINATION);
  else if (submission.to.endsWith('90002')) submission.refuse(THROTTLED);
  else if (!submission.to.endsWith('90003')) submission.accept();
}

/** A real SMPP centre on loopback, by the library's own server. */
export async function startCentre({
  tls,
  port = 0,
}: {
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly port?: number;
} = {}): Promise<TestCentre> {
  const sockets = new Set<Socket>();
  let ids = 0;

  function take(session: Session, pdu: Pdu): void {
    centre.heard.push(pdu.command);
    if (centre.silent) return;
    switch (pdu.command) {
      case 'bind_transceiver':
        if (pdu.system_id !== SYSTEM_ID || pdu.password !== PASSWORD) {
          session.send(pdu.response({ command_status: INVALID_PASSWORD }));
          session.close();
          return;
        }
        centre.bound.push(session);
        session.send(pdu.response({ system_id: 'centre' }));
        return;
      case 'submit_sm': {
        const submission: Submission = {
          pdu,
          to: String(pdu.destination_addr),
          text: (pdu.short_message as { message: string }).message,
          accept: (id = (0xabc00000 + (ids += 1)).toString(16)) => {
            session.send(pdu.response({ message_id: id }));
          },
          refuse: (status) => {
            session.send(pdu.response({ command_status: status }));
          },
          hangUp: () => {
            session.destroy();
          },
        };
        centre.submitted.push(submission);
        centre.onSubmit(submission);
        return;
      }
      case 'enquire_link':
        session.send(pdu.response());
        return;
      case 'unbind':
        session.send(pdu.response());
        session.close();
        return;
      default:
    }
  }

  const server: Server = smpp.createServer(tls ?? {}, (session) => {
    sockets.add(session.socket);
    session.on('pdu', (pdu: Pdu) => {
      take(session, pdu);
    });
    session.on('error', () => undefined);
    session.on('close', () => {
      sockets.delete(session.socket);
      if (centre.bound.includes(session)) centre.bound.splice(centre.bound.indexOf(session), 1);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  const centre: TestCentre = {
    url: `${tls === undefined ? 'smpp' : 'smpps'}://${tls === undefined ? '127.0.0.1' : 'localhost'}:${(server.address() as AddressInfo).port}`,
    submitted: [],
    bound: [],
    heard: [],
    onSubmit: (submission) => {
      submission.accept();
    },
    silent: false,
    report(fields, session = centre.bound.at(-1)) {
      if (session === undefined) throw new Error('nobody is bound');
      const { command = 'deliver_sm', ...rest } = fields as { command?: string };
      const pdu = new smpp.PDU(command, rest);
      return new Promise((resolve) => {
        const hear = (answer: Pdu): void => {
          if (answer.command !== `${command}_resp` || answer.sequence_number !== pdu.sequence_number) return;
          session.off('pdu', hear);
          resolve(answer.command_status);
        };
        session.on('pdu', hear);
        session.send(pdu);
      });
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return centre;
}
