import { sql, type Transaction } from 'kysely';
import type { AuditEntry } from '../model/audit.js';
import { type Audit, auditError } from './audit.js';
import type { Database, Tables } from './database.js';

export type ConfigurationStore = ReturnType<typeof createConfigurationStore>;

const LOCK = 'configuration';
const IN_ONE_ENTRY = 50;
const IN_ONE_STATEMENT = 500;

/** Which configuration was last seen, as hashes of its files. */
export function createConfigurationStore(database: Database, audit: Audit) {
  /** Remembers these hashes by path; what differs from the last time is in the audit, in the same transaction. Gives the number of files; throws STORE. */
  async function saw(hashes: Hashes): Promise<number> {
    try {
      return changedFrom(await known(database), hashes).length === 0 ? 0 : await record(hashes);
    } catch (error) {
      throw auditError(error);
    }
  }

  async function record(hashes: Hashes): Promise<number> {
    return database.transaction().execute(async (transaction) => {
      await takeTurn(transaction);
      const before = await known(transaction);
      const changed = changedFrom(before, hashes);
      await remember(transaction, changed, hashes);
      for (const entry of entriesOf(changed, before, hashes)) await audit.recordIn(transaction, entry);
      return changed.length;
    });
  }

  return { saw };
}

type Hashes = ReadonlyMap<string, string>;

async function known(database: Pick<Database, 'selectFrom'>): Promise<Hashes> {
  const rows = await database.selectFrom('configuration_files').selectAll().execute();
  return new Map(rows.map(({ path, hash }) => [path, hash]));
}

function changedFrom(before: Hashes, after: Hashes): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
}

/** By environment, so that whoever may not read one does not learn of its files either. */
function entriesOf(changed: readonly string[], before: Hashes, after: Hashes): AuditEntry[] {
  const outcome = before.size === 0 ? 'first-seen' : 'changed';
  return [...new Set(changed.map(environmentOf))].flatMap((environment) =>
    slices(
      changed.filter((path) => environmentOf(path) === environment),
      IN_ONE_ENTRY,
    ).map((slice): AuditEntry => {
      const details = Object.fromEntries(slice.map((path) => [path, difference(before.get(path), after.get(path))]));
      return { kind: 'configuration', environment, outcome, details };
    }),
  );
}

function environmentOf(path: string): string | undefined {
  return /^inventories\/([^/]+)\//.exec(path)?.[1];
}

/** Two that see the same change at once: the second one finds it told. */
async function takeTurn(transaction: Transaction<Tables>): Promise<void> {
  await transaction
    .insertInto('fences')
    .values({ name: LOCK, value: 1 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql<number>`fences.value + 1` }))
    .execute();
}

async function remember(transaction: Transaction<Tables>, changed: readonly string[], hashes: Hashes): Promise<void> {
  for (const paths of slices(changed, IN_ONE_STATEMENT)) {
    await transaction.deleteFrom('configuration_files').where('path', 'in', paths).execute();
    const rows = paths.flatMap((path) => {
      const hash = hashes.get(path);
      return hash === undefined ? [] : [{ path, hash }];
    });
    if (rows.length > 0) await transaction.insertInto('configuration_files').values(rows).execute();
  }
}

function difference(before: string | undefined, after: string | undefined): string {
  if (before === undefined) return `new, ${after ?? 'unreadable'}`;
  return `${before} → ${after ?? 'gone'}`;
}

function slices<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
