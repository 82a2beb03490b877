import type { AccountId } from '../../src/domain/account.ts';
import type { Locale } from '../../src/domain/locale.ts';
import type { Reason } from '../../src/domain/operator.ts';
import type { Phone } from '../../src/domain/phone.ts';
import type { RecoveryRequest } from '../../src/domain/recovery-request.ts';
import { sensitive, type Sensitive } from '../../src/domain/sensitive.ts';
import type { Officer, RecoveryRequests } from '../../src/recovery-request/service.ts';
import { recoveryRequestsOf } from '../../src/recovery-requests.ts';
import { addAccount, type AccountChanges } from '../support/accounts.ts';
import type { TestApp } from '../support/app.ts';
import { somebody, type Citizen } from '../support/citizens.ts';

export const why = 'tiket 2041, KTP dilihat di loket' as Reason;

/** Whoever holds an account, by their own clock: the one that the test moves. */
export interface Holder {
  readonly citizen: Citizen;
  readonly id: AccountId;
}

export async function holder(
  app: TestApp,
  account: AccountChanges = {},
  changes: Partial<Citizen> = {},
): Promise<Holder> {
  const citizen = somebody(changes);
  return { citizen, id: await addAccount(app, citizen, account) };
}

export const e164 = (phone: string): Sensitive<Phone> => sensitive(phone.replace(/^0/, '+62') as Phone);

/** As the journey does it, by the clock of the test. */
export const requestsOf = (app: TestApp): RecoveryRequests => recoveryRequestsOf(app.container, { clock: app.clock });

export interface Filed extends RecoveryRequest {
  /** As somebody types it. */
  readonly phone: string;
}

export async function file(
  app: TestApp,
  { id }: Pick<Holder, 'id'>,
  {
    phone = somebody().phone,
    passwordHash = 'the new hash',
    locale = 'id',
  }: { phone?: string; passwordHash?: string; locale?: Locale } = {},
): Promise<Filed> {
  const { store } = app.container;
  const number = await store.transactionOnce(async (tx) => {
    const account = await tx.accounts.findById(id);
    if (account === undefined) throw new Error('nobody to file for');
    return requestsOf(app).file(tx, { account, phone: e164(phone), passwordHash, locale, clientId: undefined });
  });
  const request = await store.recoveryRequests.findByNumber(number);
  if (request === undefined) throw new Error('what was filed is not there');
  return { ...request, phone };
}

export const officer = (accountId: string): Officer => ({ kind: 'operator', accountId: accountId as AccountId });

export const stateOf = async (app: TestApp, { id }: Pick<RecoveryRequest, 'id'>): Promise<string | undefined> =>
  (await app.store.recoveryRequests.find(id))?.state;

/** The link of the newest letter to this address. */
export async function linkTo(app: TestApp, email: string): Promise<string> {
  const [letter] = (await app.messagesTo(email)).filter(({ text }) =>
    text.includes('/account/recovery-request?token='),
  );
  return /http\S+token=[\w-]+/.exec(letter?.text ?? '')?.[0] ?? '';
}

export const tokenOf = (link: string): string => new URL(link).searchParams.get('token') ?? '';

export const eventsOf = async (app: TestApp, accountId: AccountId, type: string): Promise<readonly object[]> =>
  (await app.store.audit.list({ accountId, type })).map(({ details }) => details);
