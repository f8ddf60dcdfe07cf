import type { Database } from "../store/sqlite-database.ts";
import type { InstanceRecord } from "./registry.ts";

/** "ThRg" */
export const registryApplicationId = 0x54685267;

export const registryMigrations: readonly string[] = [
  `
  CREATE TABLE instance (
    id INTEGER PRIMARY KEY,
    server_id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    removed_at INTEGER
  ) STRICT;
  `,
];

export interface StoredInstance {
  readonly record: InstanceRecord;
  readonly removedAt: Date | undefined;
}

export type InstanceTable = ReturnType<typeof createInstanceTable>;

/** What of the instances outlives the process. Text is kept as JSON, as in the store. */
export function createInstanceTable(database: Database) {
  const upsert = database.prepare(`
    INSERT INTO instance (server_id, record, removed_at) VALUES (?, ?, ?)
    ON CONFLICT (server_id) DO UPDATE SET record = excluded.record, removed_at = excluded.removed_at
  `);
  const remove = database.prepare("DELETE FROM instance WHERE server_id = ?");
  const all = database.prepare<{ record: string; removed_at: number | null }>(
    "SELECT record, removed_at FROM instance ORDER BY removed_at, id",
  );
  return {
    put({ record, removedAt }: StoredInstance): void {
      upsert.run(JSON.stringify(record.serverId), JSON.stringify(record), removedAt?.getTime() ?? null);
    },
    remove(serverId: string): void {
      remove.run(JSON.stringify(serverId));
    },
    /** Those that run in the order in which they joined, then the removed ones, the longest removed first. */
    all(): StoredInstance[] {
      return all.all().map((row) => ({
        record: JSON.parse(row.record) as InstanceRecord,
        removedAt: row.removed_at === null ? undefined : new Date(row.removed_at),
      }));
    },
  };
}
