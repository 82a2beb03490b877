import { globSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { eventMeanings } from '../../src/audit/events.ts';
import { logEvents } from '../../src/domain/log-event.ts';

describe('The vocabulary of events', () => {
  const audited = Object.keys(eventMeanings);

  it('has each name once: in the audit log, or in the log alone', () => {
    expect(audited.filter((name) => (logEvents as readonly string[]).includes(name))).to.deep.equal([]);
  });

  it('is all that the log ever calls an event', () => {
    const named = globSync('src/**/*.ts', { exclude: ['src/dev/**'] }).flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\bevent: '([^']+)'/g)].map(([, name = '']) => name),
    );
    expect(named).not.to.be.empty;
    expect(
      named.filter((name) => !audited.includes(name) && !(logEvents as readonly string[]).includes(name)),
    ).to.deep.equal([]);
  });
});
