import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import smpp from 'smpp';
import { createAuthority, createServerCertificate } from '../../src/dev/certificate.ts';
import type { Receipt } from '../../src/ports/sms/receipt.ts';
import { createSmppGateway } from '../../src/ports/sms/smpp/gateway.ts';
import { probeSmpp, type SmppSettings } from '../../src/ports/sms/smpp/session.ts';
import type { SmsGateway, TextMessage } from '../../src/ports/sms/sms.ts';
import { recordingLog } from '../messages/parts.ts';
import { receiptText, smppSettings, startCentre, type Submission, type TestCentre } from '../messages/smpp-centre.ts';
import { until } from '../support/until.ts';

const message: TextMessage = {
  to: '+6281234567890',
  text: 'SIAPkerja: kode 123456.',
  ref: 'b6f1b1f0-0000-4000-8000-000000000002',
  ttlSeconds: 300,
};

/** What an SMS centre can do to us that none should. */
describe('SMS over SMPP, with a centre that behaves badly', () => {
  let centre: TestCentre;
  let log: ReturnType<typeof recordingLog>;
  const gateways: SmsGateway[] = [];

  beforeEach(async () => {
    centre = await startCentre();
    log = recordingLog();
  });
  afterEach(async () => {
    await centre.close();
    await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
  });

  function gateway(changes: Partial<SmppSettings> = {}, url = centre.url): SmsGateway {
    const made = createSmppGateway(smppSettings(url, changes), log, { waitsMs: [20, 40] });
    gateways.push(made);
    return made;
  }
  async function listening(sms: SmsGateway): Promise<Receipt[]> {
    const taken: Receipt[] = [];
    sms.listen?.((receipt) => {
      taken.push(receipt);
      return Promise.resolve();
    });
    await until('the line is bound', () => centre.bound.length > 0);
    return taken;
  }

  it('a message of a line that was lost takes nothing of the next along, on which the numbers begin anew', async () => {
    const sms = gateway();
    await listening(sms);
    const patience = new AbortController();
    await sms.send(message, patience.signal);
    const [first] = centre.bound;
    first!.destroy();
    await until('another line is bound', () => centre.bound.length === 1 && centre.bound[0] !== first);
    const held: Submission[] = [];
    centre.onSubmit = (submission) => {
      held.push(submission);
    };
    const sending = sms.send(message);
    await until('it is submitted', () => held.length === 1);
    expect(held[0]!.pdu.sequence_number, 'as the first on the line before').to.equal(
      centre.submitted[0]!.pdu.sequence_number,
    );
    patience.abort();
    held[0]!.accept('a1');
    expect((await sending).providerId).to.equal('a1');
  }).timeout(5000);

  it('answers to a bind that nobody asked for leave nothing behind', async () => {
    await listening(gateway({ enquireSeconds: 0.1 }));
    const [session] = centre.bound;
    for (let n = 0; n < 50; n += 1) session!.send(new smpp.PDU('bind_transceiver_resp'));
    const asked = (): number => centre.heard.filter((command) => command === 'enquire_link').length;
    await until('some enquiries', () => asked() > 2);
    expect(asked()).to.be.below(20);
  });

  it('a centre that asks without end and reads no answer is hung up on', async () => {
    const ask = Buffer.alloc(16_000);
    for (let at = 0; at < ask.length; at += 16) {
      ask.writeUInt32BE(16, at);
      ask.writeUInt32BE(0x15, at + 4);
    }
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      socket.once('data', (bind) => {
        socket.pause();
        const answer = Buffer.from(`000000118000000900000000${bind.toString('hex', 12, 16)}00`, 'hex');
        socket.write(answer);
        const flood = (): void => {
          while (!socket.destroyed && socket.write(ask));
          if (!socket.destroyed) socket.once('drain', flood);
        };
        if (sockets.size === 1) flood();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      gateway({}, `smpp://127.0.0.1:${(server.address() as AddressInfo).port}`).listen?.(() => Promise.resolve());
      await log.until('sms.line.lost');
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  it('a centre by TLS is told by which name it was asked for, and has to bear that name', async () => {
    const authority = createAuthority('operator');
    const asked: unknown[] = [];
    const ask = async (name: string): Promise<unknown> => {
      const server = createTlsServer(createServerCertificate(authority, [name]), (socket) => {
        socket.on('error', () => undefined);
        asked.push((socket as { servername?: unknown }).servername);
        socket.destroy();
      });
      server.on('tlsClientError', () => undefined);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const settings = smppSettings(`smpps://localhost:${(server.address() as AddressInfo).port}`, {
        ca: authority.cert,
        timeoutMs: 2000,
      });
      const error: unknown = await probeSmpp(settings).catch((reason: unknown) => reason);
      server.close();
      return (error as { code?: unknown }).code ?? (error as Error).message;
    };
    expect(await ask('localhost')).to.equal('the centre hung up');
    expect(await ask('other.contoh.test')).to.equal('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(asked[0]).to.equal('localhost');
  });

  it('a receipt with a byte in its id that no database takes is one of nobody, and does not come again for ever', async () => {
    const taken = await listening(gateway());
    expect(
      await centre.report({
        esm_class: 4,
        data_coding: 3,
        short_message: { message: Buffer.from('id:a\0b stat:DELIVRD', 'latin1') },
      }),
    ).to.equal(0);
    expect(await centre.report(receiptText('a1', 'DELIVRD'))).to.equal(0);
    expect(taken.map(({ key }) => key).join()).not.to.include('\0');
  });

  it('an id is found again whatever signs it is made of', async () => {
    const sms = gateway();
    const taken = await listening(sms);
    centre.onSubmit = ({ accept }) => {
      accept('Ab_9$@x');
    };
    const { receiptKey } = await sms.send(message);
    await centre.report({
      esm_class: 4,
      data_coding: 0,
      short_message: Buffer.from('id:Ab_9$@x sub:001 stat:DELIVRD err:000', 'latin1'),
    });
    expect(taken.map(({ key }) => key)).to.deep.equal([receiptKey]);
  });

  it('a line that is refused keeps no message waiting: another instance may have one', async () => {
    const sms = createSmppGateway(smppSettings(centre.url, { password: 'salah' }), log, { waitsMs: [60_000] });
    gateways.push(sms);
    await sms.send(message).catch(() => undefined);
    const error: unknown = await Promise.race([
      sms.send(message).catch((reason: unknown) => reason),
      until('an answer', () => false, 2000).catch(() => 'waits'),
    ]);
    expect(String(error)).to.include('bind refused: wrong password');
    expect(sms.isShutOut?.()).to.equal(true);
    expect(gateway().isShutOut?.()).to.equal(false);
  });
});
