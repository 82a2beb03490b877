import { createLog } from '../../telemetry/log.ts';
import { ConformanceMisuse, readOptions, USAGE, type ConformanceOptions } from './options.ts';
import { startConformance, type Conformance } from './start.ts';

function explain(options: ConformanceOptions, { plans, tester, folder, caFile }: Conformance): string {
  return [
    '',
    `The sign-on is up for the conformance suite at ${options.suite}, with what it made in ${folder}.`,
    `  Issuer       ${options.issuer}`,
    `  To sign in   ${tester.identifier}, password ${tester.password}`,
    `  Certificate  is signed by ${caFile}, new at each start`,
    '',
    'In the suite choose a plan, then the variant, and paste the file:',
    ...plans.flatMap(({ name, variant }) => [
      `  ${name}.json`,
      ...Object.entries(variant).map(([key, value]) => `      ${key}=${value}`),
    ]),
    '',
    '  Ctrl-C stops it; what was made stays. docs/conformance.md tells what each module asks and what to expect.',
    '',
    '',
  ].join('\n');
}

if (process.env.NODE_ENV === 'production') {
  process.stderr.write('The conformance profile is for development: it never runs with NODE_ENV=production.\n');
  process.exit(1);
}
try {
  const options = readOptions(process.argv.slice(2));
  const running = await startConformance(options, createLog({ level: 'warn', pretty: process.stdout.isTTY }));
  process.stdout.write(explain(options, running));
  const stop = (): void => {
    void running.close().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n${error instanceof ConformanceMisuse ? `\n${USAGE}` : ''}`,
  );
  process.exit(error instanceof ConformanceMisuse ? 2 : 1);
}
