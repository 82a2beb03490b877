import type Provider from 'oidc-provider';

/** Who holds a token of the machines' own grant, and for what. */
export interface MachineToken {
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
}

export type FindMachineToken = (value: string) => Promise<MachineToken | undefined>;

/** What no token of ours is longer than. */
const LONGEST = 256;

/**
 * Opaque tokens of the client credentials grant, judged in the process that issued them. A citizen's access token is of
 * another model and is not found; one that was issued for another resource, or bound to a key that nobody showed here,
 * does not count; and none outlives its client.
 */
export function createFindMachineToken(provider: Provider): FindMachineToken {
  return async (value) => {
    if (value.length > LONGEST) return undefined;
    const token = await provider.ClientCredentials.find(value);
    if (token?.clientId === undefined || token.isExpired || token.aud !== undefined || token.isSenderConstrained()) return undefined;
    if ((await provider.Client.find(token.clientId)) === undefined) return undefined;
    return { clientId: token.clientId, scopes: token.scopes };
  };
}
