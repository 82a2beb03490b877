import type { AdapterPayload } from 'oidc-provider';

type Fields = Readonly<Record<string, unknown>>;

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** By each name what has changed of it; undefined where both have changed it, and not alike. */
function byName(
  base: Fields,
  mine: Fields,
  theirs: Fields,
  wins: (name: string) => boolean,
): Record<string, unknown> | undefined {
  const both: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const isMine = !isSame(base[name], mine[name]);
    if (isMine && !isSame(base[name], theirs[name]) && !isSame(mine[name], theirs[name]) && !wins(name))
      return undefined;
    const value = isMine ? mine[name] : theirs[name];
    if (value !== undefined) both[name] = value;
  }
  return both;
}

/**
 * A session that two requests have changed at the same moment, each for a service of its own: what either has written
 * counts.
 *
 * @param base  what both have read.
 * @returns undefined where they say different things of one service, or are of different people: whose code came first
 *   is good, and whoever comes second asks again.
 */
export function merged(base: AdapterPayload, mine: AdapterPayload, theirs: AdapterPayload): AdapterPayload | undefined {
  if (mine.accountId !== theirs.accountId) return undefined;
  const authorizations = byName(
    base.authorizations ?? {},
    mine.authorizations ?? {},
    theirs.authorizations ?? {},
    () => false,
  );
  if (authorizations === undefined) return undefined;
  const { authorizations: _of, ...all } = byName(base, mine, theirs, () => true) ?? {};
  return {
    ...all,
    ...(Object.keys(authorizations).length === 0
      ? {}
      : { authorizations: authorizations as NonNullable<AdapterPayload['authorizations']> }),
  };
}
