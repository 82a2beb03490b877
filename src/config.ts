import { readFileSync } from 'node:fs';
import { settings } from './settings.ts';
import type { Setting } from './settings/kinds.ts';
import { crossProblems, productionProblems, type Problem } from './settings/problems.ts';

type ValuesOf<S> = S extends Setting<infer T> ? T : { readonly [K in keyof S]: ValuesOf<S[K]> };

/** All settings, typed and frozen: `config.http.port`, `config.otp.ttlSeconds`, … */
export type Config = ValuesOf<typeof settings>;

/** Every mistake of the configuration at once. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(
      [
        'The configuration has mistakes:',
        ...problems.map(({ name, what, example }) => `  ${name}: ${what}. Example: ${name}=${example}`),
      ].join('\n'),
    );
    this.problems = problems;
  }
}

export interface FlatSetting {
  readonly path: string;
  readonly setting: Setting<unknown>;
}

const isSetting = (node: object): node is Setting<unknown> => 'about' in node && 'fallback' in node;

/** The settings in the order in which they are written, with dotted paths. */
export function flattenSettings(node: object = settings, prefix = ''): FlatSetting[] {
  return Object.entries(node).flatMap(([key, child]: [string, object]) =>
    isSetting(child) ? [{ path: `${prefix}${key}`, setting: child }] : flattenSettings(child, `${prefix}${key}.`),
  );
}

const at = (tree: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (node, key) => (typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined),
      tree,
    );

function readFileOf(environment: string): unknown {
  const file = new URL(`../config/${environment}.json`, import.meta.url);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the environment says of a setting. A secret may lie in a file that a second variable names, as container engines
 * and systemd hand them over: an environment is read by whoever may look at the process.
 *
 * @throws {Error} with what is wrong with the file.
 */
function fromEnvironment({ env: name, secret }: Setting<unknown>, env: Environment): string | undefined {
  const given = (variable: string): string | undefined => (env[variable] === '' ? undefined : env[variable]);
  if (name === undefined) return undefined;
  const file = secret === true ? given(`${name}_FILE`) : undefined;
  if (file === undefined) return given(name);
  if (given(name) !== undefined) throw new Error(`it is set by itself and by ${name}_FILE: one of them`);
  let content: string;
  try {
    content = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`${name}_FILE cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (content === '') throw new Error(`${name}_FILE is empty: ${file}`);
  return content;
}

function freeze<T extends object>(tree: T): T {
  for (const child of Object.values(tree)) if (typeof child === 'object' && child !== null) freeze(child as object);
  return Object.freeze(tree);
}

/**
 * Reads the configuration: the fallbacks of `settings.ts`, over them `config/<environment>.json`, over them the
 * environment variables and the files that they name.
 *
 * @throws {ConfigError} with every problem, not only the first.
 */
export function loadConfig(env: Environment = process.env, overrides: object = {}): Config {
  const environment = env.NODE_ENV ?? 'development';
  const file = readFileOf(environment);
  const problems: Problem[] = [];
  const config: Record<string, unknown> = {};

  for (const { path, setting } of flattenSettings()) {
    const complain = (what: string): void => {
      problems.push({
        name: setting.env ?? path,
        what,
        example: setting.example ?? JSON.stringify(setting.fallback ?? '…'),
      });
    };
    let fromEnv: string | undefined;
    try {
      fromEnv = fromEnvironment(setting, env);
    } catch (error) {
      complain((error as Error).message);
    }
    const given = at(overrides, path) ?? fromEnv ?? at(file, path) ?? setting.fallback;
    const parsed = setting.type.safeParse(given);
    if (!parsed.success) complain(parsed.error.issues.map((issue) => issue.message).join('; '));
    const keys = path.split('.');
    const last = keys.pop() ?? path;
    const parent = keys.reduce<Record<string, unknown>>(
      (node, key) => (node[key] ??= {}) as Record<string, unknown>,
      config,
    );
    parent[last] = parsed.success ? parsed.data : setting.fallback;
  }

  const complete = config as unknown as Config;
  // What could not be read is told once, as that.
  const isTold = (name: string): boolean => problems.some((problem) => problem.name === name);
  problems.push(...crossProblems(complete).filter(({ name }) => !isTold(name)));
  if (complete.environment === 'production')
    problems.push(...productionProblems(complete).filter(({ name }) => !isTold(name)));
  if (problems.length > 0) throw new ConfigError(problems);
  return freeze(complete);
}
