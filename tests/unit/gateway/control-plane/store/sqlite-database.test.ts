import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  type Database,
  type DatabaseOptions,
  DataDirError,
  openDatabase,
} from "../../../../../gateway/src/control-plane/store/sqlite-database.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const noteTable = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT";

async function open(dataDir: string, overrides: Partial<DatabaseOptions> = {}): Promise<Database> {
  return openDatabase({
    dataDir,
    name: "notes",
    applicationId: 0x54657374,
    migrations: [noteTable],
    durability: "commit",
    timeoutMs: 0,
    ...overrides,
  });
}

function addNotes(database: Database, count: number, text = "x".repeat(500)): void {
  const insert = database.prepare("INSERT INTO note (text) VALUES (?)");
  database.transaction(() => {
    for (let i = 0; i < count; i++) insert.run(text);
  });
}

const countNotes = (database: Database) => database.prepare<{ count: number }>("SELECT count(*) AS count FROM note").get()?.count;

let dataDir: string;
let file: string;
beforeEach(() => {
  dataDir = temporaryDirectory();
  file = join(dataDir, "notes.sqlite");
});

describe("a new data directory", () => {
  it("is created, its parents too, for its owner alone", async () => {
    const path = join(dataDir, "a", "b");
    const database = await open(path);
    addNotes(database, 1);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    for (const name of ["notes.sqlite", "notes.sqlite-wal"]) expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    database.close();
  });

  it("holds the database and its lock alone once it is closed", async () => {
    const database = await open(dataDir);
    addNotes(database, 10);
    database.close();
    for (const name of readdirSync(dataDir)) {
      if (name !== "notes.sqlite" && !name.endsWith("-shm")) expect(statSync(join(dataDir, name)).size).toBe(0);
    }
    const again = await open(dataDir);
    expect(countNotes(again)).toBe(10);
    again.close();
  });

  it("does not stumble over a draft that a crash left", async () => {
    for (const left of ["", "-journal", "-wal", "-shm"]) writeFileSync(`${file}.new${left}`, "left");
    const database = await open(dataDir);
    addNotes(database, 1);
    database.close();
    expect(readdirSync(dataDir).filter((name) => name.includes(".new"))).toEqual([]);
  });
});

describe("a data directory that can't be used", () => {
  it.runIf(existsSync("/proc/self"))("is where nothing can be created", async () => {
    await expect(open("/proc/none/data")).rejects.toThrow("The data directory /proc/none/data can't be created: ENOENT");
  });

  it("is a file", async () => {
    writeFileSync(file, "");
    await expect(open(file)).rejects.toThrow(`The data directory ${file} is a file. Name another one (--data-dir)`);
  });

  it("lies below a file", async () => {
    writeFileSync(file, "");
    await expect(open(join(file, "below"))).rejects.toThrow(/can't be created: ENOTDIR/);
  });

  it("belongs to somebody else", async () => {
    mkdirSync(join(dataDir, "theirs"));
    chmodSync(dataDir, 0o755);
    chmodSync(join(dataDir, "theirs"), 0o555);
    dropPrivileges();
    const opening = open(join(dataDir, "theirs"));
    await expect(opening).rejects.toThrow(DataDirError);
    await expect(opening).rejects.toThrow(/notes\.lock can't be opened for writing: .* Check who owns it and its directory/);
    await expect(open(join(dataDir, "theirs", "below"))).rejects.toThrow(/can't be created: EACCES/);
  });

  it("holds a database that may only be read", async () => {
    const source = temporaryDirectory();
    (await open(source)).close();
    copyFileSync(join(source, "notes.sqlite"), file);
    chmodSync(file, 0o444);
    chmodSync(dataDir, 0o777);
    dropPrivileges();
    await expect(open(dataDir)).rejects.toThrow(/notes\.sqlite can't be opened for writing/);
  });

  it("is in use, until the other one closes", async () => {
    const first = await open(dataDir);
    for (let i = 0; i < 2; i++) await expect(open(dataDir)).rejects.toThrow(/is in use by another process/);
    addNotes(first, 1);
    first.close();
    const second = await open(dataDir);
    expect(countNotes(second)).toBe(1);
    second.close();
  });

  it("holds the database of another program", async () => {
    (await open(dataDir, { applicationId: 1 })).close();
    await refusedUntouched(/is a database of another program/);
  });

  it("holds the database of a newer version", async () => {
    (await open(dataDir, { migrations: [noteTable, "SELECT 1", "SELECT 1"] })).close();
    await refusedUntouched(/has version 3, and this program knows up to 1: a newer one wrote it/);
  });
});

/** Root may write everywhere. */
function dropPrivileges(): void {
  if (process.geteuid?.() !== 0) return;
  process.seteuid?.(65_534);
  onTestFinished(() => process.seteuid?.(0));
}

async function refusedUntouched(message: RegExp): Promise<void> {
  const contents = () => [file, `${file}-wal`].map((path) => (existsSync(path) ? readFileSync(path, "latin1") : ""));
  const before = contents();
  for (let i = 0; i < 2; i++) {
    const opening = open(dataDir);
    await expect(opening).rejects.toThrow(DataDirError);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow(dataDir);
  }
  expect(contents()).toEqual(before);
}

describe("a damaged database is refused, and not written to:", () => {
  beforeEach(async () => {
    const database = await open(dataDir);
    addNotes(database, 1_000);
    database.close();
  });

  const damages: Record<string, () => void> = {
    "random bytes": () => writeFileSync(file, Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * 7919) & 0xff))),
    text: () => writeFileSync(file, "not a database\n".repeat(100)),
    "its header overwritten": () => overwrite(file, 0, 100),
    "a page overwritten": () => overwrite(file, 10 * 4096, 4096),
    "cut in half": () => truncateSync(file, 4096 * 31),
    "cut within a page": () => truncateSync(file, statSync(file).size - 1000),
    "cut to its first page": () => truncateSync(file, 4096),
    "cut to nothing": () => truncateSync(file, 0),
  };
  it.each(Object.entries(damages))("%s", async (_, damage) => {
    damage();
    await refusedUntouched(/notes\.sqlite is damaged \(.+\)\. Nothing was changed\. Restore the data directory from a backup/);
  });
});

/** Every bit is turned, so that no byte stays what it was. */
function overwrite(path: string, offset: number, length: number): void {
  const descriptor = openSync(path, "r+");
  const bytes = Buffer.alloc(length);
  readSync(descriptor, bytes, 0, length, offset);
  writeSync(
    descriptor,
    bytes.map((byte) => ~byte),
    0,
    length,
    offset,
  );
  closeSync(descriptor);
}

describe("a database with a log, as a killed process leaves it,", () => {
  const transactions = 20;
  let wal: string;

  /** Copies what is on disk while the database is open, with its transactions in the log. */
  beforeEach(async () => {
    const source = temporaryDirectory();
    const database = await open(source);
    for (let i = 0; i < transactions; i++) addNotes(database, 10);
    for (const suffix of ["", "-wal"]) writeFileSync(file + suffix, readFileSync(join(source, `notes.sqlite${suffix}`)));
    database.close();
    wal = `${file}-wal`;
  });

  async function notesAfterOpening(directory = dataDir): Promise<number | undefined> {
    const database = await open(directory);
    const count = countNotes(database);
    database.close();
    return count;
  }

  it("opens with all of them", async () => {
    expect(await notesAfterOpening()).toBe(transactions * 10);
  });

  it("opens without a last one that was cut off", async () => {
    truncateSync(wal, statSync(wal).size - 1);
    expect(await notesAfterOpening()).toBe((transactions - 1) * 10);
  });

  it("opens when nothing of its log was written", async () => {
    truncateSync(wal, 0);
    await open(dataDir).then((database) => database.close());
  });

  it("is refused when the log is damaged before its end, and not written to", async () => {
    overwrite(wal, Math.floor(statSync(wal).size / 2), 1);
    await refusedUntouched(/notes\.sqlite-wal is damaged \(its checksums are wrong\)/);
  });

  it("is refused when the log's header is damaged", async () => {
    for (const offset of [0, 5, 9, 20, 25]) {
      const intact = readFileSync(wal);
      overwrite(wal, offset, 1);
      await refusedUntouched(/notes\.sqlite-wal is damaged/);
      writeFileSync(wal, intact);
    }
  });

  it("is refused when the database is gone and its log is there", async () => {
    truncateSync(file, 0);
    await refusedUntouched(/notes\.sqlite is damaged \(it is empty\)/);
  });

  it("is refused or loses the last transaction alone, wherever a byte of its log is wrong", async () => {
    const outcomes = new Set<string>();
    for (let offset = 40; offset < statSync(wal).size; offset += 3_989) {
      const copy = temporaryDirectory();
      for (const name of ["notes.sqlite", "notes.sqlite-wal"]) copyFileSync(join(dataDir, name), join(copy, name));
      overwrite(join(copy, "notes.sqlite-wal"), offset, 1);
      outcomes.add(
        await notesAfterOpening(copy).then(
          (count) => `opened with ${count}`,
          (error: Error) => error.name,
        ),
      );
    }
    outcomes.delete(`opened with ${(transactions - 1) * 10}`);
    expect([...outcomes]).toEqual(["DataDirError"]);
  });
});

describe("migrations", () => {
  it("bring an older database to the newest version, and keep what is in it", async () => {
    const old = await open(dataDir);
    addNotes(old, 3);
    old.close();
    const migrations = [noteTable, "ALTER TABLE note ADD COLUMN author TEXT", "UPDATE note SET author = 'nobody'"];
    const database = await open(dataDir, { migrations });
    expect(database.prepare("SELECT DISTINCT author FROM note").all()).toEqual([{ author: "nobody" }]);
    database.close();
    await expect(open(dataDir)).rejects.toThrow(/version 3/);
  });

  it("happen all or not at all", async () => {
    const old = await open(dataDir);
    addNotes(old, 3);
    old.close();
    await expect(open(dataDir, { migrations: [noteTable, "DROP TABLE note", "nonsense"] })).rejects.toThrow(/nonsense/);
    const database = await open(dataDir);
    expect(countNotes(database)).toBe(3);
    database.close();
  });
});

describe("a transaction", () => {
  let database: Database;
  beforeEach(async () => {
    database = await open(dataDir, { maxBytes: 200_000 });
  });
  afterEach(() => database.close());

  it("that fails leaves nothing, and the next one works", () => {
    expect(() =>
      database.transaction(() => {
        addOne();
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(countNotes(database)).toBe(0);
    addNotes(database, 1);
    expect(countNotes(database)).toBe(1);
  });

  it("that finds the disk full leaves nothing, reads go on, and what fits is written", () => {
    addNotes(database, 5);
    for (let i = 0; i < 3; i++) {
      expect(() => addNotes(database, 1_000)).toThrow(/full/);
      expect(countNotes(database)).toBe(5 + i);
      addNotes(database, 1);
    }
  });

  function addOne(): void {
    database.prepare("INSERT INTO note (text) VALUES ('x')").run();
  }
});

it("writes a page that changes nothing", async () => {
  const database = await open(dataDir);
  const before = statSync(`${file}-wal`).size;
  database.transaction(() => database.rewriteVersion());
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(before);
  database.close();
  (await open(dataDir)).close();
});
