import type { lookup } from 'node:dns';
import { expect } from 'chai';
import { UNCALLED } from '../../../src/admin/clients/address-rules.ts';
import { createClientReview, type ClientReview } from '../../../src/admin/clients/review.ts';
import { createClientService, type ClientRefusal, type ClientService } from '../../../src/admin/clients/service.ts';
import { handOf, teamOf } from '../../../src/admin/clients/versions.ts';
import { createStandaloneCheck } from '../../../src/cli/client-check.ts';
import type { Core } from '../../../src/core.ts';
import type { Result } from '../../../src/domain/result.ts';
import { createOutbound } from '../../../src/ports/outbound/outbound.ts';
import { createTestCore } from '../../support/core.ts';

const [siti, budi, team] = [handOf('operator:siti'), handOf('operator:budi'), handOf(teamOf('tim'))];
const problemsOf = (result: Result<unknown, ClientRefusal>): readonly string[] =>
  result.ok || result.refusal.reason !== 'client-metadata'
    ? []
    : result.refusal.problems.map(({ field, what }) => `${field} ${what}`);
const done = <T>(result: Result<T, ClientRefusal>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};

/** What the name server of the test knows; a connection to any of it would fail the test (support/guard.ts). */
const NAMES: Record<string, readonly string[]> = {
  'luar.test': ['203.0.113.7'],
  'dalam.test': ['10.0.0.8'],
  'keduanya.test': ['203.0.113.7', '10.0.0.8'],
  'boleh.test': ['10.1.0.8'],
  'pindah.test': ['203.0.113.7'],
};
const resolve = ((
  name: string,
  _options: unknown,
  callback: (error: Error | null, addresses: readonly object[]) => void,
) => {
  const found = NAMES[name];
  if (found === undefined) callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
  else
    callback(
      null,
      found.map((address) => ({ address, family: 4 })),
    );
}) as unknown as typeof lookup;

describe('Where a client is told of sign-outs, when it is registered or changed', () => {
  let core: Core;
  let close: () => Promise<void>;
  let clients: ClientService;
  let review: ClientReview;

  before(async () => {
    ({ core, close } = await createTestCore());
    const check = await createStandaloneCheck(core);
    const outbound = createOutbound({ allow: ['10.1.0.0/16'], loopback: false, resolve });
    clients = createClientService({ ...core, outbound, check });
    review = createClientReview({ ...core, outbound, check, clients, hasPassedCheck: () => Promise.resolve(true) });
  });
  after(() => close());

  const register = (further: object, hand = siti) =>
    review.register(
      { document: { client_name: 'Uji', redirect_uris: ['https://rp.test/cb'], scope: 'openid', ...further } },
      { hand },
    );
  const unknown = (field: string): object => ({ field, what: 'cannot be reached now: its name is not known' });

  for (const member of ['backchannel_logout_uri', 'test_backchannel_logout_uri']) {
    describe(member, () => {
      for (const uri of [
        'https://10.0.0.8/logout',
        'https://[fd00::8]/logout',
        'https://dalam.test/logout',
        'https://keduanya.test/logout',
        'http://127.0.0.1/logout',
      ]) {
        it(`is refused at ${uri}`, async () => {
          expect(problemsOf(await register({ [member]: uri }))).to.deep.equal([
            `${member} leads into a private network: give a public address, or have this one allowed (OUTBOUND_ALLOW)`,
          ]);
        });
      }

      for (const uri of ['https://luar.test/logout', 'https://boleh.test/logout', 'https://10.1.0.8/logout']) {
        it(`is taken at ${uri}`, async () => {
          expect(done(await register({ [member]: uri })).warnings).to.deep.equal([]);
        });
      }

      it('is taken with a warning where nobody knows the name now', async () => {
        expect(done(await register({ [member]: 'https://belum.test/logout' })).warnings).to.deep.equal([
          unknown(member),
        ]);
      });

      it('tells a team one thing', async () => {
        // Whether an inner name exists is not to be found out by asking for many.
        for (const host of ['dalam.test', 'keduanya.test', 'belum.test']) {
          const { client, warnings } = done(await register({ [member]: `https://${host}/logout` }, team));
          expect([client.status, warnings], host).to.deep.equal(['draft', [{ field: member, what: UNCALLED }]]);
        }
        expect(
          problemsOf(await register({ [member]: 'https://10.0.0.8/logout' }, team)),
          'where a number leads is no secret',
        ).to.deep.equal([`${member} ${UNCALLED}`]);
      });

      it('of a team that leads inside is approved by nobody, who read why', async () => {
        const { id } = done(await register({ [member]: 'https://dalam.test/logout' }, team)).client;
        expect(
          problemsOf(await review.approve(id, (await core.store.clientVersions.findOpen(id))!, { hand: budi }))[0],
        ).to.match(new RegExp(`^${member} leads into a private network`));
      });
    });
  }

  it('is remembered where it leads inside', async () => {
    await register({ backchannel_logout_uri: 'https://10.0.0.8/logout' });
    expect(
      (await core.store.audit.list({ type: 'client.address-refused' })).map(({ details }) => details),
    ).to.deep.include({ member: 'backchannel_logout_uri', reason: 'address-refused', by: 'operator:siti' });
  });

  it('is judged when it is changed and when it is approved, and not for other changes', async () => {
    const { id } = done(await register({ backchannel_logout_uri: 'https://pindah.test/logout' })).client;
    const open = (await core.store.clientVersions.findOpen(id))!;
    NAMES['pindah.test'] = ['10.0.0.8'];
    expect(problemsOf(await review.approve(id, open, { hand: budi }))[0]).to.match(
      /^backchannel_logout_uri leads into a private network/,
    );
    NAMES['pindah.test'] = ['203.0.113.7'];
    done(await review.approve(id, open, { hand: budi }));
    NAMES['pindah.test'] = ['10.0.0.8'];
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    expect(problemsOf(await clients.update(id, { backchannel_logout_uri: 'https://dalam.test/logout' }))[0]).to.match(
      /private network/,
    );
  });
});
