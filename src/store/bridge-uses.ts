import type { Knex } from 'knex';
import type { BridgeCall } from '../domain/bridge.ts';

/** How often a client called the former interface. */
export interface BridgeUse {
  readonly clientId: string;
  readonly call: BridgeCall;
  readonly uses: number;
  /** The last day with a call, `2026-01-31`. */
  readonly last: string;
}

export type BridgeUseStore = ReturnType<typeof createBridgeUseStore>;

/** Who still calls the former interface, counted by client and day. */
export function createBridgeUseStore(db: Knex) {
  return {
    /** @param day  `2026-01-31` */
    async count(clientId: string, day: string, call: BridgeCall): Promise<void> {
      await db.raw(
        'insert into bridge_uses (client_id, day, kind, uses) values (?, ?, ?, 1) on conflict (client_id, day, kind) do update set uses = bridge_uses.uses + 1',
        [clientId, day, call],
      );
    },

    /** Sums from that day on. @param clientId  of this client alone. */
    async since(day: string, clientId?: string): Promise<readonly BridgeUse[]> {
      const rows = await db('bridge_uses')
        .where('day', '>=', day)
        .andWhere(clientId === undefined ? {} : { client_id: clientId })
        .groupBy('client_id', 'kind')
        .orderBy(['client_id', 'kind'])
        .select<{ client_id: string; kind: BridgeCall; uses: string; last: string }[]>(
          'client_id',
          'kind',
          db.raw('sum(uses)::int as uses'),
          db.raw('max(day)::text as last'),
        );
      return rows.map(({ client_id: id, kind, uses, last }) => ({
        clientId: id,
        call: kind,
        uses: Number(uses),
        last,
      }));
    },
  };
}
