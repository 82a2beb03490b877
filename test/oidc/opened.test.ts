import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { SealBroken } from '../../src/crypto/aead.ts';
import { createSealer } from '../../src/crypto/seal.ts';
import { createOpener } from '../../src/oidc/state/opened.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { newKeyring } from '../crypto/keys.ts';
import { until } from '../support/until.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('Payloads that were opened a moment ago', () => {
  const sealer = createSealer(newKeyring(), systemRandom);
  let opened = 0;
  const counting = {
    open: (...args: Parameters<typeof sealer.open>) => {
      opened += 1;
      return sealer.open(...args);
    },
  };
  const seal = (text: string): Buffer => sealer.seal('protocol-state', 'Session', text);
  beforeEach(() => {
    opened = 0;
  });

  it('are not opened anew while their bytes are the same', () => {
    const open = createOpener(counting, 'protocol-state');
    const [one, two] = [seal('{"one":1}'), seal('{"two":2}')];
    for (let count = 0; count < 3; count += 1)
      expect([open('Session', Buffer.from(one)), open('Session', Buffer.from(two))]).to.deep.equal([
        '{"one":1}',
        '{"two":2}',
      ]);
    expect(opened).to.equal(2);
  });

  it('lend nothing to bytes of which one differs, whichever it is', () => {
    const open = createOpener(sealer, 'protocol-state');
    const sealed = seal('{"one":1}');
    open('Session', sealed);
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = Buffer.from(sealed);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      expect(() => open('Session', altered), `byte ${at}`).to.throw(SealBroken);
    }
  });

  it('open for no other model', () => {
    const open = createOpener(sealer, 'protocol-state');
    const sealed = seal('{"one":1}');
    open('Session', sealed);
    expect(() => open('Grant', sealed)).to.throw(SealBroken);
  });

  it('are let go when their time is over, though nobody asks any more', async () => {
    let held: WeakRef<object> | undefined;
    // Something in the place of the text that a weak reference takes.
    const toText = (): object => {
      const text = {};
      held = new WeakRef(text);
      return text;
    };
    const open = createOpener({ open: () => ({ toString: toText }) as unknown as Buffer }, 'protocol-state', 20);
    open('Session', Buffer.alloc(40));
    await until('it is let go', () => {
      collect();
      return held !== undefined && held.deref() === undefined;
    });
    // Who holds it is still there, so that this is no reason why it is gone.
    expect(open).to.be.a('function');
  });

  it('are opened each time where whoever asks uses them up: there are as many as requests', () => {
    const open = createOpener(counting, 'protocol-state');
    for (const model of ['AuthorizationCode', 'RefreshToken']) {
      const sealed = sealer.seal('protocol-state', model, '{"one":1}');
      for (let count = 0; count < 2; count += 1) expect(open(model, sealed)).to.equal('{"one":1}');
    }
    expect(opened).to.equal(4);
  });

  it('are not altered by what becomes of the packet they came in', () => {
    const open = createOpener(counting, 'protocol-state');
    const [packet, sealed] = [seal('{"one":1}'), Buffer.alloc(200)];
    packet.copy(sealed);
    const piece = sealed.subarray(0, packet.length);
    open('Session', piece);
    sealed.fill(0);
    expect(open('Session', packet)).to.equal('{"one":1}');
    expect(opened).to.equal(1);
  });
});
