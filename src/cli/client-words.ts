import type { ClientRefusal } from '../admin/clients/service.ts';
import type { Client, ClientSecret } from '../domain/client.ts';
import type { Result } from '../domain/result.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import { Refused } from './terminal.ts';

function explain(refusal: ClientRefusal): string {
  switch (refusal.reason) {
    case 'client-metadata':
      return refusal.problems.map(({ field, what }) => `${field} ${what}`).join('\n');
    case 'client-id-taken':
      return `there is a client ${refusal.id} already`;
    case 'client-unknown':
      return `there is no client ${refusal.id}`;
    case 'client-changed':
    case 'proposal-changed':
      return `client ${refusal.id} was changed by somebody else meanwhile`;
    case 'client-draft':
      return `client ${refusal.id} is a draft: approve it by client approve`;
    case 'drafts-many':
      return 'too many drafts wait for a decision or were begun today';
    case 'proposal-open':
      return `client ${refusal.id} has a proposal that waits already`;
    case 'proposal-own':
      return 'nobody decides on what they had a hand in';
    case 'proposal-stale':
      return `client ${refusal.id} has changed since it was proposed`;
    case 'proposal-unchecked':
      return `client ${refusal.id} has not passed the integration check`;
    case 'version-unknown':
      return `client ${refusal.id} has no such version`;
    case 'version-in-effect':
      return `that is what client ${refusal.id} says already`;
    case 'secret-unknown':
      return `client ${refusal.id} has no such secret that is still good`;
    case 'secret-last':
      return `it is the only secret of client ${refusal.id} that is good: make another first, or disable the client`;
    case 'key-unknown':
      return `client ${refusal.id} has no such key that is still good: see client keys`;
    case 'key-last':
      return `it is the last key of its use of client ${refusal.id}: register another first, or disable the client`;
    case 'client-without-secret':
      return `client ${refusal.id} has no secret to replace: it does not prove itself by one`;
  }
}

export function accept<T>(result: Result<T, ClientRefusal>): T {
  if (!result.ok) throw new Refused(explain(result.refusal));
  return result.value;
}

const presentSecret = ({ number, createdBy, createdAt, expiresAt, lastUsedAt }: ClientSecret): object => ({
  number,
  created_by: createdBy,
  created_at: createdAt.toISOString(),
  expires_at: expiresAt?.toISOString() ?? null,
  last_used_at: lastUsedAt?.toISOString() ?? null,
});

/** Of the newest, in seconds since 1970; 0 where it has no end. */
const expiryOf = (secrets: readonly ClientSecret[]): number =>
  Math.floor((secrets.at(-1)?.expiresAt?.getTime() ?? 0) / 1000);

/** As RFC 7591, 3.2.1 answers a registration, with what is our own at the end. */
export function present(
  { type, status, metadata: { client_id, ...metadata }, secrets, listing, createdAt }: Client,
  newSecret?: Sensitive<string>,
): Record<string, unknown> {
  return {
    client_id,
    ...(newSecret === undefined
      ? {}
      : { client_secret: newSecret.reveal(), client_secret_expires_at: expiryOf(secrets) }),
    client_id_issued_at: Math.floor(createdAt.getTime() / 1000),
    ...metadata,
    type,
    status,
    ...(secrets.length === 0 ? {} : { secrets: secrets.map(presentSecret) }),
    ...(listing === undefined ? {} : { listing }),
  };
}
