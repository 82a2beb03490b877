import { expect } from 'chai';
import { parse } from 'yaml';
import { eventMeanings } from '../../src/audit/events.ts';
import { logEvents } from '../../src/domain/log-event.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { watchGauges, watchHttp } from '../../src/gauges.ts';
import { readText } from '../support/imports.ts';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const { groups } = parse(readText('deploy/prometheus/alerts.yaml')) as {
  groups: readonly { readonly rules: readonly Alert[] }[];
};
const alerts = groups.flatMap(({ rules }) => rules);
const { panels } = JSON.parse(readText('deploy/grafana/sso.json')) as { panels: readonly Panel[] };
const queries = [
  ...alerts.map(({ alert, expr }) => ({ from: `alert ${alert}`, expr })),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ from: `panel "${title}"`, expr }))),
];

/** Every figure there is, whatever is configured, with its labels: they are named before there is a value. */
async function served(): Promise<{ readonly names: ReadonlySet<string>; readonly text: string }> {
  const metrics = createMetrics();
  const nothing = new Proxy({}, { get: () => ({}) });
  watchGauges(metrics, nothing as Parameters<typeof watchGauges>[1]);
  watchHttp(metrics, nothing as Parameters<typeof watchHttp>[1]);
  const text = await metrics.text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return {
    text,
    names: new Set(
      types.flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
      ),
    ),
  };
}

describe('Alerts and dashboard', () => {
  it('ask only for figures that the product serves', async () => {
    const { names } = await served();
    const unknown = queries.flatMap(({ from, expr }) =>
      [...expr.replaceAll(/"[^"]*"/g, '').matchAll(/\b(?:sso|nodejs|process)_\w+/g)]
        .map(([name]) => name)
        .filter((name) => !names.has(name))
        .map((name) => `${from}: ${name}`),
    );
    expect(unknown).to.deep.equal([]);
    for (const { from, expr } of queries) {
      expect(expr, from).to.match(/(?:sso|nodejs|process)_\w+|up\{/);
      const ofAnyProgram = expr.replaceAll(/\w+\{[^}]*job="sso"[^}]*\}/g, '').replaceAll(/"[^"]*"/g, '');
      expect(ofAnyProgram, `${from}: name the job`).not.to.match(/\b(?:up|nodejs_\w+|process_\w+)\b/);
    }
  });

  it('leave out no figure of the product, and the page on monitoring explains each in both languages', async () => {
    const own = [
      ...new Set(
        [...(await served()).names]
          .filter((name) => name.startsWith('sso_'))
          .map((name) => name.replace(/_(?:bucket|count|sum)$/, '')),
      ),
    ];
    const asked = queries.map(({ expr }) => expr).join('\n');
    expect(
      own.filter((name) => !asked.includes(name)),
      'in no panel and no alert',
    ).to.deep.equal([]);
    for (const page of ['docs/operasi/monitoring.md', 'docs/operasi/pemantauan.md'])
      expect(
        own.filter((name) => !readText(page).includes(name)),
        page,
      ).to.deep.equal([]);
  });

  it('name only events that there are', () => {
    const events = [...Object.keys(eventMeanings), ...logEvents];
    for (const { from, expr } of queries) {
      for (const [, operator, value = ''] of expr.matchAll(/event(=~?)"([^"]*)"/g)) {
        // PromQL writes a backslash twice in a string, and matches the whole value.
        const pattern = operator === '=' ? undefined : new RegExp(`^(?:${value.replaceAll('\\\\', '\\')})$`);
        expect(
          events.some((event) => (pattern === undefined ? event === value : pattern.test(event))),
          `${from}: ${value}`,
        ).to.equal(true);
      }
    }
  });

  it('say for each alert how urgent it is and, in both languages, what to do', () => {
    const names = alerts.map(({ alert }) => alert);
    expect(new Set(names).size).to.equal(names.length);
    for (const { alert, labels, annotations } of alerts) {
      expect(['page', 'ticket'], alert).to.include(labels.severity);
      expect(annotations.summary, alert).not.to.equal('');
      expect(annotations.runbook, alert).to.equal(`docs/operasi/runbook.md#${alert.toLowerCase()}`);
    }
    for (const page of ['docs/operasi/runbook.md', 'docs/operasi/tindakan.md']) {
      const sections = readText(page).split(/^## /m).slice(1);
      expect(
        sections.map((section) => section.split('\n', 1)[0]),
        page,
      ).to.have.members(names);
      for (const section of sections) expect(section, page).to.match(/^\S+\n\n\S.+\n\n1\. /);
    }
  });

  it('fill the dashboard without gap or overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
    const taken = new Set<string>();
    for (const {
      title,
      gridPos: { x, y, w, h },
    } of panels) {
      expect(x + w, title).to.be.at.most(24);
      for (let column = x; column < x + w; column += 1) {
        for (let row = y; row < y + h; row += 1) {
          expect(taken.has(`${column},${row}`), title).to.equal(false);
          taken.add(`${column},${row}`);
        }
      }
    }
    expect(taken.size, 'no gap').to.equal(24 * Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)));
  });

  it('have figures whose number does not grow with what strangers or people say', async () => {
    const metrics = createMetrics();
    const log = metrics.watch(createLog({ level: 'silent' }));
    const say = (turn: number): void => {
      const odd = `Orang ke-${turn} 99010101${String(10_000_000 + turn)}`;
      metrics.request({ method: `M${turn}`, path: `/${odd}/${turn}`, status: 404, seconds: turn });
      for (const event of [...Object.keys(eventMeanings), ...logEvents]) {
        log.info({
          event,
          reason: odd,
          trouble: odd,
          limit: odd,
          by: odd,
          error: odd,
          helpCode: `K7Q2-${turn}`,
          nik: odd,
          channel: 'sms',
          purpose: 'activation-code',
          operator: 'Telkomsel',
          outcome: 'verified',
          durationMs: turn,
          accountId: odd,
          clientId: odd,
        });
      }
    };
    const series = async (): Promise<number> =>
      (await metrics.text()).split('\n').filter((line) => line.startsWith('sso_')).length;
    say(0);
    const first = await series();
    for (let turn = 1; turn < 200; turn += 1) say(turn);
    expect(await series()).to.equal(first);
    // What is measured may be any number: what is said stands before it.
    const names = (await metrics.text())
      .split('\n')
      .map((line) => (line.startsWith('#') ? line : line.replace(/ [^ ]+$/, '')));
    expect(names.join('\n')).not.to.match(/Orang|9901/);
  });
});
