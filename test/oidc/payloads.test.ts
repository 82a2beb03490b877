import { expect } from 'chai';
import Provider from 'oidc-provider';
import { copyPayloads } from '../../src/oidc/state/payloads.ts';

interface Model extends Record<string, unknown> {
  getValueAndPayload(): Promise<{ value: string; payload: Record<string, unknown> | undefined }>;
}
interface ModelClass {
  new (properties: object): Model;
  readonly IN_PAYLOAD: readonly string[];
  instantiate(payload?: object): Model;
}

const MODELS = ['Session', 'Grant', 'AuthorizationCode', 'RefreshToken', 'AccessToken', 'ClientCredentials'] as const;

/** The library as it comes, and one that copies by ours. */
function twoOf(): readonly [Provider, Provider] {
  const make = (): Provider =>
    new Provider('http://issuer.contoh.test', {
      ttl: { Session: 60, Grant: 60, AuthorizationCode: 60, RefreshToken: 60, AccessToken: 60, ClientCredentials: 60 },
      features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
    });
  const [usual, ours] = [make(), make()];
  copyPayloads(ours);
  return [usual, ours];
}

describe('Payloads of the protocol', () => {
  const [usual, ours] = twoOf();
  const classes = (name: (typeof MODELS)[number]): readonly [ModelClass, ModelClass] => [
    usual[name] as unknown as ModelClass,
    ours[name] as unknown as ModelClass,
  ];
  /** Everything that such a thing may hold, and something that it may not. */
  const whole = (model: ModelClass, name: string): Record<string, unknown> => ({
    ...Object.fromEntries(model.IN_PAYLOAD.map((key) => [key, { of: key }])),
    kind: name,
    jti: 'its-id',
    iat: 1_700_000_000,
    exp: 4_000_000_000,
    uid: 'its-uid',
    iiat: 1_600_000_000,
    scope: 'openid',
    aud: undefined,
    stranger: 'is left out',
    format: 'opaque',
  });

  for (const name of MODELS) {
    it(`are written of a ${name} as the library writes them`, async () => {
      const [theirs, own] = classes(name);
      const payloads = await Promise.all(
        [theirs, own].map(async (model) => {
          const one = Object.assign(new model(whole(model, name)), { format: 'opaque', undefinedYet: undefined });
          const { value, payload } = await one.getValueAndPayload();
          return [value, JSON.stringify(payload)];
        }),
      );
      expect(payloads[1]).to.deep.equal(payloads[0]);
      expect(payloads[1]?.[1]).to.include('its-id').and.not.to.include('stranger');
    });

    it(`become a ${name} as they do in the library`, () => {
      const [theirs, own] = classes(name);
      for (const payload of [whole(theirs, name), { jti: 'its-id', uid: 'its-uid', kind: name, iat: 1_700_000_000 }]) {
        const [a, b] = [theirs.instantiate(payload), own.instantiate(payload)];
        expect(JSON.parse(JSON.stringify(b))).to.deep.equal(JSON.parse(JSON.stringify(a)));
        expect(Object.keys(b).sort()).to.deep.equal(Object.keys(a).sort());
        expect(b).to.be.an.instanceOf(own);
        expect([b.isValid, b.isExpired, b.remainingTTL]).to.deep.equal([a.isValid, a.isExpired, a.remainingTTL]);
      }
      expect(() => own.instantiate({ jti: 'its-id', kind: 'Somebody' })).to.throw('kind mismatch');
    });
  }

  it('of a session that nobody has brought say so', () => {
    const [theirs, own] = classes('Session');
    expect([own.instantiate().new, own.instantiate({}).new]).to.deep.equal([
      theirs.instantiate().new,
      theirs.instantiate({}).new,
    ]);
    expect(own.instantiate({}).uid).to.be.a('string').with.length.above(20);
  });

  it('of a token for an API are what the library makes of them', async () => {
    const [, own] = classes('AccessToken');
    const token = Object.assign(new own({ ...whole(own, 'AccessToken'), aud: 'https://api.contoh.test' }), {
      format: 'jwt',
    });
    expect(
      await token.getValueAndPayload().then(
        () => 'written',
        (error: unknown) => String(error),
      ),
    ).not.to.equal('written');
  });
});
