import Provider, { type KoaContextWithOIDC } from 'oidc-provider';

interface GrantModel {
  getOIDCScopeFiltered: (this: GrantModel, wanted: Set<string>) => string;
}

/**
 * What a grant gives is what its client is still registered for. The library holds scopes against the registration
 * where they are asked for, and never again: a scope that was taken from a service would be given on by its refresh
 * tokens, and userinfo show what it opens, for as long as those live. By this method it reads a grant wherever it makes
 * a token or shows claims; the client of the request is known by then.
 */
export function narrowGrants(provider: Provider): void {
  const { prototype } = provider.Grant as unknown as { prototype: GrantModel };
  const { getOIDCScopeFiltered: filtered } = prototype;
  prototype.getOIDCScopeFiltered = function (wanted) {
    const registered = (Provider.ctx as Partial<KoaContextWithOIDC> | undefined)?.oidc?.client?.scope;
    if (registered === undefined) return filtered.call(this, wanted);
    const still = new Set(registered.split(' '));
    return filtered.call(this, new Set([...wanted].filter((scope) => still.has(scope))));
  };
}
