import { expect } from 'chai';
import { acr, acrDemandOf, satisfies, wantsSecondFactor } from '../../src/domain/assurance.ts';

describe('Assurance', () => {
  const { password, passwordAndPhone, twoFactor } = acr;

  it('lets a stronger sign-in do where a weaker one is asked for, and never the other way round', () => {
    for (const [have, wanted] of [
      [twoFactor, twoFactor],
      [twoFactor, passwordAndPhone],
      [twoFactor, password],
      [passwordAndPhone, password],
    ] as const) {
      expect(satisfies(have, wanted), `${have} for ${wanted}`).to.equal(true);
      expect(satisfies(wanted, have), `${wanted} for ${have}`).to.equal(have === wanted);
    }
  });

  it('takes a level it does not know for nothing but itself', () => {
    expect(satisfies(undefined, password)).to.equal(false);
    expect(satisfies(twoFactor, 'urn:elsewhere:high')).to.equal(false);
    expect(satisfies('urn:elsewhere:high', password)).to.equal(false);
    expect(satisfies('urn:elsewhere:high', 'urn:elsewhere:high')).to.equal(true);
  });

  it('reads what a request asks, by either parameter', () => {
    const essential = { id_token: { acr: { essential: true, values: [twoFactor] } } };
    expect(acrDemandOf({ acr_values: `${twoFactor} ${password}` })).to.deep.equal({
      levels: [twoFactor, password],
      essential: false,
    });
    expect(acrDemandOf({ claims: JSON.stringify(essential) })).to.deep.equal({ levels: [twoFactor], essential: true });
    expect(acrDemandOf({ claims: { id_token: { acr: { value: twoFactor } } } }), 'of a signed request').to.deep.equal({
      levels: [twoFactor],
      essential: false,
    });
    expect(acrDemandOf({ claims: essential, acr_values: password }), 'the stricter counts').to.deep.equal({
      levels: [twoFactor],
      essential: true,
    });
  });

  it('takes what says nothing of the level for no demand', () => {
    for (const params of [
      {},
      { acr_values: ' ' },
      { claims: '{' },
      { claims: 'null' },
      { claims: '{"id_token":null}' },
      { claims: { id_token: { acr: null } } },
      { claims: { id_token: { acr: { essential: true } } } },
      { claims: { userinfo: { acr: { value: twoFactor } } } },
    ]) {
      expect(acrDemandOf(params), JSON.stringify(params)).to.equal(undefined);
    }
  });

  it('wants a second factor where it helps, and only there', () => {
    const asks = (...levels: string[]) => ({ levels, essential: false });
    expect(wantsSecondFactor(password, asks(twoFactor))).to.equal(true);
    expect(wantsSecondFactor(password, asks(passwordAndPhone)), 'nothing else leads there').to.equal(true);
    for (const demand of [undefined, asks(password), asks(twoFactor, password), asks('urn:elsewhere:high')])
      expect(wantsSecondFactor(password, demand)).to.equal(false);
    expect(wantsSecondFactor(twoFactor, asks(twoFactor))).to.equal(false);
  });
});
