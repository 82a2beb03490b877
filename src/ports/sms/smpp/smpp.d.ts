declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer, Socket } from 'node:net';

  /** What stands in it depends on its command; what came over the line may be anything. */
  export interface Pdu {
    readonly command: string;
    readonly command_status: number;
    sequence_number: number;
    readonly [field: string]: unknown;
    isResponse(): boolean;
    response(fields?: object): Pdu;
  }

  export interface Session extends EventEmitter {
    readonly socket: Socket;
    /** @returns false where the socket takes nothing any more. */
    send(pdu: Pdu): boolean;
    pause(): void;
    resume(): void;
    close(): void;
    destroy(): void;
  }

  export interface Encoding {
    match(text: string): boolean;
    encode(text: string): Buffer;
  }

  export interface Smpp {
    readonly PDU: new (command: string, fields?: object) => Pdu;
    /** `ASCII` is GSM 03.38, whatever it is called. */
    readonly encodings: Readonly<Record<'ASCII' | 'LATIN1' | 'UCS2', Encoding>>;
    connect(options: object): Session;
    createServer(options: object, listener: (session: Session) => void): NetServer;
  }

  const smpp: Smpp;
  export default smpp;
}
