import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parsePerson } from '../admin/accounts/forms.ts';
import { createAccountService } from '../admin/accounts/service.ts';
import { createClientService, type ClientRefusal } from '../admin/clients/service.ts';
import { handOf } from '../admin/clients/versions.ts';
import { createOperatorService } from '../admin/operators/service.ts';
import type { Core } from '../core.ts';
import type { Account } from '../domain/account.ts';
import type { Client } from '../domain/client.ts';
import { LOCALES } from '../domain/locale.ts';
import type { Nik } from '../domain/nik.ts';
import { roles } from '../domain/operator.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';

const people = z.array(
  z.object({
    nik: z.string(),
    name: z.string(),
    email: z.string(),
    phone: z.string(),
    password: z.string(),
    locale: z.enum(LOCALES),
    roles: z.array(z.enum(roles)).default([]),
  }),
);
const services = z.array(
  z.object({
    metadata: z.looseObject({ client_id: z.string() }),
    listing: z.object({ url: z.string(), id: z.string(), en: z.string() }),
  }),
);

export type SeededCitizen = Pick<
  z.infer<typeof people>[number],
  'nik' | 'name' | 'email' | 'phone' | 'password' | 'roles'
>;

export interface Seeded {
  /** Those who can sign in with what stands here: whoever has changed theirs since is left out. */
  readonly citizens: readonly SeededCitizen[];
  /** The sample services, in the order of config/seed/clients.json. */
  readonly clients: readonly Client[];
}

/**
 * The secret of a sample service, which has to know it again at each start; it hangs on the keyring of this machine.
 */
export const sampleSecret = ({ keyedHash }: Pick<Core, 'keyedHash'>, clientId: string): Sensitive<string> =>
  sensitive(keyedHash.hash('sample-client-secret', clientId).toString('base64url'));

/** Production starts empty. */
export class SeedRefused extends Error {
  readonly code = 'SEED_REFUSED';

  constructor() {
    super('seeds are invented people and services with known addresses: never in production');
  }
}

const read = async (name: string, fill: Readonly<Record<string, string>> = {}): Promise<unknown> => {
  const text = await readFile(new URL(`../../config/seed/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text.replaceAll(/\{(\w+)\}/g, (whole, key: string) => fill[key] ?? whole));
};

const failed = (what: string, refusal: ClientRefusal | readonly object[]): Error =>
  new Error(`config/seed: ${what} cannot be seeded: ${JSON.stringify(refusal)}`);

/**
 * A sample that was registered before its secret hung on the keyring, or was given another by hand, gets it besides.
 */
async function knowSample(core: Core, { id, secrets }: Client): Promise<void> {
  const { store, clock } = core;
  const secret = sampleSecret(core, id);
  const now = clock.now();
  const known = await store.clientSecrets.whichFits(id, secrets, secret);
  if (known !== undefined || secrets.length === 0) return;
  await store.clientSecrets.insert(id, {
    number: Math.max(...secrets.map(({ number }) => number)) + 1,
    secret,
    createdBy: 'seed',
    createdAt: now,
    expiresAt: undefined,
  });
}

async function seedClients(core: Core): Promise<Client[]> {
  // What the protocol makes of the samples, every sign-in of the tests shows.
  const clients = createClientService({ ...core, check: () => undefined });
  const seeded: Client[] = [];
  for (const { metadata, listing } of services.parse(
    await read('clients', { sampleService: `http://localhost:${core.config.sampleService.port}` }),
  )) {
    const created = await clients.create(
      [{ document: metadata, listing, secret: sampleSecret(core, metadata.client_id) }],
      { hand: handOf('seed') },
    );
    // Already there: the sample service may have moved to another port.
    const result =
      created.ok || created.refusal.reason !== 'client-id-taken'
        ? created
        : await clients.update(metadata.client_id, metadata, { listing });
    if (!result.ok) throw failed(metadata.client_id, result.refusal);
    const registered = 'client' in result.value ? result.value : result.value[0];
    if (registered === undefined) continue;
    await knowSample(core, registered.client);
    seeded.push(registered.client);
  }
  return seeded;
}

async function seedCitizens(core: Core): Promise<SeededCitizen[]> {
  const accounts = createAccountService(core);
  const operators = createOperatorService(core);
  // Stricter settings are for those who register; the samples must exist whatever is being tried out.
  const rules = {
    identity: { ...core.config.identity, allowTestRange: true },
    password: { ...core.config.password, profile: 'kemnaker' as const },
  };
  const seeded: SeededCitizen[] = [];
  for (const { locale, ...citizen } of people.parse(await read('accounts'))) {
    const person = parsePerson({ ...citizen, locale }, rules, core.clock.now());
    if (!person.ok) throw failed(citizen.nik, person.refusal);
    const existing = await accounts.find({ identifier: person.value.nik.map((value) => ({ kind: 'nik', value })) });
    const made = existing === undefined ? await accounts.create(person.value, 'seed') : undefined;
    // Given once: a role that was taken away while trying things out stays away.
    if (made?.ok === true)
      for (const role of citizen.roles) await operators.grant(made.value, role, { kind: 'command-line' });
    const isAsSeeded =
      existing?.status === 'active' &&
      existing.email?.reveal() === citizen.email &&
      (await core.passwords.verify(sensitive(citizen.password), existing.passwordHash)).matches;
    if (made?.ok === true || isAsSeeded) seeded.push(citizen);
  }
  return seeded;
}

/** What of the seeds lies in the database, whatever has become of it since. */
export async function seedsIn({
  store,
}: Core): Promise<{ readonly citizens: readonly Account[]; readonly clients: readonly Client[] }> {
  const niks = people.parse(await read('accounts')).map(({ nik }) => sensitive(nik as Nik));
  const ids = services.parse(await read('clients')).map(({ metadata }) => metadata.client_id);
  const [citizens, clients] = await Promise.all([
    Promise.all(niks.map((nik) => store.accounts.findByNik(nik))),
    Promise.all(ids.map((id) => store.clients.find(id))),
  ]);
  return { citizens: citizens.filter((one) => one !== undefined), clients: clients.filter((one) => one !== undefined) };
}

/**
 * Sample services and people for development and tests. Running it again brings the services back to what stands in
 * the files and leaves the people as they are.
 * @throws {SeedRefused} in production.
 */
export async function seed(core: Core): Promise<Seeded> {
  if (core.config.environment === 'production') throw new SeedRefused();
  return { clients: await seedClients(core), citizens: await seedCitizens(core) };
}
