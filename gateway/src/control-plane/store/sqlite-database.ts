import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { loadSqlite, type OpenSqlite, type Sqlite, type SqliteStatement, sqliteCode, sqliteCodes } from "./sqlite-driver.ts";
import { isWalDamaged } from "./sqlite-wal.ts";

export interface DatabaseOptions {
  readonly dataDir: string;
  /** `store` → `store.sqlite`, `store.lock`. */
  readonly name: string;
  /** Marks the file as this program's; a constant for each kind of database. */
  readonly applicationId: number;
  /** The n-th brings a database from version n to n + 1. Only ever appended to. */
  readonly migrations: readonly string[];
  /** `commit`: a commit survives the loss of power. `process`: it survives the death of the process, and costs no fsync. */
  readonly durability: "commit" | "process";
  /** How long to wait for somebody else's lock. */
  readonly timeoutMs: number;
  /** What the file may grow to. Default: no bound but the disk. */
  readonly maxBytes?: number | undefined;
}

/** A database of the data directory, held by this process alone. */
export interface Database {
  prepare<Row>(sql: string): SqliteStatement<Row>;
  /** All of `work` or nothing. */
  transaction<T>(work: () => T): T;
  /** A write of one page that changes nothing, within a transaction. */
  rewriteVersion(): void;
  close(): void;
}

/** The data directory can't be used; the message is for the operator. */
export class DataDirError extends Error {
  override readonly name = "DataDirError";
}

const pageBytes = 4096;

/** Opens, checks and migrates. Whatever is refused was not written to. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const open = await loadSqlite();
  const dataDir = resolve(options.dataDir);
  const file = join(dataDir, `${options.name}.sqlite`);
  createDirectory(dataDir);
  const lock = takeLock(open, dataDir, options);
  try {
    if (!existsSync(file)) createFile(open, file, options.applicationId);
    assertUsable(open, file, options);
    return database(connect(open, file, options), lock);
  } catch (error) {
    lock.close();
    throw error instanceof DataDirError ? error : explain(error, file);
  }
}

function createDirectory(dataDir: string): void {
  try {
    createMissing(dataDir);
  } catch (cause) {
    throw new DataDirError(`The data directory ${dataDir} can't be created: ${messageOf(cause)}`, { cause });
  }
  if (!statSync(dataDir).isDirectory()) {
    throw new DataDirError(`The data directory ${dataDir} is a file. Name another one (--data-dir)`);
  }
}

/** By hand, since `recursive` never returns where creating fails with ENOENT, as it does in /proc. */
function createMissing(directory: string): void {
  if (existsSync(directory)) return;
  createMissing(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(directory)) throw error;
  }
}

/**
 * The lock is an open transaction on a database that stays empty: the operating system releases it however the process
 * ends. It is not on the database itself, so that `sqlite3 store.sqlite .backup` works while the gateway runs. The files
 * are never opened except through SQLite: closing any other descriptor of a file releases all POSIX locks on it.
 */
function takeLock(open: OpenSqlite, dataDir: string, options: DatabaseOptions): Sqlite {
  const file = join(dataDir, `${options.name}.lock`);
  let lock: Sqlite | undefined;
  try {
    lock = open(file);
    lock.exec(`PRAGMA busy_timeout = ${options.timeoutMs}; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE`);
    return lock;
  } catch (cause) {
    lock?.close();
    if (sqliteCode(cause) !== sqliteCodes.busy) throw explain(cause, file);
    throw new DataDirError(
      `The data directory ${dataDir} is in use by another process: ${file} is locked. Stop that process, or name another directory (--data-dir)`,
      { cause },
    );
  }
}

/** Beside its place and then renamed, so that an empty or half-written database is always damage and never a beginning. */
function createFile(open: OpenSqlite, file: string, applicationId: number): void {
  if (existsSync(`${file}-wal`)) throw damaged(file, "it is missing, but its log is there");
  const draft = `${file}.new`;
  for (const left of ["", "-journal", "-wal", "-shm"]) rmSync(`${draft}${left}`, { force: true });
  closeSync(openSync(draft, "wx", 0o600));
  const connection = open(draft);
  try {
    connection.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA application_id = ${applicationId}; PRAGMA journal_mode = WAL`);
  } finally {
    connection.close();
  }
  renameSync(draft, file);
  syncDirectory(dirname(file));
}

function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** On a connection that can't write, since closing one that can would work its log into the database. */
function assertUsable(open: OpenSqlite, file: string, options: DatabaseOptions): void {
  if (statSync(file).size === 0) throw damaged(file, "it is empty");
  if (existsSync(`${file}-wal`) && isWalDamaged(`${file}-wal`)) {
    throw damaged(`${file}-wal`, "its checksums are wrong");
  }
  const connection = open(file, { readOnly: true });
  try {
    connection.exec(`PRAGMA busy_timeout = ${options.timeoutMs}`);
    if (connection.value("PRAGMA application_id") !== options.applicationId) {
      throw new DataDirError(`${file} is a database of another program. Move it away, or name another directory (--data-dir)`);
    }
    const version = versionOf(connection);
    if (version > options.migrations.length) {
      throw new DataDirError(
        `${file} has version ${version}, and this program knows up to ${options.migrations.length}: a newer one wrote it. Start that one, or name another directory (--data-dir)`,
      );
    }
    const verdict = connection.value("PRAGMA quick_check(1)");
    if (verdict !== "ok") throw damaged(file, String(verdict).split("\n").at(-1)!);
  } finally {
    connection.close();
  }
}

function connect(open: OpenSqlite, file: string, options: DatabaseOptions): Sqlite {
  const connection = open(file);
  try {
    connection.exec(`
      PRAGMA busy_timeout = ${options.timeoutMs};
      PRAGMA foreign_keys = ON;
      PRAGMA synchronous = ${options.durability === "commit" ? "FULL" : "NORMAL"};
    `);
    if (options.maxBytes !== undefined) {
      connection.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.maxBytes / pageBytes))}`);
    }
    assertWritable(connection);
    migrate(connection, options.migrations);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** SQLite opens what it may not write for reading, without a word. Rolled back, so that a full disk is no reason not to start. */
function assertWritable(connection: Sqlite): void {
  connection.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${versionOf(connection)}; ROLLBACK`);
}

function migrate(connection: Sqlite, migrations: readonly string[]): void {
  const version = versionOf(connection);
  if (version === migrations.length) return;
  inTransaction(connection, () => {
    for (const migration of migrations.slice(version)) connection.exec(migration);
    connection.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

function versionOf(connection: Sqlite): number {
  return Number(connection.value("PRAGMA user_version"));
}

function database(connection: Sqlite, lock: Sqlite): Database {
  return {
    prepare: (sql) => connection.prepare(sql),
    transaction: (work) => inTransaction(connection, work),
    rewriteVersion: () => connection.exec(`PRAGMA user_version = ${versionOf(connection)}`),
    close() {
      try {
        // Closing does this as well, but the package's leaves it to the garbage collector when there are prepared statements.
        connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      } catch {
        // A full disk: the log keeps what it holds, and is worked in when there is room.
      }
      connection.close();
      lock.close();
    },
  };
}

function inTransaction<T>(connection: Sqlite, work: () => T): T {
  connection.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    connection.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      connection.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
    throw error;
  }
}

function explain(cause: unknown, file: string): DataDirError {
  switch (sqliteCode(cause)) {
    case sqliteCodes.corrupt:
    case sqliteCodes.notADatabase:
      return damaged(file, messageOf(cause), cause);
    case sqliteCodes.cantOpen:
    case sqliteCodes.readOnly:
      return new DataDirError(`${file} can't be opened for writing: ${messageOf(cause)}. Check who owns it and its directory`, {
        cause,
      });
    default:
      return new DataDirError(`${file} can't be opened: ${messageOf(cause)}`, { cause });
  }
}

function damaged(file: string, how: string, cause?: unknown): DataDirError {
  return new DataDirError(
    `${file} is damaged (${how}). Nothing was changed. Restore the data directory from a backup, or, to go on without what is in this file, move ${file}* away`,
    { cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
