/** What `npm run test:image` asks of the image itself. */
import { expect } from 'chai';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose, copied, instructions } from '../files.ts';
import { readText } from '../../support/imports.ts';
import { ENGINE, IMAGE, inImage } from './launch.ts';

interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly path: string;
}

const image = IMAGE ?? '';
const MEBIBYTE = 1024 * 1024;
const LARGEST_MIB = 300;
/** What the file of the image had compiled. */
const LOADING = "import('./src/engine.ts').then(() => import('./src/server.ts'))";
const inspected = (): { Size: number; Config: Record<string, unknown> } =>
  (
    JSON.parse(execFileSync(ENGINE, ['image', 'inspect', image], { encoding: 'utf8' })) as [
      { Size: number; Config: Record<string, unknown> },
    ]
  )[0];

function entries(): Entry[] {
  const directory = mkdtempSync(join(tmpdir(), 'siapkerja-image-'));
  const archive = join(directory, 'image.tar');
  const container = execFileSync(ENGINE, ['create', '--pull=never', image], { encoding: 'utf8' }).trim();
  try {
    execFileSync(ENGINE, ['export', '--output', archive, container]);
    const list = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', archive], {
      encoding: 'utf8',
      maxBuffer: 64 * MEBIBYTE,
    });
    return list
      .trim()
      .split('\n')
      .map((line) => {
        const [, mode = '', owner = '', path = ''] = /^(\S+) (\S+) +\d+ \S+ \S+ (.*?)(?: -> .*)?$/.exec(line) ?? [];
        return { mode, owner, path: path.replace(/^\.\//, '') };
      });
  } finally {
    execFileSync(ENGINE, ['rm', container], { stdio: 'ignore' });
    rmSync(directory, { recursive: true });
  }
}

describe('The image, built', function () {
  this.timeout(120_000);
  let all: Entry[];
  before(() => {
    all = entries();
  });
  const paths = (matches: (entry: Entry) => boolean): string[] => all.filter(matches).map(({ path }) => path);
  const node = (script: string): { status: number | null; out: string } => {
    const { status, stdout, stderr } = spawnSync(ENGINE, inImage(image, [], '-e', script), { encoding: 'utf8' });
    return { status, out: stdout + stderr };
  };

  it('is no larger than it has to be', () => {
    const { Size } = inspected();
    console.log(`      ${Math.round(Size / MEBIBYTE)} MiB`);
    expect(Size).to.be.lessThan(LARGEST_MIB * MEBIBYTE);
  });

  it('has no shell, no package manager and no program but Node', () => {
    const programs = paths(
      ({ path, mode }) => /(?:^|\/)s?bin\/./.test(path) && !path.startsWith('sso/') && mode.startsWith('-'),
    );
    expect(programs).to.deep.equal(['usr/local/bin/node']);
    expect(paths(({ path }) => /\/node_modules\/(?:npm|corepack)\//.test(path))).to.deep.equal([]);
  });

  it('has of the repository what is copied, and nothing else: no test, no key, no data, no settings of somebody', () => {
    const [top, ours] = [
      new Set<string>(),
      paths(({ path }) => path.startsWith('sso/') && !path.startsWith('sso/node_modules/')),
    ];
    for (const path of ours) top.add(path.split('/')[1] ?? '');
    top.delete('');
    expect([...top].sort()).to.deep.equal(
      [...new Set([...copied().map((path) => path.split('/')[0]!), 'compiled'])].sort(),
    );
    expect(
      ours.filter((path) =>
        /\.test\.ts$|\.(?:pem|key|crt|env|log)$|(?:^|\/)(?:keyring[^/]*\.json|\.env[^/]*|\.git|\.data|\.npmrc)(?:\/|$)/.test(
          path,
        ),
      ),
    ).to.deep.equal([]);
    expect(
      paths(({ path }) => /(?:^|\/)(?:\.npmrc|\.npm)(?:\/|$)/.test(path) && !path.includes('/node_modules/')),
    ).to.deep.equal([]);
  });

  it('has no package that is only for development', () => {
    const { packages } = JSON.parse(readText('package-lock.json')) as {
      packages: Record<string, { dev?: true; devOptional?: true }>;
    };
    const development = Object.entries(packages)
      .filter(([, { dev }]) => dev === true)
      .map(([path]) => `sso/${path}/`);
    expect(development).to.include('sso/node_modules/mocha/');
    const there = new Set(all.map(({ path }) => path));
    expect(development.filter((path) => there.has(path))).to.deep.equal([]);
    expect(there.has('sso/node_modules/oidc-provider/')).to.equal(true);
  });

  it('belongs to root, and gives nobody rights over it', () => {
    const isLink = ({ mode }: Entry): boolean => mode.startsWith('l');
    expect(
      paths(
        (entry) =>
          /^(?:sso|usr\/local)\//.test(entry.path) &&
          (entry.owner !== '0/0' || (!isLink(entry) && /^.(?:.{4}w|.{7}w)/.test(entry.mode))),
      ),
    ).to.deep.equal([]);
    expect(
      paths(({ mode }) => /^-.*s/i.test(mode)),
      'setuid or setgid',
    ).to.deep.equal([]);
  });

  it('runs as somebody without rights, on a root that cannot be written', () => {
    const { status, out } = node(`
      const { readFileSync, writeFileSync } = require('node:fs');
      const failed = ['/tmp/x', '/sso/x', '/home/nonroot/x'].map((path) => { try { writeFileSync(path, ''); return path; } catch ({ code }) { return code; } });
      const [, effective] = readFileSync('/proc/self/status', 'utf8').match(/CapEff:\\s*(\\w+)/);
      console.log(JSON.stringify([process.getuid(), process.getgid(), Number('0x' + effective), failed, process.version]));`);
    expect(status, out).to.equal(0);
    const version = (JSON.parse(readText('package.json')) as { devDependencies: { node: string } }).devDependencies
      .node;
    expect(JSON.parse(out)).to.deep.equal([65532, 65532, 0, ['EROFS', 'EROFS', 'EROFS'], `v${version}`]);
  });

  it('names no secret, and says how it is run', () => {
    const { Config } = inspected();
    expect(
      (Config.Env as string[])
        .map((one) => one.split('=')[0])
        .filter((name) => /SECRET|PASSWORD|TOKEN|KEYRING|URL/i.test(name ?? '')),
    ).to.deep.equal([]);
    expect(Config).to.deep.include({
      User: instructions().findLast(({ name }) => name === 'USER')?.value,
      WorkingDir: '/sso',
      StopSignal: 'SIGTERM',
    });
    expect(compose().services['sso-1'].user).to.equal(Config.User);
  });

  it('has the command line in it, which tells all at once what production lacks', () => {
    const help = spawnSync(ENGINE, inImage(image, [], 'src/cli.ts', '--help'), { encoding: 'utf8' });
    expect([help.status, help.stdout.includes('doctor')], help.stderr).to.deep.equal([0, true]);
    const bare = spawnSync(ENGINE, inImage(image, []), { encoding: 'utf8' });
    expect([bare.status, bare.stderr.includes('DATABASE_URL: production needs')], bare.stderr).to.deep.equal([1, true]);
  });

  it('begins with its program compiled', () => {
    const { stdout, stderr } = spawnSync(
      ENGINE,
      inImage(image, ['--env', 'NODE_DEBUG_NATIVE=COMPILE_CACHE'], '--max-semi-space-size=16', '--eval', LOADING),
      { encoding: 'utf8', maxBuffer: 64 * MEBIBYTE },
    );
    const said = stdout + stderr;
    expect(said.match(/was accepted/g)?.length ?? 0, said.slice(0, 500)).to.be.greaterThan(1000);
    expect(said.match(/was rejected|reading cache from .* not found/g)).to.equal(null);
  });

  it('knows by itself whether it is healthy', async () => {
    const [, script = ''] =
      /CMD \["[^"]+", "-e", "(.*)"\]$/.exec(instructions().find(({ name }) => name === 'HEALTHCHECK')?.value ?? '') ??
      [];
    expect(script).to.include(':9464/healthz');
    let status = 200;
    const server = createServer((_request, response) => {
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = (): Promise<number> =>
      new Promise((resolve) => {
        execFile(ENGINE, inImage(image, [], '-e', script.replace(':9464', `:${port}`)), (error) => {
          resolve(Number(error?.code ?? 0));
        });
      });
    try {
      expect(await ask(), 'healthy').to.equal(0);
      status = 503;
      expect(await ask(), 'not well').to.equal(1);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect(await ask(), 'nobody there').to.equal(1);
  });
});
