import { createHash } from 'node:crypto';
import type { Audit } from '../audit/log.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Account, AccountId } from '../domain/account.ts';
import type { Client } from '../domain/client.ts';
import type { Locale } from '../domain/locale.ts';
import { maskEmail, maskNik, maskPhone } from '../domain/mask.ts';
import {
  isQuiet,
  keyOf,
  kindOf,
  knownShares,
  newShares,
  sharesOf,
  type ConsentText,
  type Share,
} from '../domain/sharing.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';
import type { ReceiptWithText } from '../store/consents.ts';
import type { Store } from '../store/store.ts';

/** What a service would get of a person. */
export interface Wish {
  readonly client: Client;
  /** Undefined where nobody has signed in yet. */
  readonly accountId: AccountId | undefined;
  readonly scopes: readonly string[];
  /** The APIs that the tokens are to be good for. */
  readonly resources: readonly string[];
}

/** What the person has to be shown first. */
export interface Question {
  readonly kind: 'consent' | 'notice';
  readonly shares: readonly Share[];
  /** The person has agreed to other data of this service before. */
  readonly isFurther: boolean;
  /** Of the whole text; the form brings it back, and nothing else. */
  readonly version: string;
}

export interface Answer {
  /** The text that stood before the person. */
  readonly version: string;
  readonly locale: Locale;
  /** When the person answered: what was withdrawn afterwards stays withdrawn. */
  readonly at: Date;
  /** The interaction: its receipt is written once, however often the form comes. */
  readonly uid: string;
  /** Asked although it was known (`prompt=consent`), so that a receipt is written in any case. */
  readonly anew?: boolean;
}

/**
 * What the person would give, by scope: the name in full, the rest so that they recognise it and nobody else learns it.
 */
export type Values = Readonly<Record<string, string | undefined>>;

export type Person = Pick<Account, 'name' | 'email' | 'phone' | 'nik'>;

export const valuesOf = ({ name, email, phone, nik }: Person): Values => ({
  profile: name.reveal(),
  email: email === undefined ? undefined : maskEmail(email.reveal()),
  phone: phone === undefined ? undefined : maskPhone(phone.reveal()),
  nik: maskNik(nik.reveal()),
});

/** What a person is asked or told before a service gets their data for the first time, and the receipt of it. */
export interface Sharing {
  /**
   * @param anew  asks for all of it, known or not.
   * @returns     what is new to the person (to nobody in particular: all of it); undefined where nothing is.
   */
  ask(wish: Wish, options?: { readonly anew?: boolean }): Promise<Question | undefined>;
  /** @returns false where another text would be shown today: then nothing was agreed to. */
  settle(wish: Wish & { readonly accountId: AccountId }, answer: Answer): Promise<boolean>;
  /**
   * What a service of the house gets without a page of its own: it stands among the connected services from now on.
   * @returns false where a page has to tell or ask, as it has after a withdrawal.
   */
  list(told: {
    readonly client: Client;
    readonly accountId: AccountId;
    readonly shares: readonly Share[];
  }): Promise<boolean>;
  /** The person would rather not. */
  decline(wish: Wish, uid: string): Promise<void>;
}

export interface SharingDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly random: Random;
  /** The sentences of the pages that ask. */
  readonly wording: ConsentText['wording'];
}

/** What a request asks for, as the provider has validated it. */
export const wantedOf = ({
  scope,
  resource,
}: Readonly<Record<string, unknown>>): Pick<Wish, 'scopes' | 'resources'> => ({
  scopes: typeof scope === 'string' ? scope.split(' ') : [],
  resources: [resource].flat().filter((one) => typeof one === 'string'),
});

/** One spelling for one text, whatever order the database gives its parts in. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, canonical(item)]);
}

const hashOf = (text: ConsentText): string =>
  createHash('sha256')
    .update(JSON.stringify(canonical(text)))
    .digest('base64url');

/**
 * By the row of a client, versions of the texts about what it says itself: the same for everybody who comes from it,
 * until the row is read anew.
 */
function createVersions(): (client: Client, text: ConsentText) => string {
  const known = new WeakMap<Client, Map<string, string>>();
  return (client, text) => {
    // Words of an API come from elsewhere, and may change without the row.
    if (text.shares.some(({ api }) => api !== undefined)) return hashOf(text);
    const versions = known.get(client) ?? new Map<string, string>();
    known.set(client, versions);
    const name = `${text.kind} ${text.shares.map(keyOf).join(' ')}`;
    const version = versions.get(name) ?? hashOf(text);
    versions.set(name, version);
    return version;
  };
}

export function createSharing({ store, audit, keyedHash, clock, random, wording }: SharingDeps): Sharing {
  const versionOf = createVersions();
  const compose = ({ metadata }: Client, shares: readonly Share[]): ConsentText & { kind: 'consent' | 'notice' } => ({
    service: metadata.client_name,
    kind: kindOf(metadata, shares),
    shares,
    wording,
  });

  async function keep(receipt: ReceiptWithText, occasion: string): Promise<boolean> {
    const { accountId, clientId, kind, locale, textVersion, text } = receipt;
    return store.transaction(async (tx) => {
      if (!(await tx.consents.keep(receipt, keyedHash.hash('consent-occasion', occasion)))) return false;
      tx.also(
        audit.record(
          tx,
          'consent.given',
          { kind, scopes: text.shares.map(({ scope }) => scope), textVersion, locale },
          { accountId, clientId },
        ),
      );
      return true;
    });
  }

  async function look({
    client,
    accountId,
    scopes,
    resources,
  }: Wish): Promise<{ all: readonly Share[]; fresh: readonly Share[]; isFurther: boolean }> {
    const all = sharesOf(client.metadata, scopes, await store.apis.findActive(resources));
    const receipts =
      accountId === undefined || all.length === 0 ? [] : await store.consents.standing(accountId, client.id);
    return { all, fresh: newShares(all, knownShares(client.metadata, receipts)), isFurther: receipts.length > 0 };
  }

  return {
    async ask(wish, { anew = false } = {}) {
      const { all, fresh, isFurther } = await look(wish);
      if (fresh.length === 0 && !anew) return undefined;
      const text = compose(wish.client, anew ? all : fresh);
      return {
        kind: text.kind,
        shares: text.shares,
        isFurther: isFurther && !anew,
        version: versionOf(wish.client, text),
      };
    },

    async settle(wish, { version, locale, uid, at, anew = false }) {
      const { client, accountId } = wish;
      const { all, fresh } = await look(wish);
      // Who was shown all of it, not yet known at the sign-in page, was shown what is new as well.
      const text = [fresh, all]
        .map((shares) => compose(client, shares))
        .find((one) => versionOf(client, one) === version);
      if (text === undefined) return false;
      if (fresh.length === 0 && !anew) return true;
      const isKept = await keep(
        {
          id: random.uuid(),
          accountId,
          clientId: client.id,
          textVersion: version,
          kind: text.kind,
          locale,
          givenAt: at,
          text,
        },
        uid,
      );
      // By another press of the same button, or not at all: whoever takes everything back in this moment does so for
      // good.
      return isKept || (await look(wish)).fresh.length === 0;
    },

    async list({ client, accountId, shares }) {
      if (!isQuiet(client.metadata, shares) || (await store.consents.wasWithdrawn(accountId, client.id))) return false;
      const text: ConsentText = { ...compose(client, shares), kind: 'listed' };
      const id = random.uuid();
      await keep(
        {
          id,
          accountId,
          clientId: client.id,
          textVersion: versionOf(client, text),
          kind: 'listed',
          locale: 'id',
          givenAt: clock.now(),
          text,
        },
        id,
      );
      return true;
    },

    decline: ({ client, accountId, scopes }, uid) =>
      audit.recordOnce(store, [uid], 'consent.declined', { scopes: [...scopes] }, { accountId, clientId: client.id }),
  };
}
