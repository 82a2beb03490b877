import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Client } from '../../domain/client.ts';
import type { Store } from '../../store/store.ts';
import type { FieldProblem } from './field-problem.ts';

export const plainRefusals = [
  'client-id-taken',
  'client-unknown',
  'client-without-secret',
  'secret-unknown',
  'secret-last',
  'key-unknown',
  'key-last',
  'client-changed',
  'client-draft',
  'drafts-many',
  'proposal-changed',
  'proposal-open',
  'proposal-own',
  'proposal-stale',
  'proposal-unchecked',
  'version-unknown',
  'version-in-effect',
] as const;

export type ClientRefusal =
  | { readonly reason: 'client-metadata'; readonly problems: readonly FieldProblem[] }
  | { readonly reason: (typeof plainRefusals)[number]; readonly id: string };

/** Ends a transaction without a trace, and carries the reason out of it. */
export class Abandoned extends Error {
  readonly refusal: ClientRefusal;

  constructor(refusal: ClientRefusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

/**
 * One transaction: all of the work or, where it is abandoned, none; and once, also where the answer to its commit was
 * lost.
 */
export async function whole<T>(store: Store, work: (tx: Store) => Promise<T>): Promise<Result<T, ClientRefusal>> {
  try {
    return ok(await store.transactionOnce(work));
  } catch (error) {
    if (error instanceof Abandoned) return refuse(error.refusal);
    throw error;
  }
}

/** The client, kept from everybody else until the transaction ends. */
export async function lockClient(tx: Store, id: string): Promise<Client> {
  const client = await tx.clients.lock(id);
  if (client === undefined) throw new Abandoned({ reason: 'client-unknown', id });
  return client;
}
