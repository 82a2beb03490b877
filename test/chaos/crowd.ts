import { setTimeout as pause } from 'node:timers/promises';
import { somebody, type Citizen } from '../support/citizens.ts';
import { travel } from './citizen.ts';
import { Ledger } from './ledger.ts';
import type { World } from './world.ts';

/** People who come one after the other, some at a time, to register or to sign in. */
export interface Crowd {
  readonly ledger: Ledger;
  /** Lets nobody begin any more and waits until those on the way are through, or stuck. */
  disperse(): Promise<void>;
}

const THINK_MS = 100;
let arrived = 0;

/** As many people as there are days of birth in an area, then on to the next area: no two have one NIK. */
function newcomer(): Citizen {
  const citizen = somebody();
  arrived += 1;
  const area = String(1 + (Math.floor(arrived / 300) % 99)).padStart(2, '0');
  return { ...citizen, nik: `9999${area}${citizen.nik.slice(6)}` };
}

/** @param known  who has an account already, to sign in; grows with those who register. */
export function gather(world: World, known: Citizen[], size: number): Crowd {
  const ledger = new Ledger();
  let open = true;

  async function keepComing(lane: number): Promise<void> {
    for (let turn = lane; open; turn += 1) {
      const returning = turn % 2 === 0 ? known[turn % known.length] : undefined;
      const journey =
        returning === undefined ? ledger.begin('registration', newcomer()) : ledger.begin('sign-in', returning);
      await travel(world, ledger, journey, turn);
      if (journey.finished && returning === undefined) known.push(journey.citizen);
      await pause(THINK_MS);
    }
  }
  const lanes = Array.from({ length: size }, (_, lane) => keepComing(lane));

  return {
    ledger,
    async disperse() {
      open = false;
      await Promise.all(lanes);
    },
  };
}
