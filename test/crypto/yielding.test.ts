import { expect } from 'chai';
import { stat } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { letPoolYield } from '../../src/crypto/yielding.ts';

(process.platform === 'linux' ? describe : describe.skip)('Threads that hash passwords', () => {
  it('yield to the event loop, and nothing else of the process does', async () => {
    await stat('/'); // the pool begins with its first work
    expect(letPoolYield()).to.be.at.least(4);
    const priorities = readdirSync('/proc/self/task').map(
      (id) => [readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim(), getPriority(Number(id))] as const,
    );
    const [main] = priorities
      .filter(([name]) => name === 'MainThread' || name.startsWith('node'))
      .map(([, priority]) => priority);
    for (const [name, priority] of priorities)
      expect(priority, name).to.equal(name === 'libuv-worker' ? Math.min(19, (main ?? 0) + 10) : main);
  });

  it('are as far behind as before when they are told twice', () => {
    const before = readdirSync('/proc/self/task').map((id) => getPriority(Number(id)));
    letPoolYield();
    expect(readdirSync('/proc/self/task').map((id) => getPriority(Number(id)))).to.deep.equal(before);
  });
});
