import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import {
  createHttpReceipts,
  type HttpReceipts,
  type HttpReceiptSettings,
  type Report,
} from '../../src/ports/sms/http-receipts.ts';
import { codeIn } from '../../src/ports/sms/receipt.ts';
import { loadConfig } from '../../src/config.ts';

const SECRET = 'f00dfeedf00dfeedf00dfeed';
const reader = (changes: Partial<HttpReceiptSettings> = {}): HttpReceipts =>
  createHttpReceipts({ ...loadConfig({}).sms.receipts, secret: SECRET, ...changes });
const asReport = ({
  query = '',
  body = '',
  headers = {},
}: {
  query?: string;
  body?: unknown;
  headers?: Record<string, string>;
}): Report => ({
  query,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  header: (name) => headers[name] ?? '',
});
const read = (from: HttpReceipts, what: Parameters<typeof asReport>[0]): unknown => {
  const result = from.read(asReport(what));
  return result.ok
    ? result.value.receipts.map(({ key, state, code }) => (code === undefined ? [key, state] : [key, state, code]))
    : result.refusal;
};

describe('Receipts of an SMS gateway over HTTP', () => {
  it('know their address by the whole of it', () => {
    const from = reader();
    expect(from.addressOf(SECRET)).to.equal('current');
    for (const other of ['', SECRET.slice(1), `${SECRET}a`, SECRET.toUpperCase(), 'x'.repeat(5000)])
      expect(from.addressOf(other)).to.equal(undefined);
    const changing = reader({ formerSecret: 'feedf00dfeedf00dfeedf00d' });
    expect(
      [SECRET, 'feedf00dfeedf00dfeedf00d', 'feedf00dfeedf00dfeedf00e', ''].map((part) => changing.addressOf(part)),
    ).to.deep.equal(['current', 'former', undefined, undefined]);
    expect(() => createHttpReceipts(loadConfig({}).sms.receipts)).to.throw(TypeError, 'SMS_RECEIPT_SECRET');
  });

  it('are read as the settings say', () => {
    expect(read(reader(), { body: { id: 77, status: 'DELIVRD' } })).to.deep.equal([['id:77', 'delivered']]);
    const nested = {
      listPath: 'results',
      idPath: 'message.id',
      statePath: 'status.groupName',
      states: { DELIVERED: 'delivered', EXPIRED: 'expired' } as const,
      codePath: 'error.id',
    };
    const body = {
      results: [
        { message: { id: 'a' }, status: { groupName: 'delivered' }, error: { id: 0 } },
        { message: { id: 'b' }, status: { groupName: 'EXPIRED' } },
        { message: { id: 'c' }, status: { groupName: 'PENDING' } },
      ],
    };
    expect(read(reader(nested), { body })).to.deep.equal([
      ['id:a', 'delivered', '0'],
      ['id:b', 'expired'],
      ['id:c', 'unknown'],
    ]);
    expect(read(reader(nested), { body: { results: body.results[0] } }), 'a list of one without a list').to.deep.equal([
      ['id:a', 'delivered', '0'],
    ]);
    expect(
      read(reader({ refPath: 'callbackData' }), { body: { id: 'x', callbackData: 'b6f1', status: 'failed' } }),
    ).to.deep.equal([['ref:b6f1', 'undelivered']]);
  });

  it('may be a form, or a query', () => {
    const fields = 'msgid=GW%2F1&dlr.status=UNDELIV&err=069';
    const settings = { idPath: 'msgid', statePath: 'dlr.status', codePath: 'err' };
    expect(read(reader({ ...settings, format: 'form' }), { body: fields })).to.deep.equal([
      ['id:GW/1', 'undelivered', '069'],
    ]);
    expect(read(reader({ ...settings, method: 'GET' }), { query: fields, body: 'nonsense' })).to.deep.equal([
      ['id:GW/1', 'undelivered', '069'],
    ]);
  });

  for (const [what, body] of Object.entries({
    'no JSON': '{',
    'no object': '[1,null,"x"]',
    'no id': { status: 'DELIVRD' },
    'no state': { id: '1' },
    'an id that no database takes': { id: 'a\0b', status: 'DELIVRD' },
    'an id that is none': { id: { a: 1 }, status: 'DELIVRD' },
    'what others inherit': '{"__proto__":{"id":"1","status":"DELIVRD"}}',
  })) {
    it(`are unreadable with ${what}`, () => {
      expect(read(reader(), { body })).to.equal('unreadable');
    });
  }

  it('must be signed where a signature is asked for, over what was sent', () => {
    const signatureKey = 'kunci-contoh';
    const sign = (text: string, encoding: 'hex' | 'base64'): string =>
      createHmac('sha256', signatureKey).update(text).digest(encoding);
    for (const signatureEncoding of ['hex', 'base64'] as const) {
      const signed = reader({ signatureHeader: 'x-signature', signatureKey, signatureEncoding });
      const body = '{"id":"1","status":"DELIVRD"}';
      expect(read(signed, { body, headers: { 'x-signature': sign(body, signatureEncoding) } })).to.deep.equal([
        ['id:1', 'delivered'],
      ]);
      for (const wrong of ['', sign(`${body}\n`, signatureEncoding), sign(body, signatureEncoding).slice(1), 'sha256='])
        expect(read(signed, { body, headers: { 'x-signature': wrong } })).to.equal('signature');
      const byGet = reader({ method: 'GET', signatureHeader: 'x-signature', signatureKey, signatureEncoding });
      expect(
        read(byGet, {
          query: 'id=1&status=DELIVRD',
          headers: { 'x-signature': sign('id=1&status=DELIVRD', signatureEncoding) },
        }),
      ).to.deep.equal([['id:1', 'delivered']]);
      expect(
        read(byGet, {
          query: 'id=2&status=DELIVRD',
          headers: { 'x-signature': sign('id=1&status=DELIVRD', signatureEncoding) },
        }),
      ).to.equal('signature');
    }
  });

  it('may be signed with the key before, while it is replaced', () => {
    const body = '{"id":"1","status":"DELIVRD"}';
    const signed = reader({ signatureHeader: 'x-signature', signatureKey: 'baru', formerSignatureKey: 'lama' });
    const by = (key: string): unknown =>
      read(signed, { body, headers: { 'x-signature': createHmac('sha256', key).update(body).digest('hex') } });
    expect([by('baru'), by('lama'), by('lain')]).to.deep.equal([
      [['id:1', 'delivered']],
      [['id:1', 'delivered']],
      'signature',
    ]);
  });

  it('let no number into the log as a reason', () => {
    expect([codeIn(69), codeIn('000'), codeIn('EC_27')]).to.deep.equal(['69', '000', 'EC_27']);
    for (const no of ['081234567890', '81234567890', 'a b', '', {}, undefined, 123456789])
      expect(codeIn(no)).to.equal(undefined);
  });
});
