import { expect } from 'chai';
import { existsSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesIn, readText } from '../support/imports.ts';
import { documentsIn, variablesIn, type Document } from './files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = filesIn('deploy/kubernetes', '.yaml').map((file) => `deploy/kubernetes/${file}`);
const kustomizations = files.filter((file) => file.endsWith('kustomization.yaml'));
const manifests = files.filter((file) => !kustomizations.includes(file)).flatMap(documentsIn);
const { version } = JSON.parse(readText('package.json')) as { version: string };
const settings = variablesIn('deploy/kubernetes/settings/sso.env');

const get = (kind: string, name: string): Document => {
  const found: Document = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};
const deployment = get('Deployment', 'sso');
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const podsWith = ([...manifests] as Document[])
  .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
  .map(({ spec }) => spec.template.spec);

/**
 * The object, and which of its fields nobody has looked at. The schemas let unknown fields pass, as the API once did; a
 * validator looks at each field that it knows, and goes through a map as a whole.
 */
function watched(value: Document, path = ''): { seen: Document; unseen: () => string[] } {
  if (typeof value !== 'object' || value === null) return { seen: value, unseen: () => [] };
  const children = new Map(Object.keys(value as object).map((key) => [key, watched(value[key], `${path}/${key}`)]));
  const looked = new Set<string>();
  const seen = new Proxy(value as object, {
    get: (target, key) => {
      looked.add(String(key));
      return typeof key === 'string' && children.has(key)
        ? children.get(key)?.seen
        : (Reflect.get(target, key) as unknown);
    },
    ownKeys: (target) => {
      for (const key of children.keys()) looked.add(key);
      return Reflect.ownKeys(target);
    },
  });
  return {
    seen,
    unseen: () => [...children].flatMap(([key, child]) => (looked.has(key) ? child.unseen() : [`${path}/${key}`])),
  };
}

/** What is wrong with a manifest by the schema of Kubernetes. */
async function mistakesIn(manifest: Document): Promise<string[]> {
  const models = (await import(`kubernetes-models/${manifest.apiVersion as string}`)) as Record<
    string,
    new (data: object) => { validate: () => void }
  >;
  const Model = models[manifest.kind as string];
  if (Model === undefined) return [`there is no ${manifest.apiVersion as string} ${manifest.kind as string}`];
  const { seen, unseen } = watched(manifest);
  try {
    // The constructor would look at every field by itself.
    Object.assign(
      new Model({}),
      Object.fromEntries(Object.keys(manifest as object).map((key) => [key, seen[key]])),
    ).validate();
  } catch (error) {
    return [(error as Error).message];
  }
  return unseen();
}

describe('The example of an overlay', () => {
  const overlay = 'deploy/kubernetes.example';
  const [instances, migration, ours] = ['', '/migrate', '/ours'].map(
    (folder) => documentsIn(`${overlay}${folder}/kustomization.yaml`)[0],
  ) as [Document, Document, Document];

  it('changes what is there: manifests, image, settings', () => {
    expect(
      [instances.resources, migration.resources]
        .flat()
        .map((path: string, index) => posix.join(overlay, index === 0 ? '' : 'migrate', path)),
    ).to.deep.equal(['deploy/kubernetes', 'deploy/kubernetes/migrate']);
    expect(
      [instances.components, migration.components]
        .flat()
        .map((path: string, index) => posix.join(overlay, index === 0 ? '' : 'migrate', path)),
    ).to.deep.equal([`${overlay}/ours`, `${overlay}/ours`]);
    const [{ name: image, newTag }] = ours.images as [Document];
    expect(documentsIn('deploy/kubernetes/kustomization.yaml')[0].images).to.deep.equal([
      { name: container.image, newName: image, newTag: version },
    ]);
    expect(newTag).to.equal(version);
    expect(
      Object.keys(variablesIn(`${overlay}/ours/sso.env`)).filter((name) => settings[name] === undefined),
    ).to.deep.equal([]);
  });

  it('has an address of its own for each that the manifests only give as an example', () => {
    const patched = new Set(
      (instances.patches as Document[])
        .filter(({ target }) => target.kind === 'NetworkPolicy')
        .map(({ target }) => target.name as string),
    );
    const withExamples = manifests
      .filter(({ kind, spec }) => kind === 'NetworkPolicy' && JSON.stringify(spec).includes('"cidr":"10.'))
      .map(({ metadata }) => metadata.name as string);
    for (const name of withExamples) expect(patched).to.include(name);
    for (const { target } of instances.patches as Document[])
      expect(get(target.kind as string, target.name as string), target.name as string).to.be.an('object');
  });
});

describe('The manifests for Kubernetes', () => {
  for (const manifest of manifests) {
    it(`have a ${manifest.kind as string} ${manifest.metadata.name as string} as the schema wants it`, async () => {
      expect(await mistakesIn(manifest)).to.deep.equal([]);
    });
  }

  it('would be refused with a field that is misspelled, or one of another type', async () => {
    const misspelled = structuredClone(deployment);
    misspelled.spec.template.spec.containers[0].readinesProbe = {};
    expect(await mistakesIn(misspelled)).to.deep.equal(['/spec/template/spec/containers/0/readinesProbe']);
    const wrong = structuredClone(deployment);
    wrong.spec.minReadySeconds = 'ten';
    expect(await mistakesIn(wrong)).to.have.lengthOf(1);
  });

  it('are all in a kustomization, which names nothing else', () => {
    const named = kustomizations.flatMap((file) => {
      const [{ resources, configMapGenerator = [] }] = documentsIn(file) as [Document];
      const generated = (configMapGenerator as Document[]).flatMap(({ envs }) => envs as string[]);
      return [...(resources as string[]), ...generated].map((path) => posix.join(posix.dirname(file), path));
    });
    for (const path of named) expect(existsSync(`${root}/${path}`), path).to.equal(true);
    const inFiles = named.filter((path) => !statSync(`${root}/${path}`).isDirectory() && path.endsWith('.yaml'));
    expect(inFiles.sort()).to.deep.equal(files.filter((file) => !kustomizations.includes(file)).sort());
  });

  it('run in a namespace that lets nobody have rights, and ask for none', () => {
    expect(get('Namespace', 'sso').metadata.labels['pod-security.kubernetes.io/enforce']).to.equal('restricted');
    for (const spec of podsWith) {
      expect(spec.automountServiceAccountToken).to.equal(false);
      expect(spec.securityContext).to.deep.include({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const one of spec.containers as Document[])
        expect(one.securityContext).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
    }
  });

  it('probe the address of monitoring, and are in the public Service with the other one alone', () => {
    const ports = Object.fromEntries(
      (container.ports as Document[]).map(({ name, containerPort }) => [name as string, String(containerPort)]),
    );
    expect(ports).to.deep.equal({ http: settings.PORT, monitoring: settings.METRICS_PORT });
    const probes = Object.fromEntries(
      ['startupProbe', 'readinessProbe', 'livenessProbe'].map((name) => [
        name,
        [container[name].httpGet.path, container[name].httpGet.port],
      ]),
    );
    expect(probes).to.deep.equal({
      startupProbe: ['/readyz', 'monitoring'],
      readinessProbe: ['/readyz', 'monitoring'],
      livenessProbe: ['/healthz', 'monitoring'],
    });
    expect(
      (get('Service', 'sso').spec.ports as Document[]).map(({ targetPort }) => targetPort as string),
    ).to.deep.equal(['http']);
    expect(deployment.spec.template.metadata.annotations['prometheus.io/port']).to.equal(settings.METRICS_PORT);
  });

  it('take an instance out of the Service long before it closes', () => {
    const { periodSeconds, failureThreshold } = container.readinessProbe;
    expect(Number(settings.DRAIN_DELAY_SECONDS)).to.be.greaterThan(periodSeconds * failureThreshold + 2);
  });

  it('mean the same pods everywhere', () => {
    const labels = deployment.spec.template.metadata.labels;
    const selectors = [
      deployment.spec.selector.matchLabels,
      get('Service', 'sso').spec.selector,
      get('PodDisruptionBudget', 'sso').spec.selector.matchLabels,
      ...(pod.topologySpreadConstraints as Document[]).map(({ labelSelector }) => labelSelector.matchLabels),
    ];
    for (const selector of selectors) expect(selector).to.deep.equal(labels);
    expect(get('HorizontalPodAutoscaler', 'sso').spec.scaleTargetRef).to.deep.equal({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'sso',
    });
    expect(deployment.spec.replicas, 'the autoscaler says how many').to.equal(undefined);
    expect(get('HorizontalPodAutoscaler', 'sso').spec.minReplicas).to.be.greaterThan(
      1 + Number(get('PodDisruptionBudget', 'sso').spec.maxUnavailable),
    );
  });

  it('count no machine that takes none when they spread: an upgrade would wait for ever for one of the control plane', () => {
    const strict = (pod.topologySpreadConstraints as Document[]).filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
    );
    expect(
      strict.map(({ topologyKey, nodeTaintsPolicy }) => [topologyKey as string, nodeTaintsPolicy as string]),
    ).to.deep.equal([['kubernetes.io/hostname', 'Honor']]);
  });

  it('deny every connection but those that have a name', () => {
    const policies = manifests.filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name !== 'nobody');
    expect(get('NetworkPolicy', 'nobody').spec).to.deep.equal({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    for (const { metadata, spec } of policies) {
      for (const { ports, to, from } of [...(spec.egress ?? []), ...(spec.ingress ?? [])] as Document[]) {
        expect(ports, metadata.name as string).to.have.lengthOf.greaterThan(0);
        expect(to ?? from, metadata.name as string).to.have.lengthOf.greaterThan(0);
      }
    }
    expect(get('NetworkPolicy', 'to-services').spec.egress[0].to[0].ipBlock.except).to.include.members([
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '169.254.0.0/16',
    ]);
  });

  it('migrate by the same image and settings', () => {
    const [migrate] = get('Job', 'sso-migrate').spec.template.spec.containers;
    expect(migrate).to.deep.include({
      image: container.image,
      envFrom: container.envFrom,
      volumeMounts: container.volumeMounts,
      args: ['src/cli.ts', 'migrate'],
    });
    expect(
      kustomizations
        .flatMap((file) => documentsIn(file)[0].images ?? [])
        .map(({ newTag }: Document) => newTag as string),
    ).to.deep.equal([version, version]);
  });
});
