import { expect } from 'chai';
import { runtimePackages } from '../../docs/licences.ts';

/** Free to use, change and pass on without giving anything back but the name of who wrote it. */
const ACCEPTED = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0'];

/** Where a package leaves the choice, one of them is enough. */
const isAccepted = (licence: string): boolean =>
  licence
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => ACCEPTED.includes(choice));

describe('What production installs', () => {
  it('stands under licences that ask for nothing but a name; for another, ask who decides on licences and add it here with the answer', () => {
    const packages = runtimePackages();
    expect(packages.map(({ name }) => name))
      .to.include.members(['koa', 'oidc-provider', 'pg'])
      .and.not.include('mocha');
    expect(packages.filter(({ licence }) => !isAccepted(licence))).to.deep.equal([]);
  });
});
