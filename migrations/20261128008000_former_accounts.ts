import type { Knex } from 'knex';

/**
 * Accounts of a former system whose people have yet to prove who they are. Nothing here is an account: what a person
 * proves makes one in `accounts`, under this id, and the row goes. So no index is unique but that of the former id: an
 * unproved NIK, address or number keeps nobody out, here or there. The release before this one neither reads nor writes
 * it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('former_accounts', (table) => {
    table.uuid('id').primary();
    table.text('legacy_id').notNullable().unique();
    table.binary('row_key').notNullable();
    table.binary('nik_sealed');
    table.binary('nik_index').index();
    table.binary('email_sealed');
    table.binary('email_index').index();
    table.binary('phone_sealed');
    table.binary('phone_index').index();
    table.text('index_key').notNullable().index();
    table.text('password_hash');
    table.smallint('bcrypt_cost').index();
    table.text('locale').notNullable();
    table.binary('line_digest').notNullable();
    table.bigInteger('line').notNullable();
    table.timestamp('imported_at', { useTz: true }).notNullable().index();
    table.timestamp('recognised_at', { useTz: true });
    table.check('nik_sealed is not null or password_hash is not null', [], 'former_accounts_way_in');
  });
  await knex.raw('create index former_accounts_sealed_by on former_accounts (sealed_by(row_key))');
  await knex.raw(
    'create trigger former_accounts_index_key before insert on former_accounts for each row execute function refuse_closed_index_key()',
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('former_accounts');
}
