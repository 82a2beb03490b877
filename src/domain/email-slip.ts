interface Provider {
  readonly name: string;
  /** Endings under which it really serves, the commonest first; two letters alone would be near to every country's. */
  readonly endings: readonly string[];
}

const PROVIDERS: readonly Provider[] = [
  { name: 'gmail', endings: ['com'] },
  {
    name: 'yahoo',
    endings: [
      'com',
      'co.id',
      'co.uk',
      'co.jp',
      'co.in',
      'co.kr',
      'co.nz',
      'co.th',
      'com.au',
      'com.br',
      'com.hk',
      'com.mx',
      'com.my',
      'com.ph',
      'com.sg',
      'com.tw',
      'com.vn',
    ],
  },
  { name: 'ymail', endings: ['com'] },
  { name: 'rocketmail', endings: ['com'] },
  { name: 'hotmail', endings: ['com', 'co.id', 'co.uk', 'co.jp', 'co.th'] },
  { name: 'outlook', endings: ['com', 'co.id', 'co.th', 'com.au', 'com.br'] },
  { name: 'icloud', endings: ['com'] },
];

/** Real providers one slip away from a commoner one. */
const LOOKALIKES: ReadonlySet<string> = new Set(['mail', 'email', 'cloud', 'gmx']);

/** Longest slip worth comparing; keeps the table below small whatever was typed. */
const MAX_COMPARED = 24;

/** How many letters must be added, dropped, changed or swapped with their neighbour (optimal string alignment). */
function slipsBetween(a: string, b: string): number {
  if (a.length > MAX_COMPARED || b.length > MAX_COMPARED) return Number.POSITIVE_INFINITY;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min(
        cell(i - 1, j) + 1,
        cell(i, j - 1) + 1,
        cell(i - 1, j - 1) + (same ? 0 : 1),
        swapped ? cell(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
      rows[i]?.push(best);
    }
  }
  return cell(a.length, b.length);
}

const nearest = <T>(candidates: readonly T[], slips: (candidate: T) => number, most: number): T | undefined => {
  const [best] = candidates
    .map((candidate) => ({ candidate, slips: slips(candidate) }))
    .sort((a, b) => a.slips - b.slips);
  return best !== undefined && best.slips <= most ? best.candidate : undefined;
};

/** The domain probably meant, where this one looks like a slip of a common one. */
export function mendDomain(domain: string): string | undefined {
  const dot = domain.indexOf('.');
  const name = domain.slice(0, dot);
  const ending = domain.slice(dot + 1);
  if (LOOKALIKES.has(name)) return undefined;
  const provider = nearest(PROVIDERS, (candidate) => slipsBetween(name, candidate.name), name.length >= 7 ? 2 : 1);
  if (provider === undefined) return undefined;
  const [only, ...others] = provider.endings;
  const mended =
    name === provider.name && others.length === 0
      ? only
      : nearest(provider.endings, (candidate) => slipsBetween(ending, candidate), 1);
  const meant = `${provider.name}.${mended ?? ending}`;
  return mended === undefined || meant === domain ? undefined : meant;
}
