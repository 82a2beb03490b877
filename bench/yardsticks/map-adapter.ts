import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Entry {
  readonly payload: AdapterPayload;
  readonly until: number;
}

/** Storage in the process: no trip, no copy, no bound. What has ended is forgotten when it is asked for. */
export function createMapAdapter(): (model: string) => Adapter {
  const entries = new Map<string, Entry>();
  const links = new Map<string, string>();
  const grants = new Map<string, Set<string>>();

  return (model) => {
    const keyOf = (id: string): string => `${model}:${id}`;
    const lookUp = (key: string | undefined): AdapterPayload | undefined => {
      const entry = key === undefined ? undefined : entries.get(key);
      if (entry === undefined || entry.until > Date.now()) return entry?.payload;
      entries.delete(key ?? '');
      return undefined;
    };
    return {
      find: (id) => Promise.resolve(lookUp(keyOf(id))),
      findByUid: (uid) => Promise.resolve(lookUp(links.get(`uid:${uid}`))),
      findByUserCode: (userCode) => Promise.resolve(lookUp(links.get(`userCode:${userCode}`))),
      upsert(id, payload, expiresIn) {
        const key = keyOf(id);
        entries.set(key, { payload, until: Date.now() + (expiresIn ?? 86_400) * 1000 });
        if (payload.uid !== undefined) links.set(`uid:${payload.uid}`, key);
        if (payload.userCode !== undefined) links.set(`userCode:${payload.userCode}`, key);
        if (payload.grantId !== undefined)
          grants.set(payload.grantId, (grants.get(payload.grantId) ?? new Set()).add(key));
        return Promise.resolve();
      },
      consume(id) {
        const payload = lookUp(keyOf(id));
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
        return Promise.resolve();
      },
      destroy(id) {
        entries.delete(keyOf(id));
        return Promise.resolve();
      },
      revokeByGrantId(grantId) {
        for (const key of grants.get(grantId) ?? []) entries.delete(key);
        grants.delete(grantId);
        return Promise.resolve();
      },
    };
  };
}
