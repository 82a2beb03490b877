import { createPublicKey, verify } from 'node:crypto';
import { expect } from 'chai';
import { loadSigningKeys } from '../../src/oidc/signing-keys.ts';
import { systemClock } from '../../src/ports/clock/clock.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { citizens } from '../support/citizens.ts';
import { createTestCore } from '../support/core.ts';
import { createRelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode } from './exchange.ts';

const { budi } = citizens;

describe('Protocol: signing keys', () => {
  it('are made once, even when many instances start at once', async () => {
    const { core, close } = await createTestCore();
    try {
      const sets = await Promise.all(Array.from({ length: 5 }, () => loadSigningKeys(core.store, systemClock)));
      const [first] = sets;
      expect(first?.keys.map(({ alg }) => alg)).to.have.members(['ES256', 'RS256', 'EdDSA']);
      for (const { keys } of sets) expect(keys.map(({ kid }) => kid)).to.deep.equal(first?.keys.map(({ kid }) => kid));
      expect((await loadSigningKeys(core.store, systemClock)).keys).to.deep.equal(first?.keys);
      expect(await core.store.signingKeys.list()).to.have.length(3);
    } finally {
      await close();
    }
  });

  it('stand sealed in the database', async () => {
    const { core, close } = await createTestCore();
    try {
      const { keys } = await loadSigningKeys(core.store, systemClock);
      const rows = (await core.knex('signing_keys').select('*')) as { sealed: Buffer }[];
      for (const { sealed } of rows) {
        const text = sealed.toString('latin1');
        for (const { d } of keys) expect(text).not.to.include(d);
        expect(text).not.to.include('"kty"');
      }
    } finally {
      await close();
    }
  });

  describe('sign', () => {
    let app: TestApp;
    before(async () => {
      app = await startTestApp();
      await addAccount(app, budi);
    });
    after(() => app.close());

    async function keyOf(idToken: string): Promise<{ alg: unknown; isGood: boolean }> {
      const [head = '', body = '', signature = ''] = idToken.split('.');
      const { alg, kid } = JSON.parse(Buffer.from(head, 'base64url').toString('utf8')) as { alg: string; kid: string };
      const { keys } = (await (await fetch(`${app.url}/jwks`)).json()) as { keys: { kid: string; [member: string]: string }[] };
      const jwk = keys.find((key) => key.kid === kid);
      const key = createPublicKey({ key: jwk!, format: 'jwk' });
      const isGood = verify('sha256', Buffer.from(`${head}.${body}`), alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key, Buffer.from(signature, 'base64url'));
      return { alg, isGood };
    }

    it('by ES256 unless the service says otherwise, by RS256 where it does', async () => {
      const plain = await createRelyingParty(app);
      const one = await obtainCode(plain, budi);
      const { body } = await exchange(app, plain, { code: one.code, code_verifier: one.request.verifier });
      expect(await keyOf(String(body.id_token))).to.deep.equal({ alg: 'ES256', isGood: true });

      const old = await createRelyingParty(app, { name: 'Layanan lama' });
      const client = await app.store.clients.find(old.id);
      await app.store.clients.update(old.id, { metadata: { ...client!.metadata, id_token_signed_response_alg: 'RS256' } }, app.clock.now());
      app.clock.advance({ seconds: 3 });
      const two = await obtainCode(old, budi);
      const answer = await exchange(app, old, { code: two.code, code_verifier: two.request.verifier });
      expect(await keyOf(String(answer.body.id_token))).to.deep.equal({ alg: 'RS256', isGood: true });
    });

    it('with the same keys after a restart', async () => {
      const kids = async (): Promise<unknown> => ((await (await fetch(`${app.url}/jwks`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort();
      const before = await kids();
      await app.restart();
      expect(await kids()).to.deep.equal(before);
    });
  });
});
