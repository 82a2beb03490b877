import { expect } from 'chai';
import { globSync } from 'node:fs';
import { parse } from 'yaml';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { readText } from '../support/imports.ts';
import {
  checkConfig,
  checkExpressions,
  hasPromtool,
  testRules,
  type Fired,
  type RuleTest,
  type Series,
} from '../support/promtool.ts';
import { alertCases, SCRAPED_EVERY } from './alert-cases.ts';

interface Alert {
  readonly alert: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
interface Dashboard {
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

const RULES = 'deploy/prometheus/alerts.yaml';
const { groups } = parse(readText(RULES)) as { groups: readonly { readonly rules: readonly Alert[] }[] };
const alerts = new Map(groups.flatMap(({ rules }) => rules).map((rule) => [rule.alert, rule]));
const ruleOf = (name: string): Alert => alerts.get(name) ?? expect.fail(`There is no alert ${name}.`);

const MINUTES: Readonly<Record<string, number>> = { m: 1, h: 60, d: 24 * 60 };
const patience = ({ for: given }: Alert): number =>
  Number.parseInt(given, 10) * (MINUTES[given.slice(-1)] ?? Number.NaN);

const fired = ({ labels, annotations }: Alert, of: Readonly<Record<string, string>>): Fired => ({
  exp_labels: { ...labels, ...of },
  exp_annotations: {
    ...annotations,
    summary: annotations.summary.replaceAll(
      /\{\{ \$labels\.(\w+) \}\}/g,
      (_, label: string) => of[label] ?? `(no ${label})`,
    ),
  },
});

const interval = (every: number): string => `${every * 60}s`;
const lengthOf = ({ values }: Series): number =>
  values.split(' ').reduce((sum, part) => sum + Number(part.split('x')[1]) + 1, 0);

const firing: readonly RuleTest[] = alertCases.map(
  ({ alert, every = SCRAPED_EVERY, fires, holdsFrom, labels = {} }) => {
    const rule = ruleOf(alert);
    const due = holdsFrom + patience(rule);
    return {
      name: `${alert} fires`,
      rule,
      interval: interval(every),
      series: fires,
      expected: [
        { minute: due - 1, fired: [] },
        { minute: due, fired: [fired(rule, labels)] },
      ],
    };
  },
);

const staying: readonly RuleTest[] = alertCases.flatMap(({ alert, every = SCRAPED_EVERY, quiet }) =>
  quiet.map((series, turn) => {
    const whole = Math.max(...series.map(lengthOf)) * every;
    const step = Math.max(1, Math.floor(whole / 200));
    return {
      name: `${alert} stays quiet (${turn + 1})`,
      rule: ruleOf(alert),
      interval: interval(every),
      series,
      expected: Array.from({ length: Math.floor(whole / step) }, (_, index) => ({ minute: index * step, fired: [] })),
    };
  }),
);

/**
 * What a process serves, asked for as often as Prometheus does, while something happens in the tenth minute of its
 * life.
 */
async function seen(happens: (metrics: Metrics) => void): Promise<readonly Series[]> {
  const metrics = createMetrics();
  metrics.protocol('grant.refresh-token', 'ok');
  const values = async (): Promise<ReadonlyMap<string, string>> =>
    new Map(
      (await metrics.text())
        .split('\n')
        .filter((line) => line.startsWith('sso_'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
    );
  const before = await values();
  happens(metrics);
  // A series of which nothing was said before is not there before: `_` is Prometheus' word for that.
  return [...(await values())].map(([series, after]) => ({
    series,
    values: `${before.get(series) ?? '_'}x39 ${after}x239`,
  }));
}

(hasPromtool() ? describe : describe.skip)('Alerts and dashboard, read by Prometheus itself', function () {
  this.timeout(60_000);

  it('are rules and expressions that it can read', () => {
    const dashboard = JSON.parse(readText('deploy/grafana/sso.json')) as Dashboard;
    const expressions = [...dashboard.panels.flatMap(({ targets = [] }) => targets), ...dashboard.annotations.list].map(
      ({ expr }) => expr,
    );
    expect(expressions.join(), 'no variable of Grafana, which Prometheus does not know').not.to.include('$');
    expect(checkExpressions(expressions)).to.include(`${expressions.length} rules found`);
    expect(() => checkExpressions(['sum(rate(sso_refused_total[5m])'])).to.throw(/unclosed left parenthesis/);
    expect(checkConfig('deploy/prometheus/scrape.yaml')).to.include(`${alerts.size} rules found`);
  });

  it('stand in the guides as they can be asked', () => {
    const pages = globSync('docs/operasi/*.md').map((page) => ({
      page,
      asked: [...readText(page).matchAll(/`(sso_\w+(?:\{[^`]*\})?)`/g)].map(([, expr = '']) => expr),
    }));
    expect(pages.flatMap(({ asked }) => asked).length).to.be.greaterThan(100);
    for (const { page, asked } of pages)
      if (asked.length > 0) expect(checkExpressions(asked), page).to.include('SUCCESS');
  });

  it('fire, each of them, when their time is over and not before, and say of whom they speak', () => {
    expect(alertCases.map(({ alert }) => alert)).to.have.members([...alerts.keys()]);
    expect(testRules(firing)).to.include('SUCCESS');
  });

  it('stay quiet, each of them, where it is just not enough', () => {
    expect(alertCases.filter(({ quiet }) => quiet.length === 0).map(({ alert }) => alert)).to.deep.equal([]);
    expect(testRules(staying)).to.include('SUCCESS');
  });

  it('hear what happens for the first time in the life of a process', async () => {
    const times = (count: number, happens: () => void): void => {
      for (let turn = 0; turn < count; turn += 1) happens();
    };
    const firsts: readonly (readonly [
      alert: string,
      of: Readonly<Record<string, string>>,
      happens: (metrics: Metrics) => void,
    ])[] = [
      [
        'SsoLogoutGivenUp',
        {},
        (metrics) => {
          metrics.watch(createLog({ level: 'silent' })).error({ event: 'logout.given-up', reason: 'suspended' });
        },
      ],
      [
        'SsoRegistryQuotaUsedUp',
        {},
        (metrics) => {
          metrics
            .watch(createLog({ level: 'silent' }))
            .warn({ event: 'registry.answered', outcome: 'quota', durationMs: 20 });
        },
      ],
      [
        'SsoServerErrors',
        { kind: 'grant.refresh-token' },
        (metrics) => {
          times(8, () => {
            metrics.protocol('grant.refresh-token', 'server_error');
          });
        },
      ],
      [
        'SsoRefusing',
        { kind: 'under-way' },
        (metrics) => {
          times(100, () => {
            metrics.refused('under-way', 'lag');
          });
        },
      ],
      [
        'SsoSmsFailingForOperator',
        { operator: 'xl' },
        (metrics) => {
          times(50, () => {
            metrics.watch(createLog({ level: 'silent' })).info({ event: 'registration.code.sent', operator: 'xl' });
          });
        },
      ],
    ];
    const tests = await Promise.all(
      firsts.map(async ([alert, of, happens]): Promise<RuleTest> => {
        const rule = ruleOf(alert);
        return {
          name: `${alert} hears the first time`,
          rule,
          interval: '15s',
          series: await seen(happens),
          expected: [
            { minute: 9, fired: [] },
            { minute: 10 + patience(rule), fired: [fired(rule, of)] },
          ],
        };
      }),
    );
    expect(testRules(tests)).to.include('SUCCESS');
  });
});
