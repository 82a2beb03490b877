import { expect } from 'chai';
import { adminScopes } from '../../src/domain/admin-scope.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { addMachine, askForToken, MACHINE_SECRET, type Machine } from '../support/machines.ts';

const ALL = adminScopes.join(' ');
/** What no member of any body is. */
const wrongBodies = [
  'null',
  '5',
  '1e400',
  'true',
  '"x"',
  '[]',
  '[{}]',
  '{"__proto__":{"reason":"x"}}',
  '{"constructor":1e400}',
  '{"metadata":5,"reason":[],"who":{},"number":"1","edition":1e400,"team":null}',
  `{"x":${'['.repeat(200)}${']'.repeat(200)}}`,
  `{"a":"\\u0000"}`,
  `{"a":"\\ud800"}`,
];
const wrongWords = ['%00', '..%2F..%2Fopenapi.json', '%27%3Bselect%201--', 'x'.repeat(1500), '99999999999999999999'];

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
}

describe('The operators’ API, attacked', () => {
  let app: TestApp;
  let machine: Machine;
  let operations: { readonly method: string; readonly path: string; readonly operation: Operation }[];

  const ask = (
    method: string,
    path: string,
    {
      body,
      authorization = `Bearer ${machine.token}`,
      headers = {},
    }: { body?: string; authorization?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Response> =>
    fetch(`${app.url}/api/admin/v1${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body }),
    });

  async function refused(
    answer: Response,
    what: string,
    statuses: readonly number[] = [400, 403, 404, 409, 413, 415, 422, 429],
  ): Promise<Readonly<Record<string, unknown>>> {
    const text = await answer.text();
    expect(answer.status, `${what}: ${text.slice(0, 300)}`).to.be.oneOf(statuses);
    expect(answer.headers.get('content-type'), what).to.match(/^application\/problem\+json/);
    expect(answer.headers.get('cache-control'), what).to.equal('no-store');
    const problem = JSON.parse(text) as Readonly<Record<string, unknown>>;
    expect(problem.help_code, what).to.match(/^[2-9A-Z]{4}-[2-9A-Z]{2}$/);
    expect(problem.detail, what)
      .to.be.a('string')
      .and.not.match(/ at |select|insert|\/src\//);
    return problem;
  }

  before(async () => {
    app = await startTestApp();
    machine = await addMachine(app, { scope: ALL });
    const { paths } = (await (await ask('GET', '/openapi.json')).json()) as {
      paths: Record<string, Record<string, Operation>>;
    };
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
    expect(operations).to.have.length.greaterThan(20);
  });
  after(() => app.close());

  const withWords = (path: string, word: string): string => path.replaceAll(/\{\w+\}/g, word);

  it('takes no body that its schema does not describe, at no address', async () => {
    for (const { method, path } of operations.filter(({ operation: { requestBody } }) => requestBody !== undefined)) {
      const target = withWords(path, '7d4f0f3e-6f0f-4a9a-9a51-2c1f0a4f7f10');
      await Promise.all(
        wrongBodies.map(async (body) =>
          refused(await ask(method, target, { body }), `${method} ${path} ${body.slice(0, 60)}`),
        ),
      );
      await refused(
        await ask(method, target, { body: `{"reason":"${'x'.repeat(300_000)}"}` }),
        `${method} ${path}, huge`,
      );
      await refused(
        await ask(method, target, { body: '{}', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
        `${method} ${path}, a form`,
        [404, 415, 422],
      );
    }
    expect(await app.store.clients.find('x')).to.equal(undefined);
  });

  it('takes no word in its address that is none of ours', async () => {
    for (const { method, path, operation } of operations) {
      const body = operation.requestBody === undefined ? {} : { body: '{}' };
      if (path.includes('{'))
        await Promise.all(
          wrongWords.map(async (word) =>
            refused(await ask(method, withWords(path, word), body), `${method} ${path} ${word.slice(0, 40)}`),
          ),
        );
      for (const { name } of (operation.parameters ?? []).filter((one) => one.in === 'query')) {
        const target = withWords(path, '7d4f0f3e-6f0f-4a9a-9a51-2c1f0a4f7f10');
        await refused(await ask(method, `${target}?${name}=a&${name}=b`, body), `${name} twice`);
        for (const word of ['%00', 'x'.repeat(3000)])
          await refused(
            await ask(method, `${target}?${name}=${word}`, body),
            `${method} ${path}?${name}=${word.slice(0, 40)}`,
          );
      }
    }
  });

  it('reads no page from a cursor that it has not given', async () => {
    const seal = (value: unknown): string =>
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
    const uuid = '7d4f0f3e-6f0f-4a9a-9a51-2c1f0a4f7f10';
    const forged = [
      '',
      '%00',
      'abc',
      seal('null'),
      seal('1e400'),
      seal([]),
      seal({}),
      seal(['a', '\0']),
      seal([1, 2]),
      seal([[], {}]),
      seal([null, null]),
      seal(['a', 'b', 'c']),
    ];
    const noMoment = [
      seal(['2026-01-01T00:00:00Z', `${uuid}'--`]),
      seal(['+275760-09-13T00:00:00Z', uuid]),
      seal(['2026-02-30T00:00:00Z', uuid]),
      seal(['kemarin', uuid]),
    ];
    for (const cursor of noMoment) await refused(await ask('GET', `/audit/events?cursor=${cursor}`), cursor, [422]);
    for (const path of operations
      .filter(({ operation: { parameters = [] } }) => parameters.some(({ name }) => name === 'cursor'))
      .map(({ path: one }) => one)) {
      for (const cursor of forged)
        expect(
          (await refused(await ask('GET', `${path}?cursor=${cursor}`), `${path} ${cursor}`, [422])).errors,
          cursor,
        ).to.be.an('array');
    }
    // Of the right form it is a place to read on from and nothing more: what may be read is in no cursor.
    expect((await ask('GET', `/audit/events?cursor=${seal(['0001-01-01T00:00:00Z', uuid])}`)).status).to.equal(200);
    expect((await ask('GET', `/audit/events?cursor=${seal(['9999-12-31T23:59:59Z', uuid])}`)).status).to.equal(200);
    expect((await ask('GET', `/clients?cursor=${seal(["' or 1=1", '%'])}`)).status).to.equal(200);
  });

  it('has no tokens made at the sandbox, and takes none that is shown in another way than as a bearer token', async () => {
    const { id, token } = machine;
    const trial = await askForToken(`${app.url}/sandbox`, { id, scope: ALL });
    expect(trial).not.to.have.property('access_token');
    for (const authorization of [
      `DPoP ${token}`,
      `Basic ${Buffer.from(`${id}:${MACHINE_SECRET}`).toString('base64')}`,
      `Bearer ${token} ${token}`,
      `Bearer  ${token}`,
      `Bearer ${token}, Bearer x`,
      token,
      'Bearer',
      `Bearer ${token}=x`,
    ]) {
      const problem = await refused(await ask('GET', '/operators', { authorization }), authorization, [401]);
      expect(problem.code).to.be.oneOf(['token-missing', 'token-invalid']);
    }
    for (const path of [`/operators?access_token=${token}`])
      await refused(await ask('GET', path, { authorization: '' }), path, [401]);
  });

  it('wants for each address the scope that its document names, and no other does', async () => {
    for (const { method, path } of operations) {
      const answer = await ask(method, withWords(path, 'x'), { authorization: 'Bearer tiada' });
      await refused(answer, `${method} ${path}`, [401]);
    }
    const scopes = new Map(
      await Promise.all(
        adminScopes.map(
          async (scope) =>
            [scope, String((await askForToken(app.url, { id: machine.id, scope })).access_token)] as const,
        ),
      ),
    );
    for (const { method, path } of operations) {
      const allowed: string[] = [];
      for (const [scope, held] of scopes) {
        const answer = await ask(method, withWords(path, '%00'), { authorization: `Bearer ${held}` });
        if (answer.status !== 403) allowed.push(scope);
        else expect(((await answer.json()) as { code: string }).code).to.equal('scope-missing');
      }
      expect(allowed, `${method} ${path}`).to.have.length(1);
      // A search is sent as a form for what it looks for to stand in no address, and to have the log checked alters
      // nothing in it.
      if (method !== 'GET')
        expect(allowed[0], `${method} ${path}`).to.match(/:(?:write|approve|waive)$|^admin:(?:accounts|audit):read$/);
    }
  });
});
