import type { Knex } from 'knex';

const STEP = 250_000;
const hash = (salt: string): string => `sha256(convert_to('${salt}' || n, 'utf8'))`;

/** In steps, each of which is one statement; `n` counts. */
async function fill(knex: Knex, text: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += STEP)
    await knex.raw(text.replaceAll('@n', 'generate_series(?::int, ?::int) n'), [
      from,
      Math.min(count, from + STEP - 1),
    ]);
}

/**
 * What accounts carry with them: a device, a service that was visited and its receipt each, as they are after the first
 * sign-in.
 */
export async function addBelongings(knex: Knex): Promise<void> {
  await knex.raw(
    `insert into known_devices select id, sha256(id::text::bytea), now() - random() * interval '300 days', now() - random() * interval '300 days' from accounts on conflict do nothing`,
  );
  await knex.raw(
    `insert into service_visits select id, 'bench-service', now() - random() * interval '300 days' from accounts on conflict do nothing`,
  );
  await knex.raw(`insert into consent_texts values ('bench', '{}', now()) on conflict do nothing`);
  await knex.raw(`insert into consent_receipts (id, account_id, client_id, text_version, kind, locale, occasion, given_at)
                  select gen_random_uuid(), id, 'bench-service', 'bench', 'consent', 'id', sha256(gen_random_uuid()::text::bytea), now() from accounts`);
}

/**
 * Events of a year, of people and kinds as they come, and the chain over them: links of the right size, which nobody
 * could verify.
 */
export async function addEvents(knex: Knex, count: number): Promise<void> {
  await fill(
    knex,
    `insert into audit_log (id, at, type, account_id, client_id, details)
     select gen_random_uuid(), now() - random() * interval '365 days', case when n % 20 = 0 then 'registration.completed' when n % 10 = 1 then 'sign-in.refused' else 'sign-in.succeeded' end,
            gen_random_uuid(), 'client-' || (n % 300),
            case when n % 1000 = 0 then jsonb_build_object('by', 'operator:' || n, 'reason', 'a ticket') else jsonb_build_object('method', 'password', 'knownDevice', true) end
       from @n`,
    count,
  );
  await knex.raw(
    `insert into audit_chain (position, event_id, hash, event_at) select coalesce((select max(position) from audit_chain), 0) + row_number() over (), event_id, sha256(event_id::text::bytea), at from audit_unchained`,
  );
  await fill(
    knex,
    `insert into verification_log (id, draft_id, account_id, nik_hash, at, outcome, response_code, institution, threshold, reference, policy_version, client_id, duration_ms)
     select gen_random_uuid(), gen_random_uuid(), null, ${hash('nik')}, now() - random() * interval '365 days', 'verified', '13', 'KEMNAKER', 90, gen_random_uuid()::text, '1', 'client-' || (n % 300), 400 from @n`,
    Math.round(count / 10),
  );
}

/**
 * Client applications like those of a ministry's, by the thousand: with what a registration says of purposes and
 * addresses, nearly two kilobytes each.
 */
export const addServices = (knex: Knex, count: number): Promise<void> =>
  fill(
    knex,
    `insert into clients (id, status, type, metadata, created_at, updated_at)
     select 'layanan-' || n, 'active', 'web', jsonb_build_object('client_id', 'layanan-' || n, 'client_name', 'Dinas ' || chr(65 + n % 26) || ' nomor ' || n, 'redirect_uris', jsonb_build_array('https://layanan-' || n || '.contoh.test/cb'),
            'grant_types', '["authorization_code"]'::jsonb, 'response_types', '["code"]'::jsonb, 'scope', 'openid profile email', 'token_endpoint_auth_method', 'client_secret_basic', 'client_uri', 'https://layanan-' || n || '.contoh.test',
            'post_logout_redirect_uris', jsonb_build_array(repeat(md5('a' || n), 6), repeat(md5('b' || n), 6)), 'data_use', jsonb_build_object('profile', repeat(md5('c' || n), 18), 'email', repeat(md5('d' || n), 12))), now(), now() from @n
     on conflict do nothing`,
    count,
  );

export interface TableSize {
  readonly table: string;
  readonly rows: number;
  readonly bytesPerRow: number;
  readonly indexBytesPerRow: number;
  readonly totalMiB: number;
}

/** Every table with rows, counted; its bytes with what is too long for a row, and those of its indexes. */
export async function sizesOf(knex: Knex): Promise<readonly TableSize[]> {
  const { rows } = await knex.raw<{ rows: { table: string; own: number | string; indexes: number | string }[] }>(
    `select relname as table, pg_table_size(oid) as own, pg_indexes_size(oid) as indexes from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
  );
  const found: TableSize[] = [];
  for (const { table, own, indexes } of rows) {
    const counted = Number(((await knex(table).count('* as n').first()) as { n: number | string }).n);
    if (counted > 0)
      found.push({
        table,
        rows: counted,
        bytesPerRow: Math.round(Number(own) / counted),
        indexBytesPerRow: Math.round(Number(indexes) / counted),
        totalMiB: Math.round((Number(own) + Number(indexes)) / 104_857.6) / 10,
      });
  }
  return found;
}
