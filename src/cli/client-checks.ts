import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Finding } from '../domain/check-judge.ts';
import { createOutboundFetch } from '../ports/outbound/outbound.ts';
import { createChecksOf } from '../sandbox.ts';
import { findTrial } from '../sandbox/trial.ts';
import { runCheck } from '../sandbox/run.ts';
import { createWalk } from '../sandbox/walk.ts';
import { sentences } from '../web/i18n.ts';
import { withCore } from './open.ts';
import { print, Refused, remark, showRows } from './terminal.ts';

const say = (key: string): string => sentences.en.get(key) ?? key;

const present = ({ scenario, state, optional, fault, detail }: Finding) => ({
  scenario,
  title: say(`sandbox.scenario.${scenario}.title`),
  state,
  optional,
  ...(fault === undefined ? {} : { fault, remedy: say(`sandbox.fault.${fault}`) }),
  ...(detail === undefined ? {} : { detail }),
});

async function check(id: string, flags: { readonly start?: string }, command: Command): Promise<void> {
  const outcome = await withCore(async (core) => {
    const { config, store } = core;
    const client = await findTrial(store, id);
    if (client === undefined) throw new Refused(`there is no client ${id}`);
    if (client.status === 'disabled') throw new Refused(`client ${id} is stopped`);
    if ((client.metadata.test_redirect_uris ?? []).length === 0)
      throw new Refused(`client ${id} has no test redirect URI: client update ${id} --test-redirect-uri …`);
    const start = flags.start ?? client.metadata.initiate_login_uri;
    if (start === undefined || !/^https?:\/\//i.test(start) || !URL.canParse(start))
      throw new Refused('--start must be the complete address at which the service begins a sign-in');

    const issuer = `${config.http.issuer}/sandbox`;
    // Besides what services may name, the two addresses that the operator names here.
    const allow = [
      ...config.outbound.allow,
      ...[issuer, start].map((one) => new URL(one).hostname.replace(/^\[|\]$/g, '')),
    ];
    const fetch = createOutboundFetch({ allow, loopback: config.environment !== 'production' });
    const discovery = await fetch(`${issuer}/.well-known/openid-configuration`).catch(() => undefined);
    if (discovery?.ok !== true)
      throw new Refused(`the sandbox does not answer at ${issuer}: is the server running, and SANDBOX on?`);
    const checks = createChecksOf(core);
    const wait = (ms: number): Promise<void> => delay(ms);
    return runCheck({ checks, walk: createWalk({ fetch, issuer, wait }), wait, remark }, client, start, 'operator');
  });
  const findings = outcome.findings.map(present);
  print(command, { client_id: id, passed: outcome.passed, findings }, () =>
    showRows(
      findings.map(({ state, title, detail, ...one }) => [
        state,
        title,
        [one.remedy, detail === undefined ? undefined : `(${detail})`].filter(Boolean).join(' '),
      ]),
    ),
  );
  if (!outcome.passed) throw new Refused(`client ${id} has not passed its integration check`);
}

export function addClientCheckCommand(client: Command): void {
  client
    .command('check <id>')
    .description(
      'try a service at the sandbox of the running server, as a browser would, and say point by point what it handles',
    )
    .option('--start <address>', 'where the service begins a sign-in at the sandbox; else its initiate_login_uri')
    .action(check);
}
