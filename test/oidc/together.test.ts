import { expect } from 'chai';
import type { ProtocolWrite } from '../../src/store/protocol-state.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { citizens } from '../support/citizens.ts';
import { createRelyingParty, type RelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode, postAs, userinfo, type Answer } from './exchange.ts';

const { budi } = citizens;

describe('Protocol: what is written for one answer', () => {
  let app: TestApp;
  let service: RelyingParty;
  let withoutRefresh: RelyingParty;

  before(async () => {
    app = await startTestApp();
    service = await createRelyingParty(app, {
      scope: 'openid profile',
      further: { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    });
    withoutRefresh = await createRelyingParty(app, { name: 'Skillhub (contoh)', scope: 'openid profile' });
    await addAccount(app, budi);
  });
  after(() => app.close());

  type State = TestApp['container']['store']['protocolState'];

  /** Stands between the protocol and its store while the work is done. */
  async function between<T>(instead: (state: State) => Partial<State>, work: () => Promise<T>): Promise<T> {
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    Object.assign(protocolState, instead(usual));
    try {
      return await work();
    } finally {
      Object.assign(protocolState, usual);
    }
  }

  const codeOf = async (by: RelyingParty): Promise<() => Promise<Answer>> => {
    const { code, request } = await obtainCode(by, budi);
    return () => exchange(app, by, { code, code_verifier: request.verifier });
  };
  const refreshOf = async (): Promise<() => Promise<Answer>> => {
    const { body } = await (await codeOf(service))();
    return () =>
      postAs(app, '/token', { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }, service);
  };

  for (const [what, prepare, last] of [
    ['for a code', () => codeOf(service), 'RefreshToken'],
    ['for a refresh token', refreshOf, 'AccessToken'],
  ] as const) {
    it(`goes to the store side by side ${what}: none of it waits for the one before`, async () => {
      const ask = await prepare();
      const begun: string[] = [];
      let letGo: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const note = (name: string): Promise<void> => {
        begun.push(name);
        if (name === last) letGo();
        return gate;
      };
      const answer = await between(
        (state) => ({
          upsert: async (write: ProtocolWrite) => {
            await note(write.model);
            await state.upsert(write);
          },
          consume: async (model: string, id: Buffer) => {
            await note('used');
            return state.consume(model, id);
          },
        }),
        ask,
      );
      expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
      expect(begun).to.have.members(['used', 'AccessToken', 'RefreshToken']);
      expect((await userinfo(app, answer.body.access_token)).status).to.equal(200);
    });

    for (const missing of ['used', 'AccessToken', 'RefreshToken']) {
      it(`gives no token ${what} where ${missing === 'used' ? 'its use' : `the ${missing}`} could not be written`, async () => {
        const ask = await prepare();
        const away = Object.assign(new Error('Redis is away'), { code: 'REDIS_AWAY' });
        const answer = await between(
          (state) => ({
            upsert: (write: ProtocolWrite) => (write.model === missing ? Promise.reject(away) : state.upsert(write)),
            consume: (model: string, id: Buffer) =>
              missing === 'used' ? Promise.reject(away) : state.consume(model, id),
          }),
          ask,
        );
        expect([answer.status, answer.body.error]).to.deep.equal([503, 'temporarily_unavailable']);
        expect(answer.body).not.to.have.any.keys('access_token', 'refresh_token', 'id_token');
      });
    }

    it(`gives no token ${what} that somebody else has used in this moment, and what was written meanwhile is dead`, async () => {
      const ask = await prepare();
      const written: ProtocolWrite[] = [];
      const answer = await between(
        (state) => ({
          upsert: async (write: ProtocolWrite) => {
            written.push(write);
            await state.upsert(write);
          },
          consume: async (model: string, id: Buffer) => {
            await state.consume(model, id);
            return false;
          },
        }),
        ask,
      );
      expect(answer.status).to.equal(400);
      expect(answer.body.error).to.equal('invalid_grant');
      expect(answer.body).not.to.have.any.keys('access_token', 'refresh_token', 'id_token');
      const grants = written.map(({ grantId }) => grantId).filter((grantId) => grantId !== undefined);
      const alive = await app.database
        .knex('protocol_state')
        .where('model', 'Grant')
        .whereIn('grant_id', grants)
        .select('id');
      expect(alive, 'their grant').to.have.length(0);
    });
  }

  it('is waited for one by one where no refresh token follows', async () => {
    const ask = await codeOf(withoutRefresh);
    const answer = await between(
      (state) => ({
        consume: async (model: string, id: Buffer) => {
          await state.consume(model, id);
          return false;
        },
      }),
      ask,
    );
    expect([answer.status, answer.body.error]).to.deep.equal([400, 'invalid_grant']);
    const good = await (await codeOf(withoutRefresh))();
    expect((await userinfo(app, good.body.access_token)).status).to.equal(200);
  });
});
