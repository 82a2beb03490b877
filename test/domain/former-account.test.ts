import { expect } from 'chai';
import type { AccountId } from '../../src/domain/account.ts';
import { formerOf, type FormerClaim, type FormerProof } from '../../src/domain/former-account.ts';

const now = new Date('2026-11-28T05:00:00Z');
const [a, b] = ['a', 'b'] as AccountId[] as [AccountId, AccountId];
const claim = (id: AccountId, isOfNik: boolean | undefined): FormerClaim => ({ id, isOfNik });
const byPassword = (id: AccountId, secondsAgo = 60): FormerProof => ({
  id,
  by: 'password',
  at: new Date(now.getTime() - secondsAgo * 1000).toISOString(),
});

describe('Which record of the former system belongs to who proved a NIK', () => {
  const cases: readonly (readonly [
    what: string,
    claims: readonly FormerClaim[],
    known: FormerProof | undefined,
    found: readonly [AccountId, string] | undefined,
  ])[] = [
    ['none, where there is none', [], undefined, undefined],
    ['the only one of that NIK', [claim(a, true)], undefined, [a, 'nik']],
    ['none of several of that NIK', [claim(a, true), claim(b, true)], undefined, undefined],
    ['of several the one whose password was known', [claim(a, true), claim(b, true)], byPassword(b), [b, 'password']],
    ['the one without a NIK whose password was known', [claim(a, undefined)], byPassword(a), [a, 'password']],
    ['before the one of the NIK', [claim(a, undefined), claim(b, true)], byPassword(a), [a, 'password']],
    ['none of another NIK, whoever knows its password', [claim(a, false)], byPassword(a), undefined],
    ['instead of that the one of the NIK', [claim(a, false), claim(b, true)], byPassword(a), [b, 'nik']],
    ['none without a NIK, an hour after its password was typed', [claim(a, undefined)], byPassword(a, 3601), undefined],
    ['none without a NIK, where nobody knew a password', [claim(a, undefined)], undefined, undefined],
    ['none that is gone', [], byPassword(a), undefined],
  ];
  for (const [what, claims, known, found] of cases) {
    it(what, () => {
      const proof = formerOf(claims, known, now);
      expect(proof === undefined ? undefined : [proof.id, proof.by]).to.deep.equal(found);
    });
  }
});
