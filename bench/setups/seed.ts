import type { Core } from '../../src/core.ts';
import type { AccountId } from '../../src/domain/account.ts';
import type { ClientMetadata } from '../../src/domain/client.ts';
import type { Email } from '../../src/domain/email.ts';
import type { PersonName } from '../../src/domain/name.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import type { Credentials, Person } from '../scenarios/scenario.ts';

export const PASSWORD = 'Kopi-Hitam7!';
export const SERVICE: Credentials = {
  id: 'bench-service',
  secret: 'bench-service-secret-that-nobody-else-has',
  redirectUri: 'https://bench.test/cb',
};
export const MACHINE: Credentials = {
  id: 'bench-machine',
  secret: 'bench-machine-secret-that-nobody-else-has',
  redirectUri: '',
};

/** People who sign in; whoever else there is only makes the tables long. */
const MOST_PEOPLE = 2000;
const AT_ONCE = 16;

/**
 * Of whom the hash is cheap, and of whom it is as in production: whoever signs in where it is otherwise is hashed anew.
 */
export type Kind = 'cheap' | 'dear';

export function peopleOf(kind: Kind, accounts: number): () => Person {
  let next = 0;
  const count = Math.min(accounts, MOST_PEOPLE);
  return () => {
    next = (next + 1) % count;
    return { identifier: `${kind}-${next}@contoh.test`, password: PASSWORD };
  };
}

async function addPeople(
  { store, random, clock }: Core,
  kind: Kind,
  count: number,
  passwordHash: string,
): Promise<void> {
  const prefix = kind === 'cheap' ? '991' : '992';
  const add = async (number: number): Promise<void> => {
    const digits = String(number).padStart(8, '0');
    await store.accounts.insert({
      id: random.uuid() as AccountId,
      nik: sensitive(`${prefix}00000${digits}` as Nik),
      name: sensitive('BUDI CONTOH SANTOSO' as PersonName),
      email: sensitive(`${kind}-${number}@contoh.test` as Email),
      emailVerified: true,
      phone: sensitive(`+62${prefix}${digits}` as Phone),
      phoneVerified: true,
      passwordHash,
      locale: 'id',
      at: clock.now(),
    });
  };
  for (let from = 0; from < count; from += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => add(from + at)));
}

/**
 * Rows like those of real people, made inside the database: the size of everything is right and the indexes are as
 * scattered, but nothing of them opens and nobody finds them.
 */
async function addCrowd({ knex }: Core, count: number): Promise<void> {
  const columns = (await knex('information_schema.columns')
    .where({ table_schema: 'public', table_name: 'accounts' })
    .orderBy('ordinal_position')
    .pluck('column_name')) as string[];
  const value = (column: string): string => {
    if (column === 'id') return 'gen_random_uuid()';
    // A hash of its own for each row and column, as a keyed hash would be; null stays null.
    if (column.endsWith('_index'))
      return `case when t.${column} is null then null else sha256(convert_to('${column}' || n, 'utf8')) end`;
    return `t.${column}`;
  };
  const text = `insert into accounts (${columns.join(', ')}) select ${columns.map(value).join(', ')} from generate_series(?::int, ?::int) n, (select * from accounts limit 1) t`;
  const step = 25_000;
  for (let from = 1; from <= count; from += step) await knex.raw(text, [from, Math.min(count, from + step - 1)]);
}

async function addClients({ store, clock }: Core): Promise<void> {
  const at = clock.now();
  const add = async (
    type: 'web' | 'machine',
    { id, secret }: Credentials,
    metadata: Omit<ClientMetadata, 'client_id'>,
  ): Promise<void> => {
    if (
      !(await store.clients.insert({
        id,
        status: 'active',
        type,
        metadata: { client_id: id, ...metadata } as ClientMetadata,
        listing: undefined,
        createdAt: at,
        updatedAt: at,
      }))
    )
      return;
    await store.clientSecrets.insert(id, {
      number: 1,
      secret: sensitive(secret),
      createdBy: 'bench',
      createdAt: at,
      expiresAt: undefined,
    });
  };
  await add('web', SERVICE, {
    client_name: 'Layanan (contoh)',
    first_party: true,
    redirect_uris: [SERVICE.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: 'openid profile',
    token_endpoint_auth_method: 'client_secret_basic',
  });
  await add('machine', MACHINE, {
    client_name: 'Mesin (contoh)',
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  });
}

/** Clients and accounts, of which each kind has one real hash. */
export async function seed(core: Core, accounts: number, hashes: Readonly<Record<Kind, string>>): Promise<void> {
  await addClients(core);
  const real = Math.min(accounts, MOST_PEOPLE);
  await addPeople(core, 'cheap', real, hashes.cheap);
  await addPeople(core, 'dear', real, hashes.dear);
  if (accounts > 2 * real) await addCrowd(core, accounts - 2 * real);
  await core.knex.raw('vacuum analyze accounts');
}
