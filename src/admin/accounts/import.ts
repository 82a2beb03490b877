import type { Audit } from '../../audit/log.ts';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { AccountId } from '../../domain/account.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { FormerRecord, Held, Sharing } from '../../store/former-import.ts';
import type { Store } from '../../store/store.ts';
import type { FormerLine } from './former-line.ts';

/** With whom a line is at odds: a line of the file, or an account. */
export type Opponent = { readonly id: string; readonly line: number } | { readonly sub: string };

/** What the report says of a line: by its number and former id, with nothing that the line says of its person. */
export interface Finding {
  readonly line: number;
  readonly id?: string | undefined;
  /**
   * `shared`: it is in, and something of it is claimed by others too; `noted`: it is in, and something of it was of no
   * use.
   */
  readonly outcome: 'left-out' | 'shared' | 'noted';
  readonly reasons: readonly string[];
  readonly with?: readonly Opponent[];
}

export interface Taken {
  /** The former ids that are here now, with the subject identifiers that go with them. */
  readonly subjects: readonly { readonly id: string; readonly sub: AccountId }[];
  /** How many came in, were in before, and went to accounts that were here. */
  readonly imported: number;
  readonly already: number;
  readonly linked: number;
  readonly findings: readonly Finding[];
}

export interface ImportOptions {
  /** What the audit log calls this run: another one for each file. */
  readonly run: string;
  /** Accounts whose people have registered here before get the former id of their NIK. */
  readonly linkRegistered: boolean;
  /** A line that differs takes the place of the record that waits, unless somebody has typed its password here. */
  readonly replace: boolean;
}

/** What a file has said of a former id it does not say again: by `run`. */
export interface FormerImport {
  /** Takes a batch of lines in, whole or not at all. Taken again it changes nothing. */
  take(lines: readonly FormerLine[], options: ImportOptions): Promise<Taken>;
}

export interface FormerImportDeps {
  readonly store: Pick<Store, 'transactionOnce'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly keyedHash: Pick<KeyedHash, 'hash' | 'equal'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** What is to be looked at of a line that is in: who else claims the same, and what was noted when it was read. */
function findingsOf(
  { legacyId: id, line }: FormerRecord,
  shared: readonly Sharing[],
  holders: readonly Held[],
  notes: readonly string[],
): readonly Finding[] {
  const others = shared.filter(({ legacyId }) => legacyId === id);
  const reasons = [
    ...new Set([...others.map(({ kind }) => `${kind}-shared`), ...holders.map(({ kind }) => `${kind}-has-account`)]),
  ];
  const opponents: Opponent[] = [
    ...new Map(others.map(({ other }) => [other.legacyId, { id: other.legacyId, line: other.line }])).values(),
    ...[...new Set(holders.map(({ accountId }) => accountId))].map((sub) => ({ sub })),
  ];
  return [
    ...(reasons.length > 0 ? [{ line, id, outcome: 'shared' as const, reasons, with: opponents }] : []),
    ...(notes.length > 0 ? [{ line, id, outcome: 'noted' as const, reasons: notes }] : []),
  ];
}

export function createFormerImport({ store, audit, keyedHash, clock, random }: FormerImportDeps): FormerImport {
  const toRecord = (line: FormerLine): FormerRecord => ({
    ...line,
    id: random.uuid() as AccountId,
    digest: keyedHash.hash('former-account', line.canonical.reveal()),
  });

  return {
    async take(lines, { run, linkRegistered, replace }) {
      return store.transactionOnce(async (tx): Promise<Taken> => {
        await tx.formerImport.lock();
        const findings: Finding[] = [];
        const subjects: { id: string; sub: AccountId }[] = [];
        let already = 0;
        const leaveOut = ({ line, legacyId: id }: FormerRecord, reason: string, opponents: readonly Opponent[]): void =>
          void findings.push({ line, id, outcome: 'left-out', reasons: [reason], with: opponents });

        // Two lines of one former id: the second says the same, or they are at odds and the first to come counts.
        const records = new Map<string, FormerRecord>();
        for (const record of lines.map(toRecord)) {
          const first = records.get(record.legacyId);
          if (first === undefined) records.set(record.legacyId, record);
          else if (keyedHash.equal(first.digest, record.digest)) already += 1;
          else leaveOut(record, 'id-differs', [{ id: first.legacyId, line: first.line }]);
        }

        // Of batches before, where one of their lines could be replaced by another of the same file.
        const before = replace ? await tx.formerImport.metBefore(run, [...records.keys()]) : new Map<string, number>();
        if (replace) await tx.formerImport.meet(run, lines);
        const waiting: FormerRecord[] = [];
        const replaced: FormerRecord[] = [];
        for (const { legacyId, id, digest, isRecognised } of await tx.formerImport.standing([...records.keys()])) {
          const record = records.get(legacyId);
          if (record === undefined) continue;
          const earlier = before.get(legacyId);
          records.delete(legacyId);
          subjects.push({ id: legacyId, sub: id });
          // Who has come already has changed what there was to change: what the file says is of the past.
          if (digest === undefined || keyedHash.equal(digest, record.digest)) already += 1;
          if (digest === undefined) continue;
          // Still looked at: the report of a run that was interrupted and taken up again is whole.
          if (keyedHash.equal(digest, record.digest)) waiting.push({ ...record, id });
          else if (replace && !isRecognised && earlier === undefined) replaced.push({ ...record, id });
          else leaveOut(record, 'id-differs', earlier === undefined ? [] : [{ id: legacyId, line: earlier }]);
        }
        // As the file has them, and not as the database answered.
        replaced.sort((a, b) => a.line - b.line);
        const held = new Map<string, Held[]>();
        for (const one of await tx.formerImport.heldOf([...records.values(), ...waiting, ...replaced]))
          held.set(one.legacyId, [...(held.get(one.legacyId) ?? []), one]);
        const holderOf = ({ legacyId }: FormerRecord): Held | undefined =>
          held.get(legacyId)?.find(({ kind }) => kind === 'nik');

        // Whoever has registered has one former id: fresh lines come before mended ones, and of each the first.
        const links = new Map<AccountId, FormerRecord>();
        for (const record of linkRegistered ? [...records.values(), ...replaced] : []) {
          const holder = holderOf(record);
          if (holder !== undefined && !holder.hasLegacyId && !links.has(holder.accountId))
            links.set(holder.accountId, record);
        }
        const linked =
          links.size === 0
            ? new Set<string>()
            : await tx.formerImport.link([...links].map(([accountId, { legacyId }]) => ({ accountId, legacyId })));
        for (const [accountId, { legacyId }] of links) {
          if (!linked.has(legacyId)) continue;
          subjects.push({ id: legacyId, sub: accountId });
          await audit.record(tx, 'account.former-linked', { run }, { accountId });
        }
        for (const record of [...records.values(), ...replaced]) {
          const holder = holderOf(record);
          if (holder === undefined) continue;
          records.delete(record.legacyId);
          if (!linked.has(record.legacyId)) leaveOut(record, 'nik-has-account', [{ sub: holder.accountId }]);
        }

        // A line that does not come in takes nobody's place.
        const replacing = replaced.filter((record) => holderOf(record) === undefined || linked.has(record.legacyId));
        const gone =
          replacing.length === 0
            ? new Set<string>()
            : await tx.formerImport.remove(replacing.map(({ legacyId }) => legacyId));
        for (const record of replacing) {
          if (linked.has(record.legacyId)) continue;
          if (gone.has(record.legacyId)) records.set(record.legacyId, record);
          else leaveOut(record, 'id-differs', []);
        }

        const at = clock.now();
        const fresh = records.size === 0 ? new Set<string>() : await tx.formerImport.insert([...records.values()], at);
        const inserted = [...records.values()].filter(({ legacyId }) => fresh.has(legacyId));
        already += records.size - inserted.length;
        const present = [...inserted, ...waiting];
        const shared = await tx.formerImport.sharedBy(present);
        subjects.push(...inserted.map(({ legacyId, id }) => ({ id: legacyId, sub: id })));
        const notes = new Map(lines.map(({ legacyId, line, notes: said }) => [`${legacyId} ${line}`, said]));
        for (const record of present)
          findings.push(
            ...findingsOf(
              record,
              shared,
              held.get(record.legacyId) ?? [],
              notes.get(`${record.legacyId} ${record.line}`) ?? [],
            ),
          );
        if (inserted.length > 0) await audit.record(tx, 'account.imported', { run, records: inserted.length });
        return {
          subjects: [...new Map(subjects.map((one) => [one.id, one])).values()],
          imported: inserted.length,
          already,
          linked: linked.size,
          findings: findings.sort((a, b) => a.line - b.line),
        };
      });
    },
  };
}
