import type { Command } from 'commander';
import { createPeriodicJobs } from '../periodic.ts';
import { withCore } from './open.ts';
import { print, Refused, showRows } from './terminal.ts';

const when = (at: Date | undefined): string => at?.toISOString() ?? '-';

async function list(_flags: object, command: Command): Promise<void> {
  const jobs = await withCore((core) => createPeriodicJobs(core).standings());
  print(command, jobs, () =>
    showRows([
      ['job', 'when', 'state', 'last done', 'last failed', 'why'],
      ...jobs.map(({ label, cron, running, waitingSince, lastDoneAt, lastFailedAt, lastError }) => [
        label,
        cron,
        running ? 'running' : waitingSince === undefined ? 'idle' : 'waiting',
        when(lastDoneAt),
        when(lastFailedAt),
        lastError ?? '-',
      ]),
    ]),
  );
}

async function run(label: string, _flags: object, command: Command): Promise<void> {
  const done = await withCore(async (core) => {
    const jobs = createPeriodicJobs(core);
    const labels = (await jobs.standings()).map((job) => job.label);
    if (!labels.includes(label)) throw new Refused(`no job is called ${label}; there are ${labels.join(', ')}`);
    return jobs.runNow(label);
  });
  if (!done) throw new Refused(`${label} is running already, or waits to be taken by an instance`);
  print(command, { job: label, done }, () => `done  ${label}`);
}

export function addJobCommands(program: Command): void {
  const jobs = program.command('jobs').description('what runs by itself from time to time, once over all instances');
  jobs.command('list').description('each job: when it runs, how it stands, what became of the last runs').action(list);
  jobs.command('run').argument('<job>', 'its name').description('do it now, in this process').action(run);
}
