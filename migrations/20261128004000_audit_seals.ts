import type { Knex } from 'knex';

/**
 * Where the audit chain begins once its oldest events are gone. A seal says which link was the last of them; the links
 * up to it may be deleted, and no other. Both tables go on to grow only.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('audit_seals', (table) => {
    table.bigInteger('position').primary();
    table.binary('hash').notNullable();
    table.timestamp('before', { useTz: true }).notNullable();
    table.bigInteger('events').notNullable();
    table.timestamp('at', { useTz: true }).notNullable();
    table.binary('seal').notNullable();
  });
  await knex.raw(
    'create trigger audit_seals_append_only before update or delete or truncate on audit_seals for each statement execute function refuse_change()',
  );
  await knex.raw(`
    create function audit_refuse_unsealed() returns trigger language plpgsql as $$
    begin
      if exists (select from gone where position > (select coalesce(max(position), 0) from audit_seals)) then
        raise exception '% only grows', tg_table_name using errcode = 'insufficient_privilege';
      end if;
      return null;
    end $$`);
  await knex.raw('drop trigger audit_chain_append_only on audit_chain');
  await knex.raw(
    'create trigger audit_chain_append_only before update or truncate on audit_chain for each statement execute function refuse_change()',
  );
  await knex.raw(
    'create trigger audit_chain_sealed after delete on audit_chain referencing old table as gone for each statement execute function audit_refuse_unsealed()',
  );
}

/** A chain that begins at a seal is broken for whoever does not know seals. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop trigger audit_chain_sealed on audit_chain');
  await knex.raw('drop trigger audit_chain_append_only on audit_chain');
  await knex.raw(
    'create trigger audit_chain_append_only before update or delete or truncate on audit_chain for each statement execute function refuse_change()',
  );
  await knex.raw('drop function audit_refuse_unsealed()');
  await knex.schema.dropTable('audit_seals');
}
