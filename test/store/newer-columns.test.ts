import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import type { AccountId, Identifier } from '../../src/domain/account.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { createTestCore } from '../support/core.ts';

const NOBODY = '00000000-0000-4000-8000-000000000001' as AccountId;
const STORES = new URL('../../src/', import.meta.url);

describe('An instance whose database a newer version has given another column', () => {
  let core: Core;
  let close: () => Promise<void>;
  before(async () => ({ core, close } = await createTestCore()));
  after(() => close());

  it('goes on with the statements that its connections have prepared', async () => {
    const { accounts, consents, credentials, drafts } = core.store;
    const identifiers = [
      { kind: 'nik', value: '9901010101900001' },
      { kind: 'email', value: 'orang@contoh.test' },
      { kind: 'phone', value: '+6281234567890' },
    ].map((one) => sensitive(one as Identifier));
    // One after the other, so that all of them meet the one connection.
    const ask = async (): Promise<void> => {
      for (const identifier of identifiers) {
        await accounts.findByIdentifier(identifier);
        await credentials.find(identifier, Buffer.alloc(32));
      }
      await accounts.findById(NOBODY);
      await accounts.findByNik(sensitive('9901010101900001' as Nik));
      await core.store.transaction((tx) =>
        tx.accounts.releasePhone(sensitive('+6281234567890' as Phone), undefined, core.clock.now()),
      );
      await consents.standing(NOBODY, 'karirhub');
      await drafts.find('registration', 'nobody', core.clock.now());
    };
    await ask();
    for (const table of ['accounts', 'consent_receipts', 'consent_texts', 'drafts', 'known_devices', 'second_factors'])
      await core.knex.raw('alter table ?? add column newer integer', [table]);
    await ask();
  });

  it('names the columns in every prepared statement', () => {
    const files = readdirSync(STORES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const found = files.flatMap((name) => {
      const text = readFileSync(new URL(name, STORES), 'utf8');
      return [...text.matchAll(/\bprepared(?:Change)?(?:<[^(]*>)?\([^;]*?;/g)]
        .map(([call]) => call)
        .filter((call) => /(?:select|returning) \*|\b\w+\.\*/.test(call))
        .map((call) => `${name}: ${call.slice(0, 120)}`);
    });
    expect(found, 'it would fail on every connection once a newer version adds a column').to.deep.equal([]);
  });
});
