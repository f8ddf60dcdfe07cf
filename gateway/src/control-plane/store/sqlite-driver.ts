type SqliteValue = string | number | null;

export interface SqliteStatement<Row> {
  run(...parameters: SqliteValue[]): unknown;
  get(...parameters: SqliteValue[]): Row | undefined;
  all(...parameters: SqliteValue[]): Row[];
}

/** What is used of `DatabaseSync`, which the built-in module and the package share. */
interface SqliteConnection {
  exec(sql: string): void;
  prepare(sql: string): unknown;
  close(): void;
}

interface SqliteModule {
  readonly DatabaseSync: new (file: string, options?: { readOnly?: boolean }) => SqliteConnection;
}

/** One connection. Its methods are synchronous, and throw what `sqliteCode` reads. */
export interface Sqlite {
  exec(sql: string): void;
  prepare<Row>(sql: string): SqliteStatement<Row>;
  /** The single value of a query such as `PRAGMA user_version`. */
  value(sql: string): unknown;
  close(): void;
}

export type OpenSqlite = (file: string, options?: { readOnly?: boolean }) => Sqlite;

/** Primary result codes of SQLite that get an answer of their own (sqlite.org/rescode.html). */
export const sqliteCodes = { busy: 5, readOnly: 8, corrupt: 11, cantOpen: 14, notADatabase: 26 } as const;

/** The primary result code of an error of SQLite; `undefined` for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

/** The built-in module where Node has it (22.13 and newer), else the package with the same API. */
export async function loadSqlite(): Promise<OpenSqlite> {
  const { DatabaseSync } = builtinSqlite() ?? (await packagedSqlite());
  return (file, options = {}) => {
    const connection = new DatabaseSync(file, options);
    return {
      exec: (sql) => connection.exec(sql),
      prepare: <Row>(sql: string) => connection.prepare(sql) as SqliteStatement<Row>,
      value(sql) {
        const row = (connection.prepare(sql) as SqliteStatement<Record<string, unknown>>).get();
        return row && Object.values(row)[0];
      },
      close: () => connection.close(),
    };
  };
}

/** Loading is synchronous, so that no warning of anyone else falls into the moment in which they are silent. */
function builtinSqlite(): SqliteModule | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:sqlite") as SqliteModule | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function packagedSqlite(): Promise<SqliteModule> {
  try {
    return await import("@photostructure/sqlite");
  } catch (cause) {
    throw new Error(
      `SQLite is missing: Node ${process.version} has none built in (22.13 and newer have), and the optional package @photostructure/sqlite can't be loaded. Use a newer Node, or install the package`,
      { cause },
    );
  }
}
