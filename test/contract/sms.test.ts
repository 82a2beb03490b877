import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { settings } from '../../src/settings.ts';
import { systemClock } from '../../src/ports/clock/clock.ts';
import { DeliveryError } from '../../src/ports/delivery.ts';
import type { OutboxMessage } from '../../src/ports/outbox.ts';
import { createHttpGateway, type HttpGatewaySettings } from '../../src/ports/sms/http-gateway.ts';
import { createSmsOutbox } from '../../src/ports/sms/outbox.ts';
import { createSmppGateway } from '../../src/ports/sms/smpp/gateway.ts';
import type { SmsGateway, TextMessage } from '../../src/ports/sms/sms.ts';
import { recordingLog } from '../messages/parts.ts';
import { answerByNumber as answerAsCentre, smppSettings, startCentre } from '../messages/smpp-centre.ts';
import { accept, startGateway, type GatewayRequest, type TestGateway } from '../messages/sms-gateway.ts';

const message: TextMessage = {
  to: '+6281234567890',
  text: 'SIAPkerja: "kode" & <123>\n\n@localhost #123456',
  ref: 'b6f1b1f0-0000-4000-8000-000000000001',
  ttlSeconds: 300,
};
/** Long enough for a busy machine; only the gateway that waits in vain is in a hurry. */
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

/** The reserved numbers of the outbox, played by a gateway. */
function answerByNumber(request: GatewayRequest, response: ServerResponse): void {
  const { to } = JSON.parse(request.body) as { to: string };
  if (to.endsWith('90001')) response.writeHead(400).end('{"error":"invalid number"}');
  else if (to.endsWith('90002')) response.writeHead(503).end();
  else if (!to.endsWith('90003')) accept(request, response);
}

interface Subject {
  readonly sms: SmsGateway;
  readonly hurried: SmsGateway;
  /** References of the messages that arrived, in order. */
  arrived(): string[];
  close(): Promise<void>;
}

function startOutbox(): Promise<Subject> {
  const shelf: OutboxMessage[] = [];
  const add = (added: OutboxMessage): Promise<void> => Promise.resolve(void shelf.push(added));
  const outboxFor = (timeoutMs: number): SmsGateway =>
    createSmsOutbox({ outbox: { add }, clock: systemClock, timeoutMs });
  const sms = outboxFor(PATIENT_MS);
  return Promise.resolve({
    sms,
    hurried: outboxFor(HURRIED_MS),
    arrived: () => shelf.map(({ id }) => id),
    close: () => sms.close(),
  });
}

const httpSettings = (url: string, changes: Partial<HttpGatewaySettings> = {}): HttpGatewaySettings => ({
  url,
  method: 'POST',
  headers: settings.sms.http.headers.fallback,
  body: settings.sms.http.body.fallback,
  idPath: settings.sms.http.idPath.fallback,
  okPath: undefined,
  timeoutMs: PATIENT_MS,
  ...changes,
});

async function startHttp(): Promise<Subject> {
  const gateway = await startGateway();
  gateway.answer = answerByNumber;
  const sms = createHttpGateway(httpSettings(gateway.url));
  const hurried = createHttpGateway(httpSettings(gateway.url, { timeoutMs: HURRIED_MS }));
  return {
    sms,
    hurried,
    arrived: () => gateway.requests.map(({ body }) => (JSON.parse(body) as { ref: string }).ref),
    close: async () => {
      await gateway.close();
      await Promise.all([sms.close(), hurried.close()]);
    },
  };
}

async function startSmpp(): Promise<Subject> {
  const centre = await startCentre();
  centre.onSubmit = answerAsCentre;
  const log = recordingLog();
  const sms = createSmppGateway(smppSettings(centre.url, { timeoutMs: PATIENT_MS }), log);
  const hurried = createSmppGateway(smppSettings(centre.url, { timeoutMs: HURRIED_MS }), log);
  return {
    sms,
    hurried,
    // No reference of ours travels over SMPP: a message is known by its words.
    arrived: () => centre.submitted.map(({ text }) => (text === message.text ? message.ref : text)),
    close: async () => {
      await centre.close();
      await Promise.all([sms.close(), hurried.close()]);
    },
  };
}

for (const [name, start] of [
  ['outbox', startOutbox],
  ['http gateway', startHttp],
  ['SMPP centre', startSmpp],
] as const) {
  describe(`SMS port: ${name}`, () => {
    let subject: Subject;
    before(async () => {
      subject = await start();
    });
    after(() => subject.close());

    it('hands a message over under its reference and gives the id of the provider', async () => {
      const { providerId } = await subject.sms.send(message);
      expect(providerId).to.be.a('string').and.not.equal('');
      expect(subject.arrived()).to.include(message.ref);
    });

    it('says that a refused number is refused for good', async () => {
      const error = await failureOf(subject.sms.send({ ...message, to: '+6281234590001' }));
      expect([error.code, error.permanent]).to.deep.equal(['SMS_REJECTED', true]);
    });

    it('says that a gateway out of service may be tried again', async () => {
      const error = await failureOf(subject.sms.send({ ...message, to: '+6281234590002' }));
      expect([error.code, error.permanent]).to.deep.equal(['SMS_UNAVAILABLE', false]);
    });

    it('ends by itself when nothing answers, and says that the message may be on its way', async () => {
      const error = await failureOf(subject.hurried.send({ ...message, to: '+6281234590003' }));
      expect([error.code, error.permanent]).to.deep.equal(['SMS_UNANSWERED', false]);
    });

    it('ends when told to', async () => {
      const given = new AbortController();
      const failure = failureOf(subject.sms.send({ ...message, to: '+6281234590003' }, given.signal));
      given.abort();
      expect((await failure).permanent).to.equal(false);
    });

    it('hands nothing over when told to end before it begins', async () => {
      const before = subject.arrived().length;
      await failureOf(subject.sms.send(message, AbortSignal.abort()));
      expect(subject.arrived()).to.have.length(before);
    });

    it('names neither number nor text in an error', async () => {
      const error = await failureOf(subject.sms.send({ ...message, to: '+6281234590001' }));
      expect(error.message).not.to.match(/\d{5}/);
    });
  });
}

describe('SMS over a templated HTTP gateway', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startGateway();
  });
  after(() => gateway.close());
  beforeEach(() => {
    gateway.answer = accept;
  });

  async function send(
    changes: Partial<HttpGatewaySettings> = {},
  ): Promise<{ providerId: string | undefined; request: GatewayRequest }> {
    const sms = createHttpGateway(httpSettings(gateway.url, changes));
    try {
      const { providerId } = await sms.send(message);
      return { providerId, request: gateway.requests.at(-1)! };
    } finally {
      await sms.close();
    }
  }

  it('escapes the values for JSON', async () => {
    const { request } = await send();
    expect(JSON.parse(request.body)).to.deep.equal({ to: '6281234567890', text: message.text, ref: message.ref });
    expect(request.headers['content-type']).to.equal('application/json');
  });

  it('escapes the values for a form', async () => {
    const { request } = await send({
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'nomor={toPlus}&isi={text}&id={ref}',
    });
    expect(Object.fromEntries(new URLSearchParams(request.body))).to.deep.equal({
      nomor: '+6281234567890',
      isi: message.text,
      id: message.ref,
    });
  });

  it('escapes the values for XML', async () => {
    const { request } = await send({
      headers: { 'content-type': 'text/xml; charset=utf-8' },
      body: '<sms><to>{to}</to><text>{text}</text></sms>',
    });
    expect(request.body).to.equal(
      '<sms><to>6281234567890</to><text>SIAPkerja: &quot;kode&quot; &amp; &lt;123&gt;\n\n@localhost #123456</text></sms>',
    );
  });

  it('asks with a query and without a body for GET', async () => {
    const { request } = await send({ url: `${gateway.url}/send?key=k&to={to}&text={text}`, method: 'GET' });
    const url = new URL(request.path, gateway.url);
    expect(Object.fromEntries(url.searchParams)).to.deep.equal({ key: 'k', to: '6281234567890', text: message.text });
    expect([request.method, request.body]).to.deep.equal(['GET', '']);
  });

  it('carries the reference in a header where the gateway wants it there', async () => {
    const { request } = await send({ headers: { 'content-type': 'application/json', 'idempotency-key': '{ref}' } });
    expect(request.headers['idempotency-key']).to.equal(message.ref);
  });

  it('refuses at once a content type that it cannot escape for', () => {
    expect(() => createHttpGateway(httpSettings(gateway.url, { headers: { 'content-type': 'text/plain' } }))).to.throw(
      TypeError,
      'SMS_HTTP_HEADERS',
    );
  });

  for (const { what, idPath, id } of [
    { what: 'a text', idPath: 'id', id: 'gw-1' },
    { what: 'a number further down', idPath: 'data.id', id: '77' },
    { what: 'nothing where it is missing', idPath: 'data.missing.id', id: undefined },
    { what: 'nothing where it is neither text nor number', idPath: 'data', id: undefined },
  ]) {
    it(`reads the id of the provider: ${what}`, async () => {
      expect((await send({ idPath })).providerId).to.equal(id);
    });
  }

  for (const status of [400, 410, 422]) {
    it(`takes ${status} for a refusal`, async () => {
      gateway.answer = (_, response) => response.writeHead(status).end();
      expect((await failureOf(send())).permanent).to.equal(true);
    });
  }

  for (const status of [401, 402, 403, 404, 408, 425, 429, 500, 502, 503]) {
    it(`takes ${status} for a bad moment`, async () => {
      gateway.answer = (_, response) => response.writeHead(status).end();
      const error = await failureOf(send());
      expect([error.permanent, error.message]).to.deep.equal([false, `SMS_UNAVAILABLE: status ${status}`]);
    });
  }

  it('takes 504 for no answer: whoever stands behind the proxy was asked', async () => {
    gateway.answer = (_, response) => response.writeHead(504).end();
    expect((await failureOf(send())).message).to.equal('SMS_UNANSWERED: status 504');
  });

  it('waits twice as long for the answer to a message that got none before', async () => {
    gateway.answer = (_, response) => {
      setTimeout(() => {
        accept(_, response);
      }, 1.5 * HURRIED_MS);
    };
    const sms = createHttpGateway(httpSettings(gateway.url, { timeoutMs: HURRIED_MS }));
    try {
      expect((await sms.send({ ...message, patient: true })).providerId).to.equal('gw-1');
    } finally {
      await sms.close();
    }
  });

  it('does not follow a redirect', async () => {
    gateway.answer = (_, response) => response.writeHead(307, { location: `${gateway.url}/elsewhere` }).end();
    expect((await failureOf(send())).permanent).to.equal(false);
    expect(gateway.requests.at(-1)!.path).to.equal('/');
  });

  describe('with a word that says whether it was accepted', () => {
    const okPath = 'success';

    it('accepts a yes', async () => {
      expect((await send({ okPath })).providerId).to.equal('gw-1');
    });

    for (const { what, body, permanent } of [
      { what: 'a no refuses', body: '{"success":false}', permanent: true },
      { what: 'a missing word refuses', body: '{"id":"gw-1"}', permanent: true },
      { what: 'broken JSON may be tried again', body: '{"success":tr', permanent: false },
      {
        what: 'an answer without end may be tried again',
        body: `{"success":true,"x":"${'x'.repeat(70_000)}"}`,
        permanent: false,
      },
    ]) {
      it(what, async () => {
        gateway.answer = (_, response) => response.end(body);
        expect((await failureOf(send({ okPath }))).permanent).to.equal(permanent);
      });
    }
  });

  for (const body of ['OK', '', '{"id":', 'x'.repeat(70_000)]) {
    it(`lets the status decide where no word is asked for (${body.slice(0, 6)}, ${body.length} bytes)`, async () => {
      gateway.answer = (_, response) => response.end(body);
      expect((await send()).providerId).to.equal(undefined);
    });
  }

  it('takes a cut connection for a bad moment', async () => {
    gateway.answer = (_, response) => response.destroy();
    expect((await failureOf(send())).message).to.equal('SMS_UNAVAILABLE: no answer');
  });

  it('takes an answer that stops in the middle for a bad moment', async () => {
    gateway.answer = (_, response) => response.write('{"id":');
    expect((await failureOf(send({ timeoutMs: HURRIED_MS }))).message).to.equal('SMS_UNANSWERED: time-out');
  });

  it('takes a gateway that nobody runs for a bad moment', async () => {
    const gone = await startGateway();
    await gone.close();
    expect((await failureOf(send({ url: gone.url }))).message).to.equal('SMS_UNAVAILABLE: no answer');
  });

  it('hangs up on a gateway that does not answer', async () => {
    const hungUp = new Promise((resolve) => {
      gateway.answer = (_, response) => {
        resolve(once(response, 'close'));
      };
    });
    await failureOf(send({ timeoutMs: HURRIED_MS }));
    await hungUp;
  });
});
