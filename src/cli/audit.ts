import type { Command } from 'commander';
import { positionOf, type ChainPlace } from '../audit/chain.ts';
import type { Core } from '../core.ts';
import type { Seal } from '../store/retention.ts';
import { withCore } from './open.ts';
import { print, Refused } from './terminal.ts';

interface VerifyFlags {
  readonly after?: string;
}

interface Walked {
  readonly brokenAt: number | undefined;
  readonly end: number;
  readonly seal: Seal | undefined;
  /** Where it went on, and when the run before had come there. */
  readonly from: { readonly position: number; readonly at: Date } | undefined;
}

/** Whoever stops it, or loses the database, need not begin anew. */
const howToGoOn = ({ audit }: Core, place: ChainPlace): string =>
  `whole so far, up to position ${positionOf(place)}. This goes on from there: sso audit verify --after ${audit.marks.of(place)}`;

/** @param core  with a store that may stop in the middle. */
export async function walk(core: Core, after: string | undefined, signal: AbortSignal): Promise<Walked> {
  const { audit, store } = core;
  const mark = after === undefined ? undefined : audit.marks.read(after);
  if (after !== undefined && mark === undefined)
    throw new Refused('that is no mark of a run here: --after takes what an interrupted run has printed, whole');
  const told = async (brokenAt: number | undefined): Promise<Walked> => ({
    brokenAt,
    end: (await store.audit.chainEnd())?.position ?? 0,
    seal: (await store.retention.seals()).at(-1),
    from: mark === undefined ? undefined : { position: positionOf(mark.place), at: mark.at },
  });
  for (let place = mark?.place; ;) {
    if (signal.aborted) throw new Refused(`interrupted${place === undefined ? '' : `: ${howToGoOn(core, place)}`}`);
    const here = place;
    const { brokenAt, next } = await audit.verifyNext(store, here).catch((error: unknown) => {
      if (here === undefined) throw error;
      throw new Refused(`${error instanceof Error ? error.message : String(error)}\n${howToGoOn(core, here)}`);
    });
    if (brokenAt !== undefined || next === undefined) return told(brokenAt);
    place = next;
  }
}

async function verify({ after }: VerifyFlags, command: Command): Promise<void> {
  const stopped = new AbortController();
  const stop = (): void => {
    stopped.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const { brokenAt, end, seal, from } = await withCore((core) => walk(core, after, stopped.signal)).finally(() => {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  });
  const since =
    seal === undefined
      ? ''
      : ` It begins at position ${seal.position}: events of before ${seal.before.toISOString().slice(0, 10)} were removed when their time was over.`;
  const before =
    from === undefined
      ? ''
      : ` Up to position ${from.position} an earlier run has looked, until ${from.at.toISOString()}; what was done there since it has not seen.`;
  const sealed = seal === undefined ? {} : { sealed: { position: seal.position, before: seal.before.toISOString() } };
  const goneOn = from === undefined ? {} : { after: { position: from.position, at: from.at.toISOString() } };
  print(
    command,
    { whole: brokenAt === undefined, ...(brokenAt === undefined ? { end } : { brokenAt }), ...sealed, ...goneOn },
    () => (brokenAt === undefined ? `The chain is whole, up to position ${end}.${since}${before}` : ''),
  );
  if (brokenAt !== undefined)
    throw new Refused(`the audit chain is broken at position ${brokenAt}: an event was changed or removed`);
}

export function addAuditCommands(program: Command): void {
  program
    .command('audit')
    .description('the audit log')
    .command('verify')
    .description('check that no event was changed or removed; may be interrupted, and says then how to go on')
    .option('--after <mark>', 'go on where an interrupted run has come to, by the mark that it has printed')
    .action(verify);
}
