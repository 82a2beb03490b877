import type { Knex } from 'knex';

/**
 * Instances hold for a second whether an account's sign-ins count. A notice tells them sooner, with its id: a mark for
 * all accounts would move all the time. By triggers, for the reason that `change_marks` has them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function tell_account_change() returns trigger language plpgsql as $$
    begin
      perform pg_notify('sso_changes', 'account ' || (coalesce(to_jsonb(new), to_jsonb(old))->>tg_argv[0]));
      return null;
    end $$`);
  await knex.raw(`
    create trigger accounts_tell after update on accounts for each row
    when (old.status is distinct from new.status or old.sessions_valid_after is distinct from new.sessions_valid_after)
    execute function tell_account_change('id')`);
  await knex.raw(
    "create trigger second_factors_tell after insert or delete on second_factors for each row execute function tell_account_change('account_id')",
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop trigger second_factors_tell on second_factors');
  await knex.raw('drop trigger accounts_tell on accounts');
  await knex.raw('drop function tell_account_change()');
}
