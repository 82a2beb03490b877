import type { Knex } from 'knex';

/**
 * Under which key of the keyring the blind indexes of an account are: those of earlier releases are under the first.
 * And which keys are closed: an instance that slept through their replacement must not claim a NIK by one of them,
 * since whoever holds it under the new key would not be noticed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw("alter table accounts add column index_key text not null default 'k1'");
  await knex.raw('create index accounts_index_key on accounts (index_key)');
  await knex.schema.createTable('closed_index_keys', (table) => {
    table.text('key_id').primary();
    table.timestamp('closed_at', { useTz: true }).notNullable();
  });
  await knex.raw(`
    create function refuse_closed_index_key() returns trigger language plpgsql as $$
    begin
      if exists (select 1 from closed_index_keys where key_id = new.index_key) then
        raise exception 'the blind index key % is replaced: this instance needs the present keyring', new.index_key using errcode = 'object_not_in_prerequisite_state';
      end if;
      return new;
    end $$`);
  await knex.raw(
    'create trigger accounts_index_key before insert on accounts for each row execute function refuse_closed_index_key()',
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop trigger accounts_index_key on accounts');
  await knex.raw('drop function refuse_closed_index_key()');
  await knex.schema.dropTable('closed_index_keys');
  await knex.raw('drop index accounts_index_key');
  await knex.raw('alter table accounts drop column index_key');
}
