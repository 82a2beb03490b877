import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mock } from 'node:test';
import { expect } from 'chai';
import type { Session } from 'smpp';
import smpp from 'smpp';
import { examineSms } from '../../src/cli/sms-check.ts';
import { loadConfig } from '../../src/config.ts';
import { createAuthority, createServerCertificate } from '../../src/dev/certificate.ts';
import { DeliveryError } from '../../src/ports/delivery.ts';
import type { Receipt } from '../../src/ports/sms/receipt.ts';
import { createSmppGateway, relativeTime } from '../../src/ports/sms/smpp/gateway.ts';
import { keyOf } from '../../src/ports/sms/smpp/receipts.ts';
import type { SmppSettings } from '../../src/ports/sms/smpp/session.ts';
import type { SmsGateway, TextMessage } from '../../src/ports/sms/sms.ts';
import { recordingLog } from '../messages/parts.ts';
import {
  PASSWORD,
  receiptText,
  smppSettings,
  startCentre,
  SYSTEM_ID,
  type Submission,
  type TestCentre,
} from '../messages/smpp-centre.ts';
import { until } from '../support/until.ts';

const message: TextMessage = {
  to: '+6281234567890',
  text: 'SIAPkerja: kode 123456.\n\n@account.contoh.test #123456',
  ref: 'b6f1b1f0-0000-4000-8000-000000000001',
  ttlSeconds: 300,
};

const failureOf = async (sending: Promise<unknown>): Promise<DeliveryError> => {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(DeliveryError);
  return error as DeliveryError;
};

describe('SMS over SMPP', () => {
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

  function gateway(changes: Partial<SmppSettings> = {}, waitsMs: readonly number[] = [20, 40]): SmsGateway {
    const made = createSmppGateway(smppSettings(centre.url, changes), log, { waitsMs });
    gateways.push(made);
    return made;
  }
  /** One that listens: what it is given, and how it answers. */
  async function listening(
    changes: Partial<SmppSettings> = {},
    keep: (receipt: Receipt) => Promise<void> = () => Promise.resolve(),
  ): Promise<{ readonly sms: SmsGateway; readonly taken: Receipt[] }> {
    const taken: Receipt[] = [];
    const sms = gateway(changes);
    sms.listen?.(async (receipt) => {
      taken.push(receipt);
      await keep(receipt);
    });
    await until('the line is bound', () => centre.bound.length > 0);
    return { sms, taken };
  }

  describe('a submission', () => {
    it('says from whom, to whom, for how long, and that a receipt is wanted', async () => {
      await gateway({ sourceTon: 1, sourceNpi: 1, source: '628001', serviceType: 'OTP' }).send({
        ...message,
        ttlSeconds: 280,
      });
      const { pdu } = centre.submitted[0]!;
      expect(pdu).to.include({
        source_addr: '628001',
        source_addr_ton: 1,
        source_addr_npi: 1,
        destination_addr: '6281234567890',
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        registered_delivery: 1,
        service_type: 'OTP',
        esm_class: 0,
      });
      const [valid] = [pdu.validity_period as Date];
      expect((valid.getTime() - Date.now()) / 1000).to.be.within(270, 281);
    });

    for (const [seconds, text] of [
      [1, '000000000001000R'],
      [300, '000000000500000R'],
      [3725, '000000010205000R'],
      [86_400, '000001000000000R'],
      [0, '000000000001000R'],
      [86_400 * 45, '000115000000000R'],
    ] as const) {
      it(`writes ${seconds} s as ${text}`, () => {
        expect(relativeTime(seconds)).to.equal(text);
      });
    }

    /** What is on the line, byte for byte: by a listener that knows no more of SMPP than how to let one in. */
    async function bytesOf(
      changes: Partial<SmppSettings>,
      text: string,
    ): Promise<{ readonly dataCoding: number; readonly octets: Buffer }> {
      const heard: Buffer[] = [];
      const server: Server = createServer((socket: Socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (data) => {
          heard.push(data);
          const id = data.readUInt32BE(4);
          const answer = Buffer.alloc(id === 6 ? 16 : 17);
          answer.writeUInt32BE(answer.length, 0);
          answer.writeUInt32BE((id | 0x80000000) >>> 0, 4);
          data.copy(answer, 12, 12, 16);
          socket.write(answer);
        });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const sms = createSmppGateway(
        smppSettings(`smpp://127.0.0.1:${(server.address() as AddressInfo).port}`, { ...changes, timeoutMs: 2000 }),
        log,
      );
      await sms.send({ ...message, text });
      const submitted = heard.find((data) => data.readUInt32BE(4) === 4)!;
      server.close();
      await sms.close();
      // data_coding, sm_default_msg_id, sm_length, and the message to the end.
      for (let length = 1; length < 255; length += 1) {
        const at = submitted.length - length - 1;
        if (submitted[at] === length && submitted[at - 1] === 0)
          return { dataCoding: submitted[at - 2]!, octets: submitted.subarray(at + 1) };
      }
      throw new Error('no message in it');
    }

    it('is in GSM 03.38 under the alphabet of the centre, escapes of the extension table included', async () => {
      const { dataCoding, octets } = await bytesOf({}, '@_ [a]{b}\\^~|€ é\n');
      expect(dataCoding).to.equal(0);
      expect([...octets]).to.deep.equal([
        0x00, 0x11, 0x20, 0x1b, 0x3c, 0x61, 0x1b, 0x3e, 0x1b, 0x28, 0x62, 0x1b, 0x29, 0x1b, 0x2f, 0x1b, 0x14, 0x1b,
        0x3d, 0x1b, 0x40, 0x1b, 0x65, 0x20, 0x05, 0x0a,
      ]);
    });

    it('or in IA5, or Latin 1, and says so', async () => {
      expect(await bytesOf({ alphabet: 'ia5' }, '@_#')).to.deep.equal({
        dataCoding: 1,
        octets: Buffer.from('@_#', 'latin1'),
      });
      expect(await bytesOf({ alphabet: 'latin1' }, '@é')).to.deep.equal({
        dataCoding: 3,
        octets: Buffer.from('@é', 'latin1'),
      });
    });

    it('is refused at once where the alphabet has no such letters', async () => {
      for (const [alphabet, text] of [
        ['gsm', 'č'],
        ['ia5', 'é'],
        ['latin1', '€'],
      ] as const)
        expect((await failureOf(gateway({ alphabet }).send({ ...message, text }))).permanent).to.equal(true);
      expect(centre.submitted).to.deep.equal([]);
    });

    for (const [status, permanent] of [
      [0x01, true],
      [0x0b, true],
      [0x50, true],
      [0x65, true],
      [0x66, true],
      [0xfe, true],
      [0x08, false],
      [0x14, false],
      [0x58, false],
      [0x0a, false],
      [0x45, false],
      [0x64, false],
      [0x103, false],
      [0x400, false],
    ] as const) {
      it(`that is answered by 0x${status.toString(16)} ${permanent ? 'is refused for good' : 'may be tried again'}`, async () => {
        centre.onSubmit = ({ refuse }) => {
          refuse(status);
        };
        const error = await failureOf(gateway().send(message));
        expect([error.permanent, error.code]).to.deep.equal(
          permanent ? [true, 'SMS_REJECTED'] : [false, 'SMS_UNAVAILABLE'],
        );
        expect(error.message).not.to.match(/\d{5}/);
      });
    }

    it('that is answered by something else may be tried again', async () => {
      centre.onSubmit = ({ pdu }) => {
        centre.bound[0]!.send(
          new smpp.PDU('generic_nack', { sequence_number: pdu.sequence_number, command_status: 3 }),
        );
      };
      expect((await failureOf(gateway().send(message))).permanent).to.equal(false);
    });

    it('needs no id in its answer, and then no receipt can be told to be its own', async () => {
      centre.onSubmit = ({ accept }) => {
        accept('');
      };
      expect(await gateway().send(message)).to.deep.equal({ providerId: undefined });
    });

    it('waits its turn where the operator allows no more at once', async () => {
      const held: Submission[] = [];
      centre.onSubmit = (submission) => {
        held.push(submission);
      };
      const sms = gateway({ window: 3 });
      const all = Array.from({ length: 8 }, () => sms.send(message));
      for (let answered = 0; answered < 8; answered += 1) {
        await until('a submission', () => held.length > answered);
        expect(held.length - answered).to.be.at.most(3);
        held[answered]!.accept();
        await all[answered];
      }
      expect(held).to.have.length(8);
    });

    for (const isUnderWay of [false, true]) {
      it(`that is answered too late was accepted all the same${isUnderWay ? ', also when it has been submitted once more meanwhile' : ', and is not submitted again'}`, async () => {
        const held: Submission[] = [];
        centre.onSubmit = (submission) => {
          held.push(submission);
        };
        const sms = gateway({ timeoutMs: 150 });
        expect((await failureOf(sms.send(message))).message).to.equal('SMS_UNANSWERED: time-out');
        const again = isUnderWay ? sms.send({ ...message, patient: true }, AbortSignal.timeout(5000)) : undefined;
        if (isUnderWay) await until('it is submitted once more', () => held.length > 1);
        held[0]!.accept('late-1');
        // What comes after it on the same line has been read after it.
        if (!isUnderWay) {
          centre.onSubmit = (submission) => {
            submission.accept();
          };
          await sms.send({ ...message, ref: 'another' });
        }
        expect((await (again ?? sms.send(message))).providerId).to.equal('late-1');
        expect(held).to.have.length(isUnderWay ? 2 : 1);
      });
    }

    it('gives its place back when nobody answers', async () => {
      centre.onSubmit = (submission) => {
        if (submission.to.endsWith('3')) submission.accept();
      };
      const sms = gateway({ window: 1, timeoutMs: 300 });
      await sms.send({ ...message, to: '+6281234567893' });
      expect((await failureOf(sms.send(message))).message).to.equal('SMS_UNANSWERED: time-out');
      expect((await sms.send({ ...message, to: '+6281234567893' })).providerId).to.be.a('string');
    });
  });

  describe('the line', () => {
    it('is opened by the first message, and serves all that follow', async () => {
      const sms = gateway();
      expect(centre.heard).to.deep.equal([]);
      await Promise.all(Array.from({ length: 5 }, () => sms.send(message)));
      expect(centre.heard.filter((command) => command === 'bind_transceiver')).to.have.length(1);
    });

    it('that is lost between submission and answer leaves the message to another try, and is opened again', async () => {
      let times = 0;
      centre.onSubmit = (submission) => {
        if ((times += 1) === 1) submission.hangUp();
        else submission.accept();
      };
      const sms = gateway();
      const error = await failureOf(sms.send(message));
      expect([error.permanent, error.message]).to.deep.equal([false, 'SMS_UNANSWERED: line lost']);
      expect((await sms.send(message)).providerId).to.be.a('string');
      expect(log.events()).to.deep.equal(['sms.line.bound', 'sms.line.lost', 'sms.line.bound']);
    });

    it('is opened again by itself, ever more patiently, however long the centre is away', async () => {
      const { sms } = await listening();
      const { port } = new URL(centre.url);
      await centre.close();
      expect((await failureOf(sms.send(message, AbortSignal.timeout(150)))).permanent).to.equal(false);
      centre = await startCentre({ port: Number(port) });
      await until('the line is bound again', () => centre.bound.length === 1);
      expect((await sms.send(message)).providerId).to.be.a('string');
      expect(
        log.events().filter((event) => event === 'sms.line.lost'),
        'told once, not at each try',
      ).to.have.length.at.most(2);
    });

    it('answers when it is asked, and asks by itself', async () => {
      await listening({ enquireSeconds: 0.05 });
      await until('an enquiry', () => centre.heard.includes('enquire_link'));
      centre.bound[0]!.send(new smpp.PDU('enquire_link'));
      await until('an answer', () => centre.heard.includes('enquire_link_resp'));
      expect(centre.bound).to.have.length(1);
    });

    it('stays where it is when the clock is set back while an answer is awaited', async () => {
      await listening({ enquireSeconds: 0.05, timeoutMs: 150 });
      mock.timers.enable({ apis: ['Date'], now: Date.now() });
      try {
        centre.bound[0]!.once('pdu', () => {
          mock.timers.setTime(Date.now() - 3_600_000);
        });
        const asked = centre.heard.length;
        await until('the answer has been looked for', () => centre.heard.length > asked + 8);
        expect(log.events()).to.deep.equal(['sms.line.bound']);
      } finally {
        mock.timers.reset();
      }
    });

    it('on which a centre falls silent is given up', async () => {
      const { sms } = await listening({ enquireSeconds: 0.05, timeoutMs: 150 });
      centre.silent = true;
      expect((await failureOf(sms.send(message))).permanent).to.equal(false);
      await until('it is lost', () => log.events().includes('sms.line.lost'));
      centre.silent = false;
      await until('another is bound', () => centre.bound.length > 0);
    });

    it('to a centre that takes connections and says nothing is none', async () => {
      centre.silent = true;
      expect((await failureOf(gateway({ timeoutMs: 150 }).send(message))).code).to.equal('SMS_UNAVAILABLE');
    });

    it('that the centre takes leave of is opened again', async () => {
      await listening();
      const [first] = centre.bound;
      first!.send(new smpp.PDU('unbind'));
      await until('another is bound', () => centre.bound.length === 1 && centre.bound[0] !== first);
      expect(centre.heard).to.include('unbind_resp');
    });

    it('is not let in with a wrong password: messages wait, the log says why, and nobody knocks on and on', async () => {
      const sms = gateway({ password: 'salah' }, [5, 60_000]);
      const error = await failureOf(sms.send(message));
      expect([error.permanent, error.message]).to.deep.equal([
        false,
        'SMS_UNAVAILABLE: bind refused: wrong password (status 0x0e)',
      ]);
      expect(log.lines.at(-1)).to.deep.include({
        level: 'error',
        fields: { event: 'sms.line.refused', reason: 'wrong password (status 0x0e)' },
      });
      await failureOf(sms.send(message, AbortSignal.timeout(100)));
      expect(centre.heard).to.deep.equal(['bind_transceiver']);
    });

    for (const [what, garbage] of Object.entries({
      'a length of nothing': '00000000',
      'an endless length': '7fffffff00000004',
      'a message cut off': '0000001200000005000000000000000900ff',
      'a date that is none': '',
    })) {
      it(`survives ${what}`, async () => {
        const { sms } = await listening({ enquireSeconds: 0.05, timeoutMs: 200 });
        const [first] = centre.bound;
        if (garbage === '')
          first!.send(
            new smpp.PDU('deliver_sm', {
              esm_class: 4,
              validity_period: 'xxxxxxxxxxR',
              short_message: 'id:1 stat:DELIVRD',
            }),
          );
        else first!.socket.write(Buffer.from(garbage, 'hex'));
        await until(
          'it works, on this line or another',
          async () => (await sms.send(message)).providerId !== undefined,
        );
      });
    }

    it('takes leave when the process stops: what was submitted is answered first', async () => {
      const held: Submission[] = [];
      centre.onSubmit = (submission) => {
        held.push(submission);
      };
      const sms = gateway();
      const sending = sms.send(message);
      await until('a submission', () => held.length === 1);
      const closing = sms.close();
      expect((await failureOf(sms.send(message))).message).to.equal('SMS_UNAVAILABLE: closed');
      expect(centre.heard).not.to.include('unbind');
      held[0]!.accept('a1');
      expect((await sending).providerId).to.equal('a1');
      await closing;
      expect(centre.heard.at(-1)).to.equal('unbind');
      await until('the session is over', () => centre.bound.length === 0);
    });

    it('can be TLS, to a centre that the authority vouches for and to no other', async () => {
      const authority = createAuthority('operator');
      const secure = await startCentre({ tls: createServerCertificate(authority, ['localhost']) });
      try {
        const to = (ca: string): SmsGateway => {
          const made = createSmppGateway(smppSettings(secure.url, { ca, timeoutMs: 2000 }), log);
          gateways.push(made);
          return made;
        };
        expect((await to(authority.cert).send(message)).providerId).to.be.a('string');
        expect((await failureOf(to(createAuthority('somebody else').cert).send(message))).code).to.equal(
          'SMS_UNAVAILABLE',
        );
        expect(secure.submitted).to.have.length(1);
      } finally {
        await secure.close();
      }
    });
  });

  describe('a receipt', () => {
    for (const [stat, state] of [
      ['DELIVRD', 'delivered'],
      ['UNDELIV', 'undelivered'],
      ['EXPIRED', 'expired'],
      ['REJECTD', 'rejected'],
      ['DELETED', 'expired'],
      ['ACCEPTD', 'accepted'],
      ['ENROUTE', 'sent'],
      ['UNKNOWN', 'unknown'],
      ['GLUEHWN', 'unknown'],
    ] as const) {
      it(`with ${stat} means ${state}`, async () => {
        const { sms, taken } = await listening();
        centre.onSubmit = ({ accept }) => {
          accept('0A1B2C');
        };
        const { receiptKey } = await sms.send(message);
        expect(await centre.report(receiptText('0a1b2c', stat, '012'))).to.equal(0);
        expect(taken).to.deep.equal([{ key: receiptKey, state, code: '012' }]);
      });
    }

    for (const [receiptId, answered, reported] of [
      ['same', '00004711', '4711'],
      ['decimal', 'ABC123', String(0xabc123)],
      ['decimal', '00abc123', '00011256099'],
      ['hex', String(0xabc123), 'ABC123'],
      ['decimal', 'no-number', 'no-number'],
    ] as const) {
      it(`finds its message where the operator writes ${answered} as ${reported}`, async () => {
        const { sms, taken } = await listening({ receiptId });
        centre.onSubmit = ({ accept }) => {
          accept(answered);
        };
        const { receiptKey } = await sms.send(message);
        await centre.report(receiptText(reported, 'DELIVRD'));
        expect(taken[0]!.key).to.equal(receiptKey);
      });
    }

    it('may say it in fields beside the text, or without any', async () => {
      const { taken } = await listening({ receiptId: 'decimal' });
      await centre.report({ esm_class: 4, short_message: '', receipted_message_id: 'ff', message_state: 2 });
      await centre.report({ ...receiptText('255', 'UNDELIV'), message_state: 8 });
      await centre.report({ command: 'data_sm', esm_class: 4, receipted_message_id: 'ff', message_state: 3 });
      await centre.report({ esm_class: 0x20, short_message: 'id:255 stat:ENROUTE' });
      await centre.report({
        esm_class: 4,
        short_message: '',
        message_payload: { message: 'id:255 sub:001 stat:EXPIRED err:000' },
      });
      expect(taken.map(({ state }) => state)).to.deep.equal(['delivered', 'rejected', 'expired', 'sent', 'expired']);
      expect(new Set(taken.map(({ key }) => key))).to.deep.equal(new Set([keyOf('ff', 'answer', 'decimal')]));
    });

    it('that names no message, and a message that somebody sends to us, are answered and left at that', async () => {
      const { taken } = await listening();
      expect(await centre.report({ esm_class: 4, short_message: 'stat:DELIVRD' })).to.equal(0);
      expect(
        await centre.report({ esm_class: 0, source_addr: '6281234567890', short_message: 'id:1 stat:DELIVRD' }),
      ).to.equal(0);
      expect(
        await centre.report({
          esm_class: 0x40,
          data_coding: 4,
          short_message: { udh: Buffer.from([5, 0, 3, 1, 2, 1]), message: Buffer.from('x') },
        }),
      ).to.equal(0);
      expect(taken).to.deep.equal([]);
    });

    it('is answered only once it is kept, and comes again when it could not be', async () => {
      let keep: () => void = () => undefined;
      let fails = false;
      await listening(
        {},
        () =>
          new Promise((resolve, reject) => {
            keep = () => {
              if (fails) reject(new Error('database away'));
              else resolve();
            };
          }),
      );
      let status: number | undefined;
      const reported = centre.report(receiptText('1', 'DELIVRD')).then((answered) => {
        status = answered;
      });
      await until('it is here', () => {
        const before = keep;
        return before.toString() !== '() => undefined';
      });
      centre.bound[0]!.send(new smpp.PDU('enquire_link'));
      await until('the line goes on', () => centre.heard.includes('enquire_link_resp'));
      expect(status).to.equal(undefined);
      keep();
      await reported;
      expect(status).to.equal(0);
      fails = true;
      const refused = centre.report(receiptText('2', 'DELIVRD'));
      await until('the next is here', () => {
        keep();
        return centre.heard.filter((command) => command === 'deliver_sm_resp').length === 2;
      });
      expect(await refused).to.equal(0x64);
    });

    it('may come with the very answer to the bind, and by the hundred', async () => {
      const sms = gateway();
      const taken: string[] = [];
      centre.bound.push = function push(this: Session[], ...sessions: Session[]) {
        const length = Array.prototype.push.apply(this, sessions);
        // Right behind the answer, in one packet.
        queueMicrotask(() => {
          for (let n = 0; n < 200; n += 1)
            sessions[0]!.send(new smpp.PDU('deliver_sm', receiptText(`1${n}`, 'DELIVRD')));
        });
        return length;
      };
      sms.listen?.(async ({ key }) => {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        taken.push(key);
      });
      await until('all of them', () => centre.heard.filter((command) => command === 'deliver_sm_resp').length === 200);
      expect(new Set(taken).size).to.equal(200);
      expect(centre.heard.filter((command) => command === 'bind_transceiver')).to.have.length(1);
    });
  });

  it('the doctor says whether the centre lets us in, and what to do when it does not', async () => {
    const ask = async (changes: Partial<SmppSettings>): Promise<string> => {
      const config = loadConfig({});
      const findings = await examineSms({
        ...config,
        sms: { ...config.sms, driver: 'smpp', smpp: smppSettings(centre.url, changes) },
      });
      return findings.map(({ check, state, what, remedy = '' }) => `${check} ${state}: ${what}. ${remedy}`).join('\n');
    };
    expect(await ask({})).to.match(new RegExp(`^sms ok: 127\\.0\\.0\\.1:\\d+ lets ${SYSTEM_ID} in`));
    expect(centre.heard).to.deep.equal(['bind_transceiver', 'unbind']);
    const wrong = await ask({ password: 'salah-1' });
    expect(wrong).to.match(/^sms fail: .*does not let siapkerja in: wrong password \(status 0x0e\).*SMS_SMPP_PASSWORD/);
    expect(wrong).not.to.include('salah-1').and.not.include(PASSWORD);
    centre.silent = true;
    expect(await ask({ timeoutMs: 100 })).to.match(/^sms fail: .*no answer within 100 ms/);
    expect(await ask({ url: 'smpp://127.0.0.1:1' })).to.match(/^sms fail: .*ECONNREFUSED.*SMS_SMPP_URL/);
    expect(await ask({ url: 'smpps://127.0.0.1:1', ca: '/nowhere/ca.pem' })).to.match(
      /^sms fail: .*ENOENT.*SMS_SMPP_CA/,
    );
  });
});
