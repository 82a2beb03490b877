import type { Knex } from 'knex';
import type { AccountId } from '../domain/account.ts';
import { deleteBatch } from './delete-batch.ts';
import { prepared } from './knex.ts';

/** That it was seen is written once a day: the time is indexed, and each change of it a write to all indexes. */
export const rememberDevice = (account: string, device: string, at: string): string =>
  `insert into known_devices (account_id, device_hash, first_seen_at, last_seen_at) values (${account}, ${device}, ${at}, ${at})
   on conflict (account_id, device_hash) do update set last_seen_at = ${at} where known_devices.last_seen_at < ${at}::timestamptz - interval '1 day'`;

export type DeviceStore = ReturnType<typeof createDeviceStore>;

/** Devices that have signed in to an account before, by keyed hash of their mark. */
export function createDeviceStore(db: Knex) {
  return {
    /** Whether the device has signed in to the account before. */
    async isKnown(id: AccountId, deviceHash: Buffer): Promise<boolean> {
      return (
        (
          await prepared(db, 'device-known', 'select 1 from known_devices where account_id = $1 and device_hash = $2', [
            id,
            deviceHash,
          ])
        ).length > 0
      );
    },

    async remember(id: AccountId, deviceHash: Buffer, at: Date): Promise<void> {
      await prepared(db, 'device-remember', rememberDevice('$1', '$2', '$3'), [id, deviceHash, at]);
    },

    /** Forgets devices that have not been seen since. */
    purge: (before: Date, limit: number): Promise<number> =>
      deleteBatch(db, 'known_devices', 'last_seen_at', before, limit),
  };
}
