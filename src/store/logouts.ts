import type { Knex } from 'knex';
import type { AccountId } from '../domain/account.ts';
import type { LogoutReason, NoticeState } from '../domain/logout.ts';
import { deleteBatch } from './delete-batch.ts';
import { prepared } from './knex.ts';
import { isFree, leaseEnd } from './lease.ts';

export interface LogoutNotice {
  readonly accountId: AccountId;
  readonly clientId: string;
  /** Undefined where all sessions of the account are meant. */
  readonly sid: string | undefined;
  readonly reason: LogoutReason;
}

export interface ClaimedNotice extends LogoutNotice {
  readonly id: string;
  /** Attempts begun, this one included. */
  readonly attempts: number;
  readonly leaseOwner: string;
}

export interface NoticeClaim {
  readonly now: Date;
  readonly leaseSeconds: number;
  readonly leaseOwner: string;
  readonly limit: number;
  readonly share: number;
  readonly single: readonly string[];
  readonly without: readonly string[];
}

export interface OverdueNotices {
  readonly dueBefore: Date;
  readonly mostAttempts: number;
  readonly limit: number;
  readonly error: string;
  readonly now: Date;
}

export type NoticeSettlement =
  | { readonly state: 'delivered' | 'dropped' }
  | { readonly state: 'pending'; readonly nextAttemptAt: Date; readonly error: string }
  | { readonly state: 'given-up'; readonly error: string };

/** How far a notice has come, as operators see it. */
export interface NoticeStatus extends Omit<LogoutNotice, 'sid'> {
  readonly allSessions: boolean;
  readonly state: NoticeState;
  readonly attempts: number;
  readonly lastError: string | undefined;
  readonly createdAt: Date;
  readonly nextAttemptAt: Date;
  readonly finishedAt: Date | undefined;
}

/** How a service takes what it is told. */
export interface ServiceStanding {
  readonly clientId: string;
  readonly pending: number;
  readonly delivered: number;
  readonly givenUp: number;
  /** Since when the oldest notice waits that has not arrived. */
  readonly waitingSince: Date | undefined;
  readonly lastError: string | undefined;
}

interface Row {
  id: string;
  account_id: AccountId;
  client_id: string;
  sid: string | null;
  reason: LogoutReason;
  state: NoticeState;
  attempts: number;
  last_error: string | null;
  created_at: Date;
  next_attempt_at: Date;
  finished_at: Date | null;
}

export type LogoutStore = ReturnType<typeof createLogoutStore>;

/** Which services a person has signed in to, and what services are told when a session ends. */
export function createLogoutStore(db: Knex) {
  return {
    /**
     * Remembers that the person signed in to the service. Single sign-on repeats this all day: within the hour it only
     * reads.
     */
    async visit(accountId: AccountId, clientId: string, at: Date): Promise<void> {
      await prepared(
        db,
        'service-visit',
        `insert into service_visits (account_id, client_id, last_sign_in_at)
         select $1, $2, $3::timestamptz
         where not exists (select 1 from service_visits where account_id = $1 and client_id = $2 and last_sign_in_at > $3::timestamptz - interval '1 hour')
         on conflict (account_id, client_id) do update set last_sign_in_at = excluded.last_sign_in_at`,
        [accountId, clientId, at],
      );
    },

    /** A notice of one session, to one service. */
    async add({ accountId, clientId, sid, reason }: LogoutNotice, signOutId: string, at: Date): Promise<void> {
      await db('logout_notices').insert({
        account_id: accountId,
        client_id: clientId,
        sid: sid ?? null,
        reason,
        sign_out_id: signOutId,
        next_attempt_at: at,
        created_at: at,
      });
    },

    /**
     * In the transaction that ends all sessions of an account: a notice to each service the person has signed in to,
     * if it is active and has an address for it.
     */
    async announce(accountId: AccountId, reason: LogoutReason, at: Date): Promise<void> {
      await prepared(
        db,
        'logout-announce',
        `insert into logout_notices (account_id, client_id, reason, next_attempt_at, created_at)
         select v.account_id, v.client_id, $2, $3, $3
         from service_visits v join clients c on c.id = v.client_id
         where v.account_id = $1 and c.status = 'active' and c.metadata ->> 'backchannel_logout_uri' is not null`,
        [accountId, reason, at],
      );
    },

    /**
     * As `messages.claim`: for the length of a lease, safe with any number of instances. Of one service no more than
     * `share` at a time, of those named in `single` one, and none of those in `without`, however many of theirs came
     * first.
     */
    async claim(by: NoticeClaim): Promise<ClaimedNotice[]> {
      const due = `state = 'pending' and next_attempt_at <= $1 and (${isFree('$2')} or lease_owner = $3)`;
      // From one pair to the next by the index: what a service that is away has waiting is neither read nor sorted, and
      // neither is what is not due. Judged again once locked: another instance may have taken a row since the inner
      // look.
      const rows = await prepared<Row>(
        db,
        'logout-claim',
        `with recursive steps as (
           (select client_id, attempts from logout_notices where state = 'pending' order by client_id, attempts limit 1)
           union all
           select next.client_id, next.attempts from steps cross join lateral (
             select client_id, attempts from logout_notices
             where state = 'pending' and (client_id, attempts) > (steps.client_id, steps.attempts) order by client_id, attempts limit 1) as next)
         update logout_notices set attempts = attempts + 1, leased_until = ${leaseEnd('$2')}, lease_owner = $3
         where id in (
           select id from logout_notices
           where ${due} and id = any(array(
             select id from (
               select id, row_number() over (partition by client_id order by attempts, next_attempt_at) as turn, attempts, next_attempt_at, client_id
               from steps cross join lateral (
                 select id, next_attempt_at from logout_notices
                 where client_id = steps.client_id and attempts = steps.attempts and ${due} order by next_attempt_at limit $5) as first
               where client_id <> all($6::text[])) as turns
             where turn <= case when client_id = any($7::text[]) then 1 else $5 end
             order by attempts, next_attempt_at limit 1000))
           order by attempts, next_attempt_at limit $4 for update skip locked)
         returning id, account_id, client_id, sid, reason, attempts`,
        [by.now, by.leaseSeconds, by.leaseOwner, by.limit, by.share, by.without, by.single],
      );
      return rows.map((row) => ({
        id: row.id,
        accountId: row.account_id,
        clientId: row.client_id,
        sid: row.sid ?? undefined,
        reason: row.reason,
        attempts: row.attempts,
        leaseOwner: by.leaseOwner,
      }));
    },

    /** @returns false when the lease had passed to somebody else, whose word counts then. */
    async settle(
      { id, leaseOwner }: Pick<ClaimedNotice, 'id' | 'leaseOwner'>,
      settlement: NoticeSettlement,
      now: Date,
    ): Promise<boolean> {
      const settled = await db('logout_notices')
        .where({ id, lease_owner: leaseOwner })
        .update({
          state: settlement.state,
          leased_until: null,
          lease_owner: null,
          ...(settlement.state === 'pending' ? { next_attempt_at: settlement.nextAttemptAt } : { finished_at: now }),
          ...('error' in settlement ? { last_error: settlement.error } : {}),
        });
      return settled === 1;
    },

    /** Gives up notices of one service that have been due since before that time, and that nobody is at. */
    async giveUp(
      clientId: string,
      { dueBefore, mostAttempts, limit, error, now }: OverdueNotices,
    ): Promise<readonly Pick<ClaimedNotice, 'accountId' | 'reason' | 'attempts'>[]> {
      // All that `attempts` can be, so that the index leads from each to what is due of it.
      const attempts = Array.from({ length: mostAttempts + 1 }, (_, made) => made);
      const rows = await prepared<Row>(
        db,
        'logout-give-up',
        `update logout_notices set state = 'given-up', finished_at = $4, last_error = $5
         where id = any(array(
           select id from logout_notices
           where state = 'pending' and client_id = $1 and attempts = any($2::int[]) and next_attempt_at < $3 and leased_until is null
           limit $6 for update skip locked))
         returning account_id, reason, attempts`,
        [clientId, attempts, dueBefore, now, error, limit],
      );
      return rows.map(({ account_id: accountId, reason, attempts: made }) => ({ accountId, reason, attempts: made }));
    },

    /** Which services one sign-out is told to, and how far each notice has come. */
    async ofSignOut(signOutId: string): Promise<readonly { clientId: string; state: NoticeState }[]> {
      const rows = await db<Row>('logout_notices')
        .where('sign_out_id', signOutId)
        .orderBy('client_id')
        .select('client_id', 'state');
      return rows.map(({ client_id, state }) => ({ clientId: client_id, state }));
    },

    /** The newest notices, of one service or all. */
    async newest({
      clientId,
      state,
      limit,
    }: {
      clientId?: string | undefined;
      state?: NoticeState | undefined;
      limit: number;
    }): Promise<readonly NoticeStatus[]> {
      const query = db<Row>('logout_notices').orderBy('created_at', 'desc').orderBy('id').limit(limit);
      if (clientId !== undefined) void query.where('client_id', clientId);
      if (state !== undefined) void query.where('state', state);
      return (await query).map((row) => ({
        accountId: row.account_id,
        clientId: row.client_id,
        allSessions: row.sid === null,
        reason: row.reason,
        state: row.state,
        attempts: row.attempts,
        lastError: row.last_error ?? undefined,
        createdAt: row.created_at,
        nextAttemptAt: row.next_attempt_at,
        finishedAt: row.finished_at ?? undefined,
      }));
    },

    /** How each service has taken what was told since then. */
    async standings(since: Date): Promise<readonly ServiceStanding[]> {
      const { rows } = await db.raw<{
        rows: {
          client_id: string;
          pending: string;
          delivered: string;
          given_up: string;
          waiting_since: Date | null;
          last_error: string | null;
        }[];
      }>(
        `select client_id,
                count(*) filter (where state = 'pending') as pending,
                count(*) filter (where state = 'delivered') as delivered,
                count(*) filter (where state = 'given-up') as given_up,
                min(created_at) filter (where state = 'pending') as waiting_since,
                (array_agg(last_error order by created_at desc) filter (where last_error is not null))[1] as last_error
         from logout_notices where created_at >= ? group by client_id order by client_id`,
        [since],
      );
      return rows.map((row) => ({
        clientId: row.client_id,
        pending: Number(row.pending),
        delivered: Number(row.delivered),
        givenUp: Number(row.given_up),
        waitingSince: row.waiting_since ?? undefined,
        lastError: row.last_error ?? undefined,
      }));
    },

    /** Forgets notices that were done with before that time. @returns how many. */
    purge: (before: Date, limit: number): Promise<number> =>
      deleteBatch(db, 'logout_notices', 'finished_at', before, limit),
  };
}
