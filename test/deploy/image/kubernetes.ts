/**
 * What `npm run test:image` asks of deploy/kubernetes: the example of an overlay, built by kubectl with the secrets as
 * docs/operasi/install.md makes them, and its pods run by podman. podman is no cluster: it runs pods. What it does not
 * know (jobs, services, ingress, network policies, scaling, spreading, readiness) the schemas alone have seen.
 */
import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import { makeKeyringDocument } from '../../../src/crypto/keyring-document.ts';
import { createAuthority } from '../../../src/dev/certificate.ts';
import { systemRandom } from '../../../src/ports/random/random.ts';
import { until } from '../../support/until.ts';
import { compose, variablesIn, type Document } from '../files.ts';
import { ENGINE, IMAGE, KUBE_SUBNET } from './launch.ts';
import { blocksOf } from './project.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const NETWORK = 'sso-kube';
const PASSWORD = 'rahasia';

const ask = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const podman = (...args: readonly string[]): string => ask(ENGINE, ...args);
const inspect = (name: string): Document => (JSON.parse(podman('inspect', name)) as Document[])[0];

describe('deploy/kubernetes, built by kubectl and run by podman', function () {
  this.timeout(300_000);
  let home: string;
  let overlay: string;
  let secret: Document;
  const built = (folder = ''): Document[] =>
    parseAllDocuments(ask('kubectl', 'kustomize', join(overlay, folder))).map((document) => document.toJS());
  const of = (documents: readonly Document[], kind: string): Document => documents.find((one) => one.kind === kind);
  const at = (name: string): string => join(home, 'secrets', name);

  /** A store as the compose file has it, in the network of the pods. */
  function startStore(service: 'postgres' | 'redis', ...options: readonly string[]): void {
    const {
      image,
      user,
      command = [],
      environment = {},
    } = compose().services[service] as {
      image: string;
      user: string;
      command?: string[];
      environment?: Record<string, string>;
    };
    const variables = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    podman(
      'run',
      '--detach',
      '--name',
      `${NETWORK}-${service}`,
      '--network',
      NETWORK,
      '--user',
      user,
      ...variables,
      ...options,
      image,
      ...command,
    );
  }

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'sso-kube-'));
    cpSync(join(root, 'deploy'), join(home, 'deploy'), { recursive: true });
    overlay = join(home, 'deploy/kubernetes.ours');
    const [commands = ''] = blocksOf('install.md', 'On Kubernetes');
    mkdirSync(join(home, 'secrets'));
    const contents = {
      'keyring.json': makeKeyringDocument(systemRandom),
      'database-url': `postgres://sso:${PASSWORD}@${NETWORK}-postgres/sso`,
      'redis-url': `redis://:${PASSWORD}@${NETWORK}-redis`,
      'dukcapil-password': PASSWORD,
      'dukcapil-ca.pem': createAuthority('SIAPkerja SSO, tests').cert,
      'sms-headers.json': '{"content-type":"application/json","authorization":"Bearer rahasia"}',
      'smtp-url': 'smtp://127.0.0.1:9',
    };
    for (const [name, content] of Object.entries(contents)) writeFileSync(at(name), content, { mode: 0o600 });
    // What needs no cluster is typed as it stands there, and what is asked of one is only printed.
    const typed = (start: string): string => commands.split('\n').find((line) => line.startsWith(start)) ?? '';
    execFileSync('sh', ['-ec', typed('cp ')], { cwd: home });
    secret = parseAllDocuments(
      execFileSync('sh', ['-ec', `${typed('kubectl create secret')} --dry-run=client --output yaml`], {
        cwd: home,
        encoding: 'utf8',
      }),
    )[0]?.toJS();

    podman('network', 'create', '--subnet', KUBE_SUBNET, NETWORK);
    writeFileSync(join(home, 'password'), PASSWORD);
    writeFileSync(join(home, 'redis.conf'), `requirepass ${PASSWORD}\n`);
    startStore('postgres', '--volume', `${home}/password:/run/secrets/postgres-password:ro`);
    startStore('redis', '--volume', `${home}/redis.conf:/run/secrets/redis.conf:ro`);
    for (const path of [home, join(home, 'password'), join(home, 'redis.conf')])
      chmodSync(path, path === home ? 0o755 : 0o644);
    await until(
      'PostgreSQL answers',
      () =>
        spawnSync(ENGINE, [
          'exec',
          `${NETWORK}-postgres`,
          ...(compose().services.postgres.healthcheck.test as string[]).slice(1),
        ]).status === 0,
      60_000,
    );
  });
  after(() => {
    for (const name of podman('ps', '--all', '--quiet', '--filter', `network=${NETWORK}`).split('\n').filter(Boolean))
      spawnSync(ENGINE, ['rm', '--force', '--time', '5', '--volumes', name]);
    for (const pod of podman('pod', 'ps', '--quiet', '--filter', 'name=sso').split('\n').filter(Boolean))
      spawnSync(ENGINE, ['pod', 'rm', '--force', pod]);
    spawnSync(ENGINE, ['network', 'rm', '--force', NETWORK]);
    rmSync(home, { recursive: true, force: true });
  });

  it('has the secrets that the settings name, and no other', () => {
    const { data } = of(built(), 'ConfigMap') as { data: Record<string, string> };
    const named = Object.values(data).flatMap((value) =>
      value.startsWith('/run/secrets/sso/') ? [value.slice('/run/secrets/sso/'.length)] : [],
    );
    expect(Object.keys(secret.data as object).sort()).to.deep.equal(named.sort());
    expect([secret.metadata.name, secret.metadata.namespace]).to.deep.equal(['sso-secrets', 'sso']);
  });

  it('is built with the settings, image and addresses of the overlay, for instances and migration alike', () => {
    const ours = variablesIn('deploy/kubernetes.example/ours/sso.env');
    for (const folder of ['', 'migrate']) {
      const documents = built(folder);
      expect(of(documents, 'ConfigMap').data, folder).to.include({
        ...variablesIn('deploy/kubernetes/settings/sso.env'),
        ...ours,
      });
      expect(of(documents, 'ConfigMap').metadata.name, folder).to.equal('sso-settings');
      expect(
        (of(documents, folder === '' ? 'Deployment' : 'Job').spec.template.spec.containers as Document[])[0].image,
        folder,
      ).to.match(/^registry\.contoh\.test\/sso:/);
      expect(JSON.stringify(documents), folder).not.to.match(/10\.0\.0\.(?!0\/8)|10\.20\.|account\.kemnaker/);
    }
  });

  /** Starts the pod of a Deployment or a Job. What podman does not know yet it is given otherwise. */
  function play(owner: Document, settings: Document): string {
    const { template } = owner.spec as { template: Document };
    const [container] = template.spec.containers as [Document];
    podman('tag', IMAGE ?? '', container.image as string);
    const files = join(home, 'mounted');
    rmSync(files, { recursive: true, force: true });
    mkdirSync(files);
    const [{ secret: source }] = template.spec.volumes as [{ secret: { defaultMode: number } }];
    for (const [name, value] of Object.entries(secret.data as Record<string, string>)) {
      writeFileSync(join(files, name), Buffer.from(value, 'base64'));
      // As the kubelet does by fsGroup and defaultMode.
      chownSync(join(files, name), 0, template.spec.securityContext.fsGroup as number);
      chmodSync(join(files, name), source.defaultMode);
    }
    // podman would ask by curl in the container, which has none.
    const { startupProbe: _startup, readinessProbe: _readiness, livenessProbe: _liveness, ...alone } = container;
    const name = owner.metadata.name as string;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: template.metadata.labels },
      spec: {
        ...template.spec,
        containers: [alone],
        volumes: [{ name: 'secrets', hostPath: { path: files, type: 'Directory' } }],
      },
    };
    writeFileSync(join(home, `${name}.yaml`), [settings, pod].map((one) => stringify(one)).join('---\n'));
    podman('kube', 'play', '--network', NETWORK, join(home, `${name}.yaml`));
    return `${name}-${container.name as string}`;
  }

  it('migrates by the pod of the job, once, and says what it did', async () => {
    const documents = built('migrate');
    const name = play(of(documents, 'Job'), of(documents, 'ConfigMap'));
    await until('the job has ended', () => inspect(name).State.Status === 'exited', 120_000);
    expect(inspect(name).State.ExitCode, podman('logs', name)).to.equal(0);
    expect(podman('logs', name)).to.include('done  ');
  });

  it('has an instance that becomes ready, with no right and a root that cannot be written', async () => {
    const documents = built();
    const name = play(of(documents, 'Deployment'), of(documents, 'ConfigMap'));
    const { State, HostConfig } = inspect(name);
    const status = readFileSync(`/proc/${String(State.Pid)}/status`, 'utf8');
    expect(status)
      .to.match(/CapEff:\s+0+\n/)
      .and.match(/CapBnd:\s+0+\n/)
      .and.match(/NoNewPrivs:\s+1\n/)
      .and.match(/Seccomp:\s+2\n/)
      .and.match(/Uid:\s+65532\s/)
      .and.match(/Gid:\s+65532\s/);
    expect(HostConfig.ReadonlyRootfs).to.equal(true);
    const probe = of(documents, 'Deployment').spec.template.spec.containers[0];
    const port =
      (probe.ports as { name: string; containerPort: number }[]).find(
        ({ name: called }) => called === probe.startupProbe.httpGet.port,
      )?.containerPort ?? 0;
    const [address] = Object.values(
      inspect(
        (inspect(name).Pod as string) === ''
          ? name
          : podman('pod', 'inspect', '--format', '{{.InfraContainerID}}', inspect(name).Pod as string),
      ).NetworkSettings.Networks as Record<string, { IPAddress: string }>,
    ).map(({ IPAddress }) => IPAddress);
    await until(
      'the instance is ready',
      async () =>
        (await fetch(`http://${address ?? ''}:${port}${probe.startupProbe.httpGet.path as string}`)).status === 200,
      60_000,
    );
    expect(
      (await fetch(`http://${address ?? ''}:${port}${probe.livenessProbe.httpGet.path as string}`)).status,
    ).to.equal(200);
  });

  it('stops within its grace, and serves to the end', () => {
    const { terminationGracePeriodSeconds: grace } = of(built(), 'Deployment').spec.template.spec as {
      terminationGracePeriodSeconds: number;
    };
    podman('stop', '--time', String(grace), 'sso-sso');
    expect(inspect('sso-sso').State.ExitCode).to.equal(0);
    expect(podman('logs', '--tail', '1', 'sso-sso')).to.include('stopped');
  });
});
