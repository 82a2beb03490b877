import type { Knex } from 'knex';
import type { BlindIndex } from '../crypto/blind-index.ts';
import type { Envelope } from '../crypto/envelope.ts';
import type { KeyIds } from '../crypto/keyring.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Sealer } from '../crypto/seal.ts';
import { createAccountStore, type AccountStore } from './accounts.ts';
import { createApiStore, type ApiStore } from './apis.ts';
import { createAuditStore, type AuditStore } from './audit.ts';
import { createAuditSearchStore, type AuditSearchStore } from './audit-search.ts';
import { createBacklogStore, type BacklogStore } from './backlog.ts';
import { createClientErrorStore, type ClientErrorStore } from './client-errors.ts';
import { createBridgeUseStore, type BridgeUseStore } from './bridge-uses.ts';
import { createClientLogoStore, type ClientLogoStore } from './client-logos.ts';
import { createClientSecretStore, type ClientSecretStore } from './client-secrets.ts';
import { createClientStore, type ClientStore } from './clients.ts';
import { createClientCheckStore, type ClientCheckStore } from './client-checks.ts';
import { createClientVersionStore, type ClientVersionStore } from './client-versions.ts';
import { createConfirmationStore, type ConfirmationStore } from './confirmations.ts';
import { createConsentStore, type ConsentStore } from './consents.ts';
import { createCredentialStore, type CredentialStore, type StandingRead } from './credentials.ts';
import { createDeviceStore, type DeviceStore } from './devices.ts';
import { createEnvironmentStore, type EnvironmentStore } from './environment.ts';
import { markOf, wasCommitted, type TransactionMark } from './fate.ts';
import { createDraftStore, type DraftStore } from './drafts.ts';
import { createFormerAccountStore, type FormerAccountStore } from './former-accounts.ts';
import { createFormerImportStore, type FormerImportStore } from './former-import.ts';
import { createIndexKeyStore, type IndexKeyStore } from './index-keys.ts';
import { createInstanceStore, type InstanceStore } from './instances.ts';
import { createLegacyIdStore, type LegacyIdStore } from './legacy-ids.ts';
import { createLogoutStore, type LogoutStore } from './logouts.ts';
import { createMessageStore, type MessageStore } from './messages.ts';
import { createOperatorStore, type OperatorStore } from './operators.ts';
import { createOutboxStore, type OutboxStore } from './outbox.ts';
import { createProtocolStateStore, type ProtocolState, type ProtocolStateStore } from './protocol-state.ts';
import { askForWrites } from './read-only.ts';
import { isConnectionLost, isDatabaseAway, reconnecting, withReconnect } from './reconnect.ts';
import { createRecoveryRequestStore, type RecoveryRequestStore } from './recovery-requests.ts';
import { createReceiptStore, type ReceiptStore } from './receipts.ts';
import { createRegistrationTokenStore, type RegistrationTokenStore } from './registration-tokens.ts';
import { createReportDayStore, type ReportDayStore } from './report-days.ts';
import { createReportStore, type ReportStore } from './reports.ts';
import { createRetentionStore, type RetentionStore } from './retention.ts';
import { createSandboxKeyStore, type SandboxKeyStore } from './sandbox-keys.ts';
import { createSealedStore, type SealedStore } from './sealed.ts';
import { createSecondFactorStore, type SecondFactorStore } from './second-factors.ts';
import { createSessionEndStore, type SessionEndStore } from './session-ends.ts';
import { createSigningKeyStore, type SigningKeyStore } from './signing-keys.ts';
import { inTransaction } from './transaction.ts';
import { createVerificationStore, type VerificationStore } from './verifications.ts';

export interface Store {
  readonly accounts: AccountStore;
  readonly apis: ApiStore;
  readonly audit: AuditStore;
  readonly auditSearch: AuditSearchStore;
  readonly backlog: BacklogStore;
  readonly clientErrors: ClientErrorStore;
  readonly bridgeUses: BridgeUseStore;
  readonly clientLogos: ClientLogoStore;
  readonly clients: ClientStore;
  readonly clientSecrets: ClientSecretStore;
  readonly clientVersions: ClientVersionStore;
  readonly clientChecks: ClientCheckStore;
  readonly confirmations: ConfirmationStore;
  readonly consents: ConsentStore;
  readonly credentials: CredentialStore;
  readonly devices: DeviceStore;
  readonly drafts: DraftStore;
  readonly environment: EnvironmentStore;
  readonly formerAccounts: FormerAccountStore;
  readonly formerImport: FormerImportStore;
  readonly indexKeys: IndexKeyStore;
  readonly instances: InstanceStore;
  readonly legacyIds: LegacyIdStore;
  readonly logouts: LogoutStore;
  readonly messages: MessageStore;
  readonly operators: OperatorStore;
  readonly outbox: OutboxStore;
  readonly protocolState: ProtocolStateStore;
  readonly receipts: ReceiptStore;
  readonly recoveryRequests: RecoveryRequestStore;
  readonly registrationTokens: RegistrationTokenStore;
  readonly reports: ReportStore;
  readonly reportDays: ReportDayStore;
  readonly retention: RetentionStore;
  readonly sandboxKeys: SandboxKeyStore;
  readonly sealed: SealedStore;
  readonly secondFactors: SecondFactorStore;
  readonly sessionEnds: SessionEndStore;
  readonly signingKeys: SigningKeyStore;
  readonly verifications: VerificationStore;
  /**
   * Runs the work in one transaction; use `tx` alone inside. The work may run more than once, when the database went
   * away in the middle: it must come to the same end.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * The same, done once: where the answer to the commit was lost, the database is asked whether it was committed, and
   * what the work came to is not done again. It costs one statement more, but none where a draft is held: for what
   * could not say by itself whether it was done, or would say something else the second time.
   */
  transactionOnce<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Tells whenever this process has changed whether an account's sign-ins count, or what is held of its person: once
   * that is committed, and before whoever changed it goes on.
   */
  onAccountChange(listener: (accountId: string) => void): void;
  /** Tells how an account stands whenever a sign-in has read it: what is asked about it next is known already. */
  onStandingRead(listener: StandingRead): void;
  /** Throws when the database does not answer, or takes no writes. */
  ping(): Promise<void>;
  /** What the clock of the database says. */
  databaseTime(): Promise<Date>;
}

/** The store within a transaction. */
export interface Transaction extends Store {
  /**
   * A write whose answer nobody waits for: the commit follows it at once. Where it fails, the transaction fails with
   * it. It has to be put to the database before the work ends: one that begins by waiting for something else comes too
   * late, and is refused.
   */
  also(write: Promise<unknown>): void;
}

export interface StoreDeps {
  readonly knex: Knex;
  /** A read replica, for what may be some seconds old and reads much. */
  readonly replica?: Knex | undefined;
  readonly envelope: Envelope;
  readonly blindIndex: BlindIndex;
  readonly sealer: Sealer;
  readonly keyedHash: KeyedHash;
  /** Which keys the envelope and the sealer have. */
  readonly keyIds: KeyIds;
  /** Redis in the place of the table; undefined leaves the protocol state in PostgreSQL. */
  readonly protocolState?: ProtocolState | undefined;
}

/** All tables behind one object of the same shape inside and outside a transaction. */
export function createStore({ knex, replica, protocolState, ...crypto }: StoreDeps): Store {
  const listeners = new Set<(accountId: string) => void>();
  const tell = (accountId: string): void => {
    for (const listener of listeners) listener(accountId);
  };
  const onAccountChange: Store['onAccountChange'] = (listener) => {
    listeners.add(listener);
  };
  const readers = new Set<StandingRead>();
  const onStandingRead: Store['onStandingRead'] = (listener) => {
    readers.add(listener);
  };
  const tellRead: StandingRead = (...read) => {
    for (const reader of readers) reader(...read);
  };

  const tables = (
    db: Knex,
    changed: (accountId: string) => void,
    wrap: <T extends object>(table: T) => T,
    marked?: (mark: TransactionMark) => void,
  ): Omit<
    Store,
    'transaction' | 'transactionOnce' | 'onAccountChange' | 'onStandingRead' | 'ping' | 'databaseTime'
  > => ({
    accounts: wrap(createAccountStore(db, { ...crypto, changed })),
    apis: wrap(createApiStore(db)),
    audit: wrap(createAuditStore(db)),
    auditSearch: wrap(createAuditSearchStore(db)),
    backlog: wrap(createBacklogStore(db)),
    clientErrors: wrap(createClientErrorStore(db)),
    bridgeUses: wrap(createBridgeUseStore(db)),
    clientLogos: wrap(createClientLogoStore(db)),
    clients: wrap(createClientStore(db)),
    clientSecrets: wrap(createClientSecretStore(db, crypto)),
    clientVersions: wrap(createClientVersionStore(db)),
    clientChecks: wrap(createClientCheckStore(db)),
    confirmations: wrap(createConfirmationStore(db, crypto)),
    consents: wrap(createConsentStore(db)),
    credentials: wrap(createCredentialStore(db, { ...crypto, tell: tellRead })),
    devices: wrap(createDeviceStore(db)),
    drafts: wrap(createDraftStore(db, { ...crypto, marked })),
    environment: wrap(createEnvironmentStore(db)),
    formerAccounts: wrap(createFormerAccountStore(db, crypto)),
    formerImport: wrap(createFormerImportStore(db, crypto)),
    indexKeys: wrap(createIndexKeyStore(db, crypto)),
    instances: wrap(createInstanceStore(db)),
    legacyIds: wrap(createLegacyIdStore(db)),
    logouts: wrap(createLogoutStore(db)),
    messages: wrap(createMessageStore(db, crypto)),
    operators: wrap(createOperatorStore(db)),
    outbox: wrap(createOutboxStore(db, crypto)),
    // What the table held before Redis took over is still cleared away.
    protocolState: { ...wrap(createProtocolStateStore(db)), ...protocolState },
    receipts: wrap(createReceiptStore(db)),
    recoveryRequests: wrap(createRecoveryRequestStore(db, crypto)),
    registrationTokens: wrap(createRegistrationTokenStore(db)),
    reports: wrap(createReportStore(replica ?? db)),
    reportDays: wrap(createReportDayStore(db, replica)),
    retention: wrap(createRetentionStore(db)),
    sandboxKeys: wrap(createSandboxKeyStore(db, crypto)),
    sealed: wrap(createSealedStore(db, crypto)),
    secondFactors: wrap(createSecondFactorStore(db, { ...crypto, changed })),
    sessionEnds: wrap(createSessionEndStore(db, changed)),
    signingKeys: wrap(createSigningKeyStore(db, crypto)),
    verifications: wrap(createVerificationStore(db)),
  });
  const ping = (): Promise<void> => askForWrites(knex);
  const databaseTime = async (): Promise<Date> => {
    const { rows } = await knex.raw<{ rows: [{ now: Date }] }>('select clock_timestamp() as now');
    return rows[0].now;
  };

  async function once<T>(
    work: (tx: Transaction, readMark: () => Promise<TransactionMark | undefined>) => Promise<T>,
  ): Promise<T> {
    let held: TransactionMark | undefined;
    const touched = new Set<string>();
    const alongside: Promise<unknown>[] = [];
    let broken: { readonly error: unknown } | undefined;
    const also: Transaction['also'] = (write) => {
      write.catch((error: unknown) => {
        broken ??= { error };
      });
      alongside.push(write);
    };
    try {
      const value = await inTransaction(knex, async (trx) => {
        const inner = <R>(more: (tx: Transaction) => Promise<R>): Promise<R> => more(tx);
        const tx: Transaction = {
          ...tables(
            trx,
            (id) => touched.add(id),
            (table) => table,
            (mark) => {
              held = mark;
            },
          ),
          transaction: inner,
          transactionOnce: inner,
          onAccountChange,
          onStandingRead,
          ping,
          databaseTime,
          also,
        };
        const done = await work(tx, () => (held === undefined ? markOf(trx) : Promise.resolve(held)));
        // What could not even be put to the database.
        if (broken !== undefined) throw broken.error;
        return done;
      });
      // What the commit has not told: one that came too late.
      await Promise.all(alongside);
      return value;
    } finally {
      // Also where it failed: whether the commit has come through is not always known.
      touched.forEach(tell);
    }
  }

  return {
    ...tables(knex, tell, reconnecting),
    transaction: (work) => withReconnect(() => once(work)),
    transactionOnce<T>(work: (tx: Transaction) => Promise<T>) {
      let last: { readonly mark: TransactionMark; readonly value: T } | undefined;
      const committed = async (): Promise<{ readonly value: T } | undefined> =>
        last !== undefined && (await wasCommitted(knex, last.mark)) ? last : undefined;
      return withReconnect(async () => {
        const before = await committed();
        if (before !== undefined) return before.value;
        last = undefined;
        try {
          return await once(async (tx, readMark) => {
            const value = await work(tx);
            const mark = await readMark();
            if (mark !== undefined) last = { mark, value };
            return value;
          });
        } catch (error) {
          // A line that went silent is no reason to try again at once; what was sent over it may have been done all the
          // same.
          const isSilent = isDatabaseAway(error) && !isConnectionLost(error);
          const after = isSilent ? await committed().catch(() => undefined) : undefined;
          if (after === undefined) throw error;
          return after.value;
        }
      });
    },
    onAccountChange,
    onStandingRead,
    ping,
    databaseTime,
  };
}
