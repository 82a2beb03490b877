/**
 * What a spreadsheet would run as a formula when it opens the file; some take the wide signs of East Asian keyboards
 * for the same.
 */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** One line of a file of comma separated values (RFC 4180). */
export function csvLine(values: readonly (string | number | null | undefined)[]): string {
  const cells = values.map((value) => {
    if (typeof value === 'number') return String(value);
    const text = value ?? '';
    const safe = FORMULA.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  });
  return `${cells.join(',')}\r\n`;
}
