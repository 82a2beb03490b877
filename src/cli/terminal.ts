import type { Command } from 'commander';

/** What was asked for cannot be done; the message is for the operator, one sentence or one line for each problem. */
export class Refused extends Error {
  readonly code = 'REFUSED';
}

/** Ends the command as wrong usage. */
export function misuse(command: Command, what: string): never {
  command.error(`error: ${what}`);
}

const show = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(show).join(' ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
};

/** One line for each member. */
export function showRecord(record: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(record).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${show(value)}`.trimEnd()).join('\n');
}

/** One line for each row, in columns. */
export function showRows(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Prints the result: as JSON where `--json` was given, for people otherwise. */
export function print(command: Command, document: unknown, forPeople: () => string): void {
  const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
  const text = json ? JSON.stringify(document) : forPeople();
  if (text !== '') process.stdout.write(`${text}\n`);
}

/** A remark beside the result. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}
