import { expect } from 'chai';
import { beginningOf, dayIn, daysLater, isDay } from '../../src/domain/day.ts';

describe('The day of today', () => {
  for (const [zone, moment, day] of [
    ['Asia/Jakarta', '2026-11-22T16:59:59Z', '2026-11-22'],
    ['Asia/Jakarta', '2026-11-22T17:00:00Z', '2026-11-23'],
    ['Asia/Jayapura', '2026-11-22T15:00:00Z', '2026-11-23'],
    ['UTC', '2026-11-22T23:59:59Z', '2026-11-22'],
  ] as const) {
    it(`is ${day} in ${zone} at ${moment}`, () => {
      expect(dayIn(zone, new Date(moment)).toISOString()).to.equal(`${day}T00:00:00.000Z`);
    });
  }
});

describe('A day by its name', () => {
  it('begins when it is midnight in the zone, whatever the clocks do', () => {
    expect(beginningOf('2026-11-26', 'Asia/Jakarta').toISOString()).to.equal('2026-11-25T17:00:00.000Z');
    expect(beginningOf('2026-03-29', 'Europe/Amsterdam').toISOString()).to.equal('2026-03-28T23:00:00.000Z');
    expect(beginningOf('2026-03-30', 'Europe/Amsterdam').toISOString()).to.equal('2026-03-29T22:00:00.000Z');
  });

  it('exists or does not', () => {
    for (const day of ['2026-02-28', '2024-02-29']) expect(isDay(day)).to.equal(true);
    for (const text of ['', '2026-02-30', '2026-13-01', '26-01-01', '2026-1-1', 'today'])
      expect(isDay(text), text).to.equal(false);
    expect(daysLater('2026-02-28', 1)).to.equal('2026-03-01');
  });
});
