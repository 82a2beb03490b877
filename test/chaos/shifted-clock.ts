/**
 * Loaded before the product (`node --import`): the wall clock of this process is wrong by so many seconds, or becomes
 * so by a signal and right again by the next. Timers keep their pace, as they do on a machine whose time is wrong.
 */
let shiftMs = Number(process.env.CLOCK_SHIFT_SECONDS ?? 0) * 1000;
let otherMs = Number(process.env.CLOCK_JUMP_SECONDS ?? 0) * 1000;
const RightDate = Date;

class ShiftedDate extends RightDate {
  constructor(...given: ConstructorParameters<DateConstructor> | []) {
    if (given.length === 0) super(RightDate.now() + shiftMs);
    else super(...given);
  }

  static override now(): number {
    return RightDate.now() + shiftMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
process.on('SIGUSR2', () => {
  [shiftMs, otherMs] = [otherMs, shiftMs];
});
