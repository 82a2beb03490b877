import type { Knex } from 'knex';

/**
 * One row per activated person. NIK, name, e-mail and phone are sealed under the row's own key; the `*_index` columns
 * are keyed hashes by which they are found. A NIK is unique for good; an e-mail or a number only once possession is
 * proved, so that an unproved one blocks nobody.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('accounts', (table) => {
    table.uuid('id').primary();
    table.text('status').notNullable().defaultTo('active');
    table.binary('row_key').notNullable();
    table.binary('nik_sealed').notNullable();
    table.binary('nik_index').notNullable().unique();
    table.binary('name_sealed').notNullable();
    table.binary('email_sealed');
    table.binary('email_index').index();
    table.timestamp('email_verified_at', { useTz: true });
    table.binary('phone_sealed');
    table.binary('phone_index').index();
    table.timestamp('phone_verified_at', { useTz: true });
    table.text('password_hash').notNullable();
    table.timestamp('password_changed_at', { useTz: true }).notNullable();
    table.text('locale').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('updated_at', { useTz: true }).notNullable();
    table.check("status in ('active', 'suspended')", [], 'accounts_status');
  });
  await knex.raw(
    'create unique index accounts_email_proved on accounts (email_index) where email_verified_at is not null',
  );
  await knex.raw(
    'create unique index accounts_phone_proved on accounts (phone_index) where phone_verified_at is not null',
  );

  await knex.schema.createTable('known_devices', (table) => {
    table.uuid('account_id').notNullable().references('accounts.id').onDelete('cascade');
    table.binary('device_hash').notNullable();
    table.timestamp('first_seen_at', { useTz: true }).notNullable();
    table.timestamp('last_seen_at', { useTz: true }).notNullable();
    table.primary(['account_id', 'device_hash']);
  });

  await knex.schema.createTable('email_confirmations', (table) => {
    table.binary('token_hash').primary();
    table.uuid('account_id').notNullable().references('accounts.id').onDelete('cascade').index();
    table.binary('email_index').notNullable();
    table.timestamp('expires_at', { useTz: true }).notNullable().index();
    table.timestamp('used_at', { useTz: true });
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('email_confirmations');
  await knex.schema.dropTable('known_devices');
  await knex.schema.dropTable('accounts');
}
