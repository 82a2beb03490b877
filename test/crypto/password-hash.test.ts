import { expect } from 'chai';
import bcrypt from '@node-rs/bcrypt';
import reference from 'argon2';
import { loadReferenceArgon2, loadRustArgon2, readCost, type Argon2 } from '../../src/crypto/argon2.ts';
import { LaneBusy } from '../../src/crypto/lane.ts';
import { createPasswordHasher, PasswordHashUnknown, type PasswordHasher } from '../../src/crypto/password-hash.ts';
import { sensitive } from '../../src/domain/sensitive.ts';

const config = { memoryKib: 64, passes: 2, parallelism: 1, slots: 1, queue: 8, deadlineMs: 2000 };
const password = sensitive('Contoh#2026');

const packages: readonly [string, () => Promise<Argon2>][] = [
  ['@node-rs/argon2', loadRustArgon2],
  ['argon2', loadReferenceArgon2],
];

describe('Password hash', () => {
  for (const [name, load] of packages) {
    describe(`made by ${name}`, () => {
      const hasher = createPasswordHasher({ config, load });

      it('is an argon2id PHC string with the parameters in the order m, t, p', async () => {
        expect(await hasher.hash(password)).to.match(
          /^\$argon2id\$v=19\$m=64,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
        );
      });

      for (const [other, loadOther] of packages) {
        it(`is verified by ${other}`, async () => {
          const hash = await hasher.hash(password);
          const verifier = createPasswordHasher({ config, load: loadOther });
          expect(await verifier.verify(password, hash)).to.deep.equal({ matches: true, needsRehash: false });
          expect(await verifier.verify(sensitive('Contoh#2027'), hash)).to.deep.equal({
            matches: false,
            needsRehash: false,
          });
        });
      }

      it('has a salt of its own every time', async () => {
        expect(await hasher.hash(password)).not.to.equal(await hasher.hash(password));
      });

      it('is of the whole password and of its one composed spelling', async () => {
        const long = 'a'.repeat(127);
        expect(await hasher.verify(sensitive(`${long}b`), await hasher.hash(sensitive(`${long}c`)))).to.include({
          matches: false,
        });
        expect(
          await hasher.verify(sensitive('Caf\u0065\u0301#123'), await hasher.hash(sensitive('Caf\u00e9#123'))),
        ).to.include({ matches: true });
      });
    });
  }

  const hasher = createPasswordHasher({ config });

  it('reads hashes of the reference package with the parameters in its own order', async () => {
    const hash = await reference.hash(password.reveal(), {
      type: reference.argon2id,
      memoryCost: 64,
      timeCost: 2,
      parallelism: 1,
    });
    expect(hash).to.include('$m=64,p=1,t=2$');
    expect(await hasher.verify(password, hash)).to.deep.equal({ matches: true, needsRehash: false });
  });

  it('wants a new hash when the cost was changed, but only of a password that matches', async () => {
    const stronger = createPasswordHasher({ config: { ...config, passes: 3 } });
    const hash = await hasher.hash(password);
    expect(await stronger.verify(password, hash)).to.deep.equal({ matches: true, needsRehash: true });
    expect(await stronger.verify(sensitive('x'), hash)).to.deep.equal({ matches: false, needsRehash: false });
  });

  it('refuses a stored hash of another kind loudly', async () => {
    for (const hash of [
      '',
      '$2b$12$abcdefghijklmnopqrstuv',
      '$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/',
      '5f4dcc3b5aa765d61d8327deb882cf99',
    ]) {
      expect(await hasher.verify(password, hash).catch((error: unknown) => error)).to.be.instanceOf(
        PasswordHashUnknown,
      );
    }
  });

  describe('of a former system', () => {
    const prefixes = ['$2a$', '$2b$', '$2y$'];

    it('is verified as bcrypt under each of its names, and wants to become ours', async () => {
      const made = await bcrypt.hash(password.reveal(), 4);
      for (const prefix of prefixes) {
        const hash = made.replace(/^\$2.\$/, prefix);
        expect(await hasher.verify(password, hash), prefix).to.deep.equal({ matches: true, needsRehash: true });
        expect(await hasher.verify(sensitive('Contoh#2027'), hash), prefix).to.deep.equal({
          matches: false,
          needsRehash: false,
        });
      }
    });

    it('is verified as another implementation made it', async () => {
      expect(
        await hasher.verify(password, '$2y$10$ContohGaramContohGara.4gylx4D8UMgpVUbgQggAYUh3MxigXmi'),
      ).to.deep.equal({ matches: true, needsRehash: true });
    });

    it('is verified as argon2 of another kind or cost', async () => {
      for (const type of [reference.argon2i, reference.argon2d, reference.argon2id]) {
        const hash = await reference.hash(password.reveal(), {
          type: type as typeof reference.argon2id,
          memoryCost: 128,
          timeCost: 3,
        });
        expect(await hasher.verify(password, hash)).to.deep.equal({ matches: true, needsRehash: true });
        expect(await hasher.verify(sensitive('x'), hash)).to.include({ matches: false });
      }
    });

    it('costs who fails the work of both kinds, whichever the hash was and whether there was one; and nothing more where no such hash is left', async () => {
      const work: string[] = [];
      const watched = createPasswordHasher({
        config,
        load: async () => {
          const rust = await loadRustArgon2();
          return {
            hash: (...args) => rust.hash(...args),
            verify: (phc, text) => (work.push('argon2'), rust.verify(phc, text)),
          };
        },
        loadFormer: () =>
          Promise.resolve({
            verify: () => (work.push('bcrypt'), Promise.resolve(false)),
            spend: (_text, cost) => (work.push(cost === 10 ? 'bcrypt' : 'another cost'), Promise.resolve()),
          }),
      });
      const fail = async (hash: string | undefined, cost: number | undefined): Promise<readonly string[]> => {
        work.length = 0;
        expect(await watched.verify(password, hash)).to.include({ matches: false });
        await watched.disguise(password, hash, cost);
        return [...work].sort();
      };
      const ours = await hasher.hash(sensitive('another'));
      const theirs = '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy';
      for (const hash of [undefined, ours, theirs])
        expect(await fail(hash, 10), String(hash)).to.deep.equal(['argon2', 'bcrypt']);
      for (const hash of [undefined, ours]) expect(await fail(hash, undefined)).to.deep.equal(['argon2']);
    });
  });

  describe('of an unknown account', () => {
    /** Records what is asked of the package, and asks it. */
    const recording = (asked: string[]): PasswordHasher =>
      createPasswordHasher({
        config,
        load: async () => {
          const rust = await loadRustArgon2();
          return {
            hash: (...args) => rust.hash(...args),
            verify: (phc, text) => (asked.push(phc), rust.verify(phc, text)),
          };
        },
      });

    it('costs the same work as that of a known one, and never matches', async () => {
      const asked: string[] = [];
      const recorder = recording(asked);
      const known = await recorder.hash(password);
      await recorder.verify(password, known);
      expect(await recorder.verify(password, undefined)).to.deep.equal({ matches: false, needsRehash: false });
      expect(asked).to.have.length(2);
      expect(readCost(asked[1]!)).to.deep.equal(readCost(known));
      expect(asked[1]).to.have.length(known.length);
    });

    it('waits in the same lane', async () => {
      const narrow = createPasswordHasher({ config: { ...config, queue: 0 } });
      const running = narrow.hash(password);
      expect(await narrow.verify(password, undefined).catch((error: unknown) => error)).to.be.instanceOf(LaneBusy);
      await running;
    });
  });

  it('takes the processors less one, but at least one slot, when the setting is 0', async () => {
    for (const [cores, slots] of [
      [1, 1],
      [2, 1],
      [4, 3],
    ] as const) {
      const automatic = createPasswordHasher({ config: { ...config, slots: 0 }, cores });
      const all = Array.from({ length: 5 }, () => automatic.hash(password));
      expect(automatic.depth()).to.deep.equal({ running: slots, waiting: 5 - slots });
      await Promise.all(all);
    }
  });
});
