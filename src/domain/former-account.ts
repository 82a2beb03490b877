import type { AccountId } from './account.ts';

/** An account of a former system on the way to one of ours: what leads there, and the id that it is going to have. */
export interface FormerProof {
  readonly id: AccountId;
  /** The person knew its former password; or proved its NIK. */
  readonly by: 'password' | 'nik';
  /** When, as drafts write it. */
  readonly at: string;
}

/**
 * A password that was typed longer ago leads to no record: the browser may be another's by now, and drafts live for a
 * day.
 */
const PASSWORD_SECONDS = 3600;

export interface FormerClaim {
  readonly id: AccountId;
  /** Whether the record names the NIK that was proved; undefined where it names none. */
  readonly isOfNik: boolean | undefined;
}

/**
 * Which record of the former system belongs to whoever has just proved a NIK. The password decides among several, but
 * not against the NIK: an account that was made for somebody else does not come along. Without it the NIK decides,
 * unless several claim it: then nothing is guessed.
 */
export function formerOf(
  claims: readonly FormerClaim[],
  known: FormerProof | undefined,
  now: Date,
): FormerProof | undefined {
  const isFresh = known?.by === 'password' && now.getTime() - new Date(known.at).getTime() <= PASSWORD_SECONDS * 1000;
  const own = isFresh ? claims.find(({ id }) => id === known.id) : undefined;
  if (own !== undefined && own.isOfNik !== false) return { id: own.id, by: 'password', at: now.toISOString() };
  const ofNik = claims.filter(({ isOfNik }) => isOfNik === true);
  const [only] = ofNik;
  return only !== undefined && ofNik.length === 1 ? { id: only.id, by: 'nik', at: now.toISOString() } : undefined;
}
