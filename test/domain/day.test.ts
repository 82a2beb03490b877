import { expect } from 'chai';
import { dayIn } from '../../src/domain/day.ts';

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
