import { open, type FileHandle } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseFormerLine, type FormerLine } from '../admin/accounts/former-line.ts';
import { createFormerImport, type Finding, type FormerImport, type Taken } from '../admin/accounts/import.ts';
import type { Core } from '../core.ts';
import { withCore } from './open.ts';
import { readLines } from './read-lines.ts';
import { print, Refused, remark, showRecord } from './terminal.ts';

interface ImportFlags {
  readonly dryRun?: boolean;
  readonly linkRegistered?: boolean;
  readonly replace?: boolean;
  readonly report?: string;
  readonly subjects?: string;
}

/** Lines that come in together, by a handful of statements. */
const BATCH = 500;
const MOST_LINE_BYTES = 16_384;
/** What is said without `--report`. */
const MOST_SHOWN = 20;
const SAY_EVERY = 100_000;

interface Summary {
  readonly run: string;
  readonly dry_run: boolean;
  lines: number;
  imported: number;
  already: number;
  linked: number;
  left_out: number;
  shared: number;
  noted: number;
  readonly findings: Finding[];
}

/** Undoes a trial run. */
class TrialOver extends Error {}

/** For its owner alone: whoever reads it learns which people the former system had twice. */
async function openOutput(file: string | undefined): Promise<FileHandle | undefined> {
  if (file === undefined) return undefined;
  try {
    return await open(file, 'w', 0o600);
  } catch (error) {
    throw new Refused(`${file} cannot be written: ${(error as Error).message}`);
  }
}

async function openInput(file: string): Promise<AsyncIterable<Uint8Array | string>> {
  if (file === '-') return process.stdin;
  try {
    return (await open(file)).createReadStream();
  } catch (error) {
    throw new Refused(`${file} cannot be read: ${(error as Error).message}`);
  }
}

const writeLines = async (to: FileHandle | undefined, documents: readonly object[]): Promise<void> => {
  if (to !== undefined && documents.length > 0)
    await to.write(documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
};

const show = ({ line, id, outcome, reasons, with: opponents = [] }: Finding): string => {
  const others = opponents
    .map((one) => ('sub' in one ? `account ${one.sub}` : `${one.id} (line ${one.line})`))
    .join(', ');
  return `line ${line}${id === undefined ? '' : ` (${id})`} ${outcome}: ${reasons.join(', ')}${others === '' ? '' : ` with ${others}`}`;
};

type Importing = Pick<Core, 'audit'> & { readonly store: Pick<Core['store'], 'transactionOnce'> };

async function takeAll(
  core: Core,
  input: AsyncIterable<Uint8Array | string>,
  flags: ImportFlags,
  outputs: { readonly report: FileHandle | undefined; readonly subjects: FileHandle | undefined },
  on: Importing,
  summary: Summary,
): Promise<void> {
  const importer: FormerImport = createFormerImport({ ...core, ...on });
  let batch: FormerLine[] = [];
  let findings: Finding[] = [];

  async function settle(): Promise<void> {
    const lines = batch;
    batch = [];
    const none: Taken = { subjects: [], imported: 0, already: 0, linked: 0, findings: [] };
    const taken =
      lines.length === 0
        ? none
        : await importer.take(lines, {
            run: summary.run,
            linkRegistered: flags.linkRegistered === true,
            replace: flags.replace === true,
          });
    const found = [...findings, ...taken.findings].sort((a, b) => a.line - b.line);
    findings = [];
    summary.imported += taken.imported;
    summary.already += taken.already;
    summary.linked += taken.linked;
    summary.left_out += found.filter(({ outcome }) => outcome === 'left-out').length;
    summary.shared += found.filter(({ outcome }) => outcome === 'shared').length;
    summary.noted += found.filter(({ outcome }) => outcome === 'noted').length;
    summary.findings.push(...found.slice(0, MOST_SHOWN - summary.findings.length));
    await writeLines(outputs.report, found);
    await writeLines(outputs.subjects, taken.subjects);
  }

  for await (const line of readLines(input, MOST_LINE_BYTES)) {
    summary.lines += 1;
    const parsed = 'trouble' in line ? undefined : parseFormerLine(line, core.config, core.clock.now());
    if (parsed?.ok === true) batch.push(parsed.value);
    else
      findings.push({
        line: line.number,
        id: parsed?.refusal.legacyId,
        outcome: 'left-out',
        reasons: 'trouble' in line ? [line.trouble] : (parsed?.refusal.reasons ?? []),
      });
    if (batch.length + findings.length >= BATCH) await settle();
    if (summary.lines % SAY_EVERY === 0) remark(`${summary.lines} lines`);
  }
  await settle();
}

/**
 * All of it in one transaction that is taken back: what it says is what the same run would do, and nobody waits for it.
 */
async function tryOut(core: Core, work: (on: Importing) => Promise<void>): Promise<void> {
  let begun = false;
  try {
    await core.store.transaction(async (tx) => {
      // A connection that was lost would begin anew, and what came by the pipe is read already.
      if (begun) throw new Refused('the connection to the database was lost: nothing was changed, run it again');
      begun = true;
      const inner = { ...tx, formerImport: await tx.formerImport.trial() };
      await work({
        store: { transactionOnce: (take) => take(inner) },
        audit: { ...core.audit, record: () => Promise.resolve() },
      });
      throw new TrialOver();
    });
  } catch (error) {
    if (!(error instanceof TrialOver)) throw error;
  }
}

async function importAccounts(file: string, flags: ImportFlags, command: Command): Promise<void> {
  const summary = await withCore(async (core) => {
    const counted: Summary = {
      run: core.random.uuid(),
      dry_run: flags.dryRun === true,
      lines: 0,
      imported: 0,
      already: 0,
      linked: 0,
      left_out: 0,
      shared: 0,
      noted: 0,
      findings: [],
    };
    const opened: (FileHandle | undefined)[] = [];
    try {
      for (const output of [flags.report, flags.subjects]) opened.push(await openOutput(output));
      const [report, subjects] = opened;
      const input = await openInput(file);
      const work = (on: Importing): Promise<void> => takeAll(core, input, flags, { report, subjects }, on, counted);
      await (counted.dry_run ? tryOut(core, work) : work(core));
      if (flags.replace === true && !counted.dry_run)
        await core.store.formerImport.forgetRun(counted.run).catch((error: unknown) => {
          remark(
            `what the run has noted of its lines is still in former_import_lines, and goes in a week: ${error instanceof Error ? error.message : String(error)}`,
          );
        });
    } finally {
      for (const handle of opened) await handle?.close();
    }
    return counted;
  });
  const { findings, ...counts } = summary;
  print(command, summary, () => [showRecord(counts), ...findings.map(show)].join('\n'));
  const toDecide = summary.left_out + summary.shared;
  if (toDecide > 0)
    throw new Refused(
      `${toDecide} lines want looking at: ${summary.left_out} left out, ${summary.shared} in with something that others claim too${flags.report === undefined ? '; --report <file> names all of them' : ''}`,
    );
}

export function addAccountImport(account: Command): void {
  account
    .command('import <file>')
    .description(
      'take over accounts of a former system, one JSON object a line (`-`: standard input); their people prove who they are at the first sign-in. May be interrupted and run again',
    )
    .option('--dry-run', 'say what it would do, and change nothing')
    .option('--report <file>', 'write what is to be looked at, one JSON object a line')
    .option('--subjects <file>', 'write which subject identifier each former id gets, one JSON object a line')
    .option(
      '--replace',
      'put a line that differs in the place of the record that waits, unless somebody has typed its password here',
    )
    .option(
      '--link-registered',
      'give accounts that have registered here already the former id that goes with their NIK',
    )
    .action(importAccounts);
}
