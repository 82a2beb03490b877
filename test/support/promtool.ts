import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'node_modules/.cache/prometheus');
const installed = process.env.PROMTOOL ?? '/usr/bin/promtool';

/** The system's own, or what `system-packages.ts` has unpacked beside the other packages. */
export const PROMTOOL = {
  folder,
  program: existsSync(installed) || process.env.PROMTOOL !== undefined ? installed : join(folder, 'usr/bin/promtool'),
} as const;
export const hasPromtool = (): boolean => existsSync(PROMTOOL.program);

/** @throws what it has to say, where it is not content. */
function ask(...args: readonly string[]): string {
  try {
    return execFileSync(PROMTOOL.program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${stdout}${stderr}`, { cause: error });
  }
}

function withFiles<T>(documents: Readonly<Record<string, unknown>>, use: (files: readonly string[]) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'sso-promtool-'));
  try {
    for (const [name, document] of Object.entries(documents)) writeFileSync(join(directory, name), stringify(document));
    return use(Object.keys(documents).map((name) => join(directory, name)));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Reads a configuration of Prometheus and the files of rules that it names. */
export const checkConfig = (file: string): string => ask('check', 'config', join(root, file));

/** Reads expressions. @throws what the parser says of those that are none. */
export const checkExpressions = (expressions: readonly string[]): string =>
  withFiles(
    {
      'rules.yaml': {
        groups: [
          { name: 'expressions', rules: expressions.map((expr, index) => ({ record: `expression:${index}`, expr })) },
        ],
      },
    },
    (files) => ask('check', 'rules', '--lint=none', ...files),
  );

/** The values of one series, by Prometheus' own notation for its unit tests. */
export interface Series {
  readonly series: string;
  readonly values: string;
}

export interface Fired {
  readonly exp_labels: Readonly<Record<string, string>>;
  readonly exp_annotations: Readonly<Record<string, string>>;
}

/** A test of one alert. */
export interface RuleTest {
  readonly name: string;
  readonly rule: { readonly alert: string };
  /** Between one value of the series and the next. */
  readonly interval: string;
  readonly series: readonly Series[];
  readonly expected: readonly { readonly minute: number; readonly fired: readonly Fired[] }[];
}

/**
 * Runs alerts over series, each alone, since a test that lasts for days would put all of them to the question every
 * minute. They are looked at once a minute, as Prometheus does where nothing else is set.
 */
export function testRules(tests: readonly RuleTest[]): string {
  const documents: Record<string, unknown> = {};
  for (const [index, { name, rule, interval, series, expected }] of tests.entries()) {
    documents[`rule-${index}.yaml`] = { groups: [{ name: 'alone', rules: [rule] }] };
    documents[`test-${index}.yaml`] = {
      rule_files: [`rule-${index}.yaml`],
      evaluation_interval: '1m',
      tests: [
        {
          name,
          interval,
          input_series: series,
          alert_rule_test: expected.map(({ minute, fired }) => ({
            eval_time: `${minute}m`,
            alertname: rule.alert,
            exp_alerts: fired,
          })),
        },
      ],
    };
  }
  return withFiles(documents, (files) => ask('test', 'rules', ...files.filter((file) => file.includes('/test-'))));
}
