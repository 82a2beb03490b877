import type Provider from 'oidc-provider';
import { ok, refuse, type Result } from '../domain/result.ts';

/** Who holds a token of the machines' own grant, and for what today. */
export interface MachineToken {
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
}

/** Why one does not count, for the audit log alone; with the client that it was issued to, where that is known. */
export interface UselessToken {
  readonly reason: 'token-unknown' | 'token-kind' | 'client-stopped';
  readonly clientId?: string;
}

export type FindMachineToken = (value: string) => Promise<Result<MachineToken, UselessToken>>;

/** What no token of ours is longer than. */
const LONGEST = 256;

/**
 * Opaque tokens of the client credentials grant, judged in the process that issued them. A citizen's access token is of
 * another model and is not found; one that was issued for another resource, or bound to a key that nobody showed here,
 * does not count; and none outlives its client.
 */
export function createFindMachineToken(provider: Provider): FindMachineToken {
  return async (value) => {
    const token = value.length > LONGEST ? undefined : await provider.ClientCredentials.find(value);
    // Of one that has expired nothing is kept that could say whose it was.
    if (token?.clientId === undefined || token.isExpired) return refuse({ reason: 'token-unknown' });
    const { clientId } = token;
    if (token.aud !== undefined || token.isSenderConstrained()) return refuse({ reason: 'token-kind', clientId });
    const client = await provider.Client.find(clientId);
    if (client === undefined) return refuse({ reason: 'client-stopped', clientId });
    // What was taken from the machine since is gone at once.
    const registered = new Set((client.scope ?? '').split(' '));
    return ok({ clientId, scopes: new Set([...token.scopes].filter((scope) => registered.has(scope))) });
  };
}
