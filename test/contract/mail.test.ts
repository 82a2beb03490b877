import { expect } from 'chai';
import { systemClock } from '../../src/ports/clock/clock.ts';
import { DeliveryError } from '../../src/ports/delivery.ts';
import type { MailMessage, Mailer } from '../../src/ports/mail/mail.ts';
import { createMailOutbox } from '../../src/ports/mail/outbox.ts';
import { createSmtpMailer } from '../../src/ports/mail/smtp.ts';
import type { OutboxMessage } from '../../src/ports/outbox.ts';
import { startMailServer, type ReceivedMail, type TestMailServer } from '../messages/smtp-server.ts';

const message: MailMessage = {
  to: 'budi@contoh.test',
  subject: 'Konfirmasi alamat email Anda – ✓',
  text: 'Halo Budi,\n\nhttps://account.kemnaker.go.id/x?y=1\n',
  html: '<p>Halo Budi</p>',
  ref: 'b6f1b1f0-0000-4000-8000-000000000002',
};
const FROM = 'SIAPkerja ID <tidak-dibalas@kemnaker.test>';
/** Long enough for a busy machine; only the mailer that waits in vain is in a hurry. */
const PATIENT_MS = 10_000;
const HURRIED_MS = 60;

const failureOf = async (sending: Promise<unknown>): Promise<DeliveryError> => {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(DeliveryError);
  return error as DeliveryError;
};

interface Subject {
  readonly mail: Mailer;
  readonly hurried: Mailer;
  /** Recipients of the mails that arrived, in order. */
  arrived(): string[];
  close(): Promise<void>;
}

function startOutbox(): Promise<Subject> {
  const shelf: OutboxMessage[] = [];
  const add = (added: OutboxMessage): Promise<void> => Promise.resolve(void shelf.push(added));
  const outboxFor = (timeoutMs: number): Mailer => createMailOutbox({ outbox: { add }, clock: systemClock, timeoutMs });
  const mail = outboxFor(PATIENT_MS);
  return Promise.resolve({
    mail,
    hurried: outboxFor(HURRIED_MS),
    arrived: () => shelf.map(({ to }) => to),
    close: () => mail.close(),
  });
}

async function startSmtp(): Promise<Subject> {
  const server = await startMailServer();
  const mailerFor = (timeoutMs: number): Mailer => createSmtpMailer({ smtpUrl: server.url, from: FROM, timeoutMs });
  const mail = mailerFor(PATIENT_MS);
  return {
    mail,
    hurried: mailerFor(HURRIED_MS),
    arrived: () => server.received.flatMap(({ to }) => to),
    close: async () => {
      await mail.close();
      await server.close();
    },
  };
}

for (const [name, start] of [
  ['outbox', startOutbox],
  ['SMTP', startSmtp],
] as const) {
  describe(`Mail port: ${name}`, () => {
    let subject: Subject;
    before(async () => {
      subject = await start();
    });
    after(() => subject.close());

    it('hands a message over and gives an id that carries its reference', async () => {
      const { providerId } = await subject.mail.send(message);
      expect(providerId).to.include(message.ref);
      expect(subject.arrived()).to.deep.equal([message.to]);
    });

    it('says that a refused address is refused for good', async () => {
      const error = await failureOf(subject.mail.send({ ...message, to: 'budi@ditolak.test' }));
      expect([error.code, error.permanent]).to.deep.equal(['MAIL_REJECTED', true]);
    });

    it('says that a server out of service may be tried again', async () => {
      const error = await failureOf(subject.mail.send({ ...message, to: 'budi@sibuk.test' }));
      expect([error.code, error.permanent]).to.deep.equal(['MAIL_UNAVAILABLE', false]);
    });

    it('ends by itself when nothing answers', async () => {
      const error = await failureOf(subject.hurried.send({ ...message, to: 'budi@diam.test' }));
      expect([error.code, error.permanent]).to.deep.equal(['MAIL_UNAVAILABLE', false]);
    });

    it('ends when told to', async () => {
      const given = new AbortController();
      const failure = failureOf(subject.mail.send({ ...message, to: 'budi@diam.test' }, given.signal));
      given.abort();
      expect((await failure).permanent).to.equal(false);
    });

    it('hands nothing over when told to end before it begins', async () => {
      const before = subject.arrived().length;
      await failureOf(subject.mail.send(message, AbortSignal.abort()));
      expect(subject.arrived()).to.have.length(before);
    });

    it('names the address nowhere in an error, whatever the server says', async () => {
      const error = await failureOf(subject.mail.send({ ...message, to: 'budi@ditolak.test' }));
      expect([error.message, error.stack, String(error.cause)].join()).not.to.include('budi@');
    });
  });
}

describe('Mail over SMTP', () => {
  let server: TestMailServer;
  before(async () => {
    server = await startMailServer();
  });
  after(() => server.close());

  async function receive(changes: Partial<MailMessage> = {}, smtpUrl = server.url): Promise<ReceivedMail> {
    const mail = createSmtpMailer({ smtpUrl, from: FROM, timeoutMs: PATIENT_MS });
    try {
      await mail.send({ ...message, ...changes });
      return server.received.at(-1)!;
    } finally {
      await mail.close();
    }
  }

  it('is plain text with HTML as the alternative, from the configured sender', async () => {
    const { raw } = await receive();
    expect(raw).to.match(/^From: SIAPkerja ID <tidak-dibalas@kemnaker\.test>\r$/m);
    expect(raw).to.match(/^To: budi@contoh\.test\r$/m);
    expect(raw).to.match(/^Content-Type: multipart\/alternative;/m);
    expect(raw.indexOf('Content-Type: text/plain')).to.be.within(0, raw.indexOf('Content-Type: text/html'));
    expect(raw).to.include('<p>Halo Budi</p>');
  });

  it('carries the same Message-ID at every try', async () => {
    const id = /^Message-ID: (.*)\r$/im;
    const [first, second] = [await receive(), await receive()];
    expect(id.exec(first.raw)?.[1]).to.equal(`<${message.ref}@kemnaker.test>`);
    expect(id.exec(second.raw)?.[1]).to.equal(id.exec(first.raw)?.[1]);
  });

  it('asks programs not to answer it', async () => {
    expect((await receive()).raw).to.match(/^Auto-Submitted: auto-generated\r$/m);
  });

  it('has one recipient, whatever the address looks like', async () => {
    const before = server.received.length;
    await receive({ to: 'budi@contoh.test, siti@contoh.test' }).catch(() => undefined);
    expect(server.received.slice(before).flatMap(({ to }) => to)).not.to.include('siti@contoh.test');
  });

  it('takes a refusal of the content for final', async () => {
    expect((await failureOf(receive({ to: 'budi@penuh.test' }))).permanent).to.equal(true);
  });

  it('takes a server that nobody runs for a bad moment', async () => {
    const gone = await startMailServer();
    await gone.close();
    expect((await failureOf(receive({}, gone.url))).permanent).to.equal(false);
  });

  it('takes a refused sign-in of ours for a bad moment, not for the fault of the message', async () => {
    const strict = await startMailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => {
        done(new Error('no'));
      },
    });
    const error = await failureOf(receive({}, strict.url.replace('//', '//sso:wrong@')));
    await strict.close();
    expect([error.code, error.permanent]).to.deep.equal(['MAIL_UNAVAILABLE', false]);
  });
});
