/** Letters alone decide: apostrophes and dots vanish, hyphens and strokes separate. */
const comparable = (name: string): string[] =>
  Array.from(
    name
      .normalize('NFKC')
      .toUpperCase()
      .replace(/['’‘ʼ`.,]/g, '')
      .replace(/[-/]/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );

function levenshtein(left: readonly string[], right: readonly string[]): number {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  left.forEach((letter, row) => {
    const current = [row + 1];
    right.forEach((other, column) => {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    });
    previous = current;
  });
  return previous[right.length] ?? 0;
}

/**
 * How alike two names are, 0–100, as the simulator sees it; the registry's own measure is not published.
 * Source: docs/civil-registry.md, "Simulator".
 */
export function similarity(registered: string, sent: string): number {
  const [left, right] = [comparable(registered), comparable(sent)];
  const longer = Math.max(left.length, right.length);
  return longer === 0 ? 0 : Math.floor((100 * (longer - levenshtein(left, right))) / longer);
}
