import { expect } from 'chai';
import { editFields } from '../../src/admin/clients/edit-form.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startOperator, type TestOperator } from '../support/console.ts';

/** What PostgreSQL takes neither as text nor in JSON, and what would take a walk through the document with it. */
const documents: Readonly<Record<string, string>> = {
  'U+0000': '{"client_id":"a\\u0000b","client_name":"a\\u0000b","redirect_uris":["https://rp.test/cb"]}',
  'half of a character': '{"client_id":"a\\ud800","client_name":"a\\ud800","redirect_uris":["https://rp.test/cb"]}',
  'the other half': '{"client_name":"\\uDC00","redirect_uris":["https://rp.test/cb"]}',
  'such a name of a member': '{"\\u0000":"x","client_name":"x","redirect_uris":["https://rp.test/cb"]}',
  'such a value deep inside':
    '{"client_name":"x","redirect_uris":["https://rp.test/cb"],"jwks":{"keys":[{"kty":"EC","kid":"\\ud800"}]}}',
  'lists without end': `{"client_name":${'['.repeat(6000)}${']'.repeat(6000)}}`,
  'objects without end': `{"a":`.repeat(2500),
  'bytes that are no UTF-8': 'latin1:{"client_name":"\u00ff"}',
};

describe('Text that cannot be kept', () => {
  let app: TestApp;
  let manager: TestOperator;
  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
  });
  after(() => app.close());

  for (const [what, text] of Object.entries(documents)) {
    it(`is refused in a document that holds ${what}, wherever one is taken`, async () => {
      const body = text.startsWith('latin1:') ? Buffer.from(text.slice('latin1:'.length), 'latin1') : text;
      for (const [method, path] of [
        ['POST', '/reg'],
        ['PUT', '/reg/tiada'],
        ['POST', '/api/v1/tokens'],
      ] as const) {
        const answer = await fetch(`${app.url}${path}`, {
          method,
          body,
          headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
        });
        expect(answer.status, `${method} ${path}`).to.equal(400);
        expect(answer.headers.get('content-type')).to.include('application/json');
      }
    });
  }

  it('takes what only looks like it: brackets in text, escapes of whole characters', async () => {
    const body = JSON.stringify({
      client_name: `${'['.repeat(50)}"{\\`,
      redirect_uris: ['https://rp.test/cb'],
    }).replace('{\\', '{\\ud83d\\ude00\\');
    const answer = await fetch(`${app.url}/reg`, {
      method: 'POST',
      body,
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
    });
    expect(answer.status, 'the token, and not the text').to.equal(401);
  });

  it('breaks no form of the console', async () => {
    const form = await manager.open('/clients/new');
    for (const name of [...editFields.map((one) => one.name), 'why', 'type', 'client_id', 'intent']) {
      const page = await manager.browser.submit(form, 'client_name', {
        type: 'web',
        client_name: 'Uji',
        redirect_uris: 'https://rp.test/cb',
        scope: 'openid profile',
        intent: 'save',
        [name]: 'abc\u0000def ghi',
      });
      expect(page.status, `${name}: ${page.text.slice(0, 120)}`).to.be.oneOf([200, 422]);
    }
    const [client] = await app.store.clients.list();
    for (const [path, action] of [
      [`/clients/${client?.id ?? ''}/proposal`, '/proposal/withdraw'],
      ['/clients?q=%00', '/clients'],
    ] as const) {
      const page = await manager.open(path);
      expect(page.status, action).to.be.below(500);
    }
  });
});
