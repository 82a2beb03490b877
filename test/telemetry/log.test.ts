import { Writable } from 'node:stream';
import { expect } from 'chai';
import { sensitive } from '../../src/domain/sensitive.ts';
import { createLog, type Log } from '../../src/telemetry/log.ts';

const NIK = '9901010101900001';
const PHONES = ['+6281234567890', '6281234567890', '081234567890'];

/** What reaches the log of everything that `write` says. */
function logged(write: (log: Log) => void): { text: string; lines: Record<string, unknown>[] } {
  const chunks: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString('utf8'));
      done();
    },
  });
  write(createLog({ level: 'debug', destination }));
  const text = chunks.join('');
  return {
    text,
    lines: text
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('The log', () => {
  it('is one JSON object a line, with level, time and message', () => {
    const { lines } = logged((log) => {
      log.info({ event: 'sign-in.succeeded', count: 3 }, 'hello');
    });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ level: 'info', event: 'sign-in.succeeded', count: 3, msg: 'hello' });
    expect(new Date(String(lines[0]?.time)).getTime()).to.be.closeTo(Date.now(), 5000);
    expect(lines[0]).not.to.have.any.keys('pid', 'hostname');
  });

  describe('redacts', () => {
    it('what is marked as sensitive, at any depth', () => {
      const secret = sensitive('canary');
      const { text } = logged((log) => {
        log.info({ a: secret, b: { c: [secret, { d: secret }] }, e: new Map([['f', secret]]) }, 'x');
      });
      expect(text).to.include('[redacted]').and.not.to.include('canary');
    });

    it('the fields that hold personal data or secrets, whatever their case and depth', () => {
      const fields = [
        'nik',
        'NIK',
        'name',
        'mother_name',
        'email',
        'Phone',
        'phone_number',
        'identifier',
        'login_hint',
        'password',
        'code',
        'otp',
        'token',
        'access_token',
        'id_token',
        'id_token_hint',
        'refresh_token',
        'code_verifier',
        'client_secret',
        'Authorization',
        'Cookie',
        'Set-Cookie',
        'NAMA_LGKP',
        'NAMA_LGKP_IBU',
        'to',
        'text',
        'body',
        'recipient',
      ];
      for (const field of fields) {
        const { text } = logged((log) => {
          log.info({ [field]: 'canary', deep: { list: [{ [field]: { inner: 'canary' } }] } }, 'x');
        });
        expect(text, field).not.to.include('canary');
      }
    });

    for (const datum of [NIK, ...PHONES]) {
      it(`${datum} by its shape, wherever it stands`, () => {
        const places: ((log: Log) => void)[] = [
          (log) => {
            log.info(`orang ${datum} masuk`);
          },
          (log) => {
            log.info({ note: `x${datum}y` }, 'x');
          },
          (log) => {
            log.info({ list: [datum], deep: { er: { still: datum } } }, 'x');
          },
          (log) => {
            log.info('orang %s masuk', datum);
          },
          (log) => {
            log.info('orang %j masuk', { note: datum });
          },
          (log) => {
            log.error({ err: new Error(`no ${datum}`) }, 'x');
          },
          (log) => {
            log.error({ err: new Error(`no ${datum}`) });
          },
          (log) => {
            log.error(new Error(`no ${datum}`));
          },
          (log) => {
            log.error(new Error(`no ${datum}`), 'with words');
          },
          (log) => {
            log.error({ err: new Error('outer', { cause: new Error(`no ${datum}`) }) }, 'x');
          },
          (log) => {
            log.warn({ path: `/x/${datum}` });
          },
        ];
        for (const [index, write] of places.entries()) {
          const { text } = logged(write);
          expect(text, `place ${index + 1}`)
            .to.include('[redacted]')
            .and.not.to.include(datum);
        }
      });
    }

    it('in the values of a message, by type and by field', () => {
      const { text } = logged((log) => {
        log.info('%o %j %s', { password: 'canary' }, { who: sensitive('canary') }, sensitive('canary'));
      });
      expect(text).not.to.include('canary');
    });
  });

  it('keeps what an error says: its type, code, stack and every cause', () => {
    class RegistryUnavailable extends Error {
      readonly code = 'REGISTRY_UNAVAILABLE';
      override readonly name = 'RegistryUnavailable';
    }
    const root = Object.assign(new TypeError('reset'), { code: 'ECONNRESET' });
    const error = new RegistryUnavailable('the registry is away', { cause: new Error('in between', { cause: root }) });
    const { lines } = logged((log) => {
      log.error({ err: error, requestId: 'r-1' }, 'request failed');
    });
    expect(lines[0]).to.include({ msg: 'request failed', requestId: 'r-1' });
    expect(lines[0]).to.have.nested.include({
      'err.type': 'RegistryUnavailable',
      'err.errorCode': 'REGISTRY_UNAVAILABLE',
      'err.message': 'the registry is away',
      'err.cause.message': 'in between',
      'err.cause.cause.type': 'TypeError',
      'err.cause.cause.errorCode': 'ECONNRESET',
    });
    expect(lines[0]).to.have.nested.property('err.stack').that.includes('log.test.ts');
  });

  it('takes the message of an error where nobody gave one', () => {
    const { lines } = logged((log) => {
      log.error(new Error('just so'));
    });
    expect(lines[0]).to.include({ msg: 'just so' });
  });

  it('survives what cannot be written down', () => {
    const round: Record<string, unknown> = { a: 1 };
    round.self = round;
    const own = new Error('round');
    own.cause = own;
    const { lines } = logged((log) => {
      log.info(round, 'x');
      log.error({ err: own }, 'x');
      log.info({ big: 10n, bytes: Buffer.from('canary'), when: new Date(0), nothing: null, missing: undefined }, 'x');
      log.info({ deep: { deep: { deep: { deep: { deep: { deep: { deep: 'x' } } } } } } }, 'x');
      log.error({ err: 'no error at all' }, 'x');
      log.error({ err: null });
      log.info(null as unknown as object, 'x');
    });
    expect(lines).to.have.length(7);
    expect(lines[2]).to.include({ bytes: '[bytes]', when: '1970-01-01T00:00:00.000Z' });
  });

  it('leaves alone what only looks a little like it', () => {
    const { lines } = logged((log) => {
      log.info(
        { at: 1790000000000, requestId: '3f2b8c1e-90ab-4d0e-9a52-0123456789ab', port: 38369, version: '8.12.4' },
        'listening on 127.0.0.1:3000',
      );
    });
    expect(lines[0]).to.include({
      at: 1790000000000,
      requestId: '3f2b8c1e-90ab-4d0e-9a52-0123456789ab',
      port: 38369,
      version: '8.12.4',
      msg: 'listening on 127.0.0.1:3000',
    });
  });
});
