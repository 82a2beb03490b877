import { expect } from 'chai';
import { isPassed, judge, type Seen } from '../../src/domain/check-judge.ts';
import { isApplicable, mattersOf, scenarios, type ScenarioId } from '../../src/domain/check-scenarios.ts';
import { citizens } from '../../src/domain/sandbox-citizens.ts';

const metadata = { client_id: 'rp', client_name: 'Uji', grant_types: ['authorization_code'] };
const withLogout = { ...metadata, test_backchannel_logout_uri: 'https://uji.test/logout' };

/** What was seen, one second apart unless told otherwise. */
const seen = (scenario: string, steps: readonly (readonly [string, object?, number?])[]): Seen[] => {
  let ms = 0;
  return [['begun'] as const, ...steps].map(
    ([kind, details = {}, after = 1000]: readonly [string, object?, number?]) => ({
      scenario,
      kind,
      details: details as Record<string, unknown>,
      at: new Date((ms += after)),
    }),
  );
};
const standing = (scenario: ScenarioId, events: readonly Seen[], of: object = metadata): string => {
  const found = judge(events, { ...metadata, ...of }).find((one) => one.scenario === scenario);
  return [found?.state, found?.fault].filter(Boolean).join(' ');
};
const good = [['asked', { state: true, nonce: true }], ['sent'], ['token', { ok: true }], ['userinfo']] as const;
const page = (status: number, place = 'https://uji.test/'): readonly [string, object] => [
  'page',
  { status, place, looped: false },
];

describe('Integration check: what is thought of what was seen', () => {
  const cases: readonly [string, ScenarioId, readonly Seen[], string][] = [
    ['nothing yet', 'plain', [], 'open'],
    ['begun and nobody came', 'plain', seen('plain', []), 'open'],
    ['on the way', 'plain', seen('plain', [['asked'], ['sent']]), 'open'],
    ['in, which only a person can see', 'plain', seen('plain', good), 'ask'],
    ['in, says the person', 'plain', seen('plain', [...good, ['answered', { good: true }]]), 'passed'],
    ['not in, says the person', 'plain', seen('plain', [...good, ['answered', { good: false }]]), 'failed not-in'],
    [
      'a good answer cannot stand for a code that was never redeemed',
      'plain',
      seen('plain', [['asked'], ['sent'], ['answered', { good: true }]]),
      'failed code-unused',
    ],
    [
      'a code that was refused',
      'plain',
      seen('plain', [['asked'], ['sent'], ['token', { ok: false, error: 'invalid_client' }], page(500)]),
      'failed token-refused',
    ],
    [
      'only the last try counts',
      'plain',
      [...seen('plain', [...good, page(500)]), ...seen('plain', [...good, page(200)])],
      'passed',
    ],
    [
      'another page than that of the plain sign-in',
      'no-email',
      [...seen('plain', [...good, page(200)]), ...seen('no-email', [...good, page(200, 'https://uji.test/lengkapi')])],
      'ask',
    ],
    [
      'a refusal that was shown',
      'denied',
      seen('denied', [['asked'], ['sent', { error: 'access_denied' }], page(403)]),
      'passed',
    ],
    ['allowed by mistake: try again', 'denied', seen('denied', [...good, page(200)]), 'open'],
    [
      'straight back to sign in',
      'denied',
      seen('denied', [['asked'], ['sent', { error: 'access_denied' }], ['asked', {}, 300]]),
      'failed looped',
    ],
    [
      'back a minute later is a person',
      'denied',
      seen('denied', [['asked'], ['sent', { error: 'access_denied' }], ['asked', {}, 60_000]]),
      'ask',
    ],
    ['no state at all', 'wrong-state', seen('wrong-state', [['asked', { state: false }], ['sent']]), 'failed no-state'],
    [
      'redeemed all the same, whatever the person says',
      'wrong-state',
      seen('wrong-state', [...good, ['answered', { good: true }]]),
      'failed state-ignored',
    ],
    [
      'not redeemed, with any page',
      'foreign-iss',
      seen('foreign-iss', [['asked', { state: true }], ['sent'], page(500)]),
      'passed',
    ],
    [
      'no nonce is nothing to compare',
      'wrong-nonce',
      seen('wrong-nonce', [['asked', { nonce: false }], ['sent'], ['token', { ok: true }]]),
      'not-applicable',
    ],
    ['a wrong nonce accepted', 'wrong-nonce', seen('wrong-nonce', [...good, page(200)]), 'failed nonce-ignored'],
    [
      'a wrong nonce refused',
      'wrong-nonce',
      seen('wrong-nonce', [['asked', { nonce: true }], ['sent'], ['token', { ok: true }], page(400)]),
      'passed',
    ],
  ];
  for (const [what, scenario, events, expected] of cases)
    it(`${scenario}: ${what}`, () => expect(standing(scenario, events)).to.equal(expected));

  it('judges logout tokens by the status alone', () => {
    const of = (scenario: ScenarioId, status: number): string =>
      standing(scenario, seen(scenario, [['notice', { status }]]), withLogout);
    expect([200, 204, 302, 400, 0].map((status) => of('logout', status))).to.deep.equal([
      'passed',
      'passed',
      'failed logout-not-taken',
      'failed logout-not-taken',
      'failed logout-unreachable',
    ]);
    expect([400, 200, 401, 500].map((status) => of('logout-forged', status))).to.deep.equal([
      'passed',
      'failed logout-bad-taken',
      'failed logout-not-400',
      'failed logout-not-400',
    ]);
    expect(standing('logout', [], { backchannel_logout_uri: 'https://rp.test/logout' })).to.equal('failed no-test-uri');
    expect(standing('logout', [])).to.equal('not-applicable');
  });

  it('passes when all is done and good, and what is optional or does not apply is left out', () => {
    const all = scenarios.filter((scenario) => isApplicable(scenario, metadata));
    const events = all.flatMap((scenario) => {
      if (!('citizen' in scenario)) return [];
      if (scenario.expects === 'turned-back')
        return seen(scenario.id, [['asked'], ['sent', { error: 'access_denied' }], page(403)]);
      if (scenario.expects === 'refused-before')
        return seen(scenario.id, [['asked', { state: true }], ['sent'], page(400)]);
      if (scenario.expects === 'refused-after')
        return seen(scenario.id, [['asked', { nonce: true }], ['sent'], ['token', { ok: true }], page(400)]);
      return seen(scenario.id, [...good, page(200)]);
    });
    expect(isPassed(judge(events, metadata))).to.equal(true);
    expect(isPassed(judge(events, { ...metadata, grant_types: ['authorization_code', 'refresh_token'] }))).to.equal(
      true,
    );
    expect(isPassed(judge(events, withLogout))).to.equal(false);
    expect(
      isPassed(
        judge(
          events.filter(({ scenario }) => scenario !== 'nip'),
          metadata,
        ),
      ),
    ).to.equal(false);
  });

  it('hangs on what matters for sign-in alone', () => {
    expect(mattersOf({ ...metadata, client_name: 'Lain', test_redirect_uris: ['https://uji.test/cb'] })).to.equal(
      mattersOf(metadata),
    );
    for (const change of [{ redirect_uris: ['https://x.test'] }, { grant_types: [] }, { pkce_waived_because: 'x' }])
      expect(mattersOf({ ...metadata, ...change })).not.to.equal(mattersOf(metadata));
  });

  it('is done with people who are nobody', () => {
    for (const { claims } of citizens) expect(claims.nik).to.match(/^99\d{14}$/);
  });
});
